#include "apps/smoke/pictures.h"

#include "apps/support/files.h"
#include "apps/support/plot.h"

#define HALIDE_NO_JPEG
#define HALIDE_NO_PNG
#include <HalideBuffer.h>
#include <halide_image_io.h>

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>

namespace sylvite::apps {

namespace {

using Values = std::vector<float>;

Values channel(const Values &flow, int n, int which) {
    const size_t cells = size_t(n) * n;
    return {flow.begin() + which * cells, flow.begin() + (which + 1) * cells};
}

/// Density 0 is black, 1 and above is white.
Image smoke_image(Values density, int n) {
    for (float &value : density) {
        value -= 0.5f;
    }
    return grey_levels(density, n);
}

/// A NumPy file of `values`, which lie in the order of C. Halide's writer takes extents as they come, and says that
/// they are in the order of C.
std::string npy_bytes(Values values, const std::vector<int> &shape) {
    std::string path = std::filesystem::temp_directory_path() / "smoke-XXXXXX.npy";
    if (const int file = mkstemps(path.data(), 4); file < 0 || close(file) != 0) {
        throw std::runtime_error("cannot write " + path);
    }
    Halide::Runtime::Buffer<> buffer(halide_type_of<float>(), values.data(), shape);
    const bool written =
        Halide::Tools::save<Halide::Runtime::Buffer<>, Halide::Tools::Internal::CheckReturn>(buffer, path);
    std::string bytes = written ? read_file(path) : "";
    std::filesystem::remove(path);
    if (!written) {
        throw std::runtime_error("cannot write " + path);
    }
    return bytes;
}

}  // namespace

std::map<std::string, std::string> result_files(const Frames &frames, int n, const std::vector<double> &losses) {
    std::vector<Image> story;
    Values smoke;
    for (const Values &flow : frames.flows) {
        const Values density = channel(flow, n, 2);
        story.push_back(smoke_image(density, n));
        smoke.insert(smoke.end(), density.begin(), density.end());
    }
    const Image formed = story.back(), target = smoke_image(frames.target, n);
    story.push_back(target);
    std::vector<double> percent;
    for (double loss : losses) {
        percent.push_back(std::max(100 * loss / losses.front(), 1e-9));
    }
    return {
        {"target.png", png_bytes(target)},
        {"formed.png", png_bytes(formed)},
        {"story.png", png_bytes(side_by_side(story, 8))},
        {"loss.png", png_bytes(plot_logarithmic(percent, "iterations", "loss in % of the first"))},
        {"velocity.npy", npy_bytes(frames.velocity, {2, n, n})},
        {"smoke.npy", npy_bytes(smoke, {static_cast<int>(frames.flows.size()), n, n})},
    };
}

}  // namespace sylvite::apps
