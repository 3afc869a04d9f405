// Finds the water surface that becomes a photograph: see README.md.

#include "apps/support/arrays.h"
#include "apps/support/command_line.h"
#include "apps/support/film.h"
#include "apps/support/image.h"
#include "apps/support/plot.h"
#include "apps/support/progress.h"
#include "apps/support/text.h"
#include "apps/wave/optimise.h"

#include "wave_forward.h"
#include "wave_grad.h"

#include <HalideBuffer.h>
#include <targets/runtime/sylvite_runtime.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace sylvite::apps {

namespace {

constexpr int n = WAVE_N;
constexpr int smallest_picture = n / 4;

struct Options {
    std::filesystem::path picture = WAVE_PICTURE;
    int steps = 256;
    int iterations = 50;
    int film = 65;
};

using Grid = Halide::Runtime::Buffer<float, 2>;

Grid as_grid(const Surface &surface) { return Grid(const_cast<float *>(surface.data()), n, n); }

void check(int code) {
    if (code != 0) {
        throw std::runtime_error(sylvite_last_error());
    }
}

/// The surface at the steps `when` of `steps`.
Recording simulate(const Surface &surface, int steps, const std::vector<int> &when) {
    Surface formed(surface.size());
    const Surface photograph(surface.size(), 0.0f);
    auto loss = Halide::Runtime::Buffer<float, 0>::make_scalar();
    Grid from = as_grid(surface), against = as_grid(photograph), to = as_grid(formed);
    return record("wave", "surface", when, [&] {
        check(wave_forward(from, against, steps, loss, to));
        return formed;
    });
}

Misfit misfit_after(int steps) {
    return [steps](const Surface &surface, const Surface &photograph, Surface &gradient) -> double {
        Surface formed(surface.size());
        auto loss = Halide::Runtime::Buffer<float, 0>::make_scalar();
        Grid from = as_grid(surface), against = as_grid(photograph), to = as_grid(formed), slope = as_grid(gradient);
        check(wave_grad(from, against, steps, loss, to, slope));
        return loss();
    };
}

/// The photograph as heights of water: grey levels from 0 to 1 less their mean.
Surface heights_of(const std::filesystem::path &path) {
    const Image image = read_grey(path);
    if (std::min(image.width, image.height) < smallest_picture) {
        throw std::runtime_error(path.string() + " is too small: it has " + std::to_string(image.width) + " x " +
                                 std::to_string(image.height) + " pixels, and " + std::to_string(smallest_picture) +
                                 " each way are needed");
    }
    Surface heights = centred_square(image, n);
    const auto [lowest, highest] = std::minmax_element(heights.begin(), heights.end());
    if (*lowest == *highest) {
        throw std::runtime_error(path.string() + " shows nothing: all its pixels have the same grey level");
    }
    const double mean = std::accumulate(heights.begin(), heights.end(), 0.0) / heights.size();
    for (float &height : heights) {
        height -= static_cast<float>(mean);
    }
    return heights;
}

std::map<std::string, std::string> result_files(const Surface &photograph, const Fit &fit, const Options &options) {
    float highest = 0;
    for (float height : fit.surface) {
        highest = std::max(highest, std::abs(height));
    }
    const float limit = 0.6f * std::max(highest, 1e-6f);
    const Surface first(photograph.size(), 0.0f);
    const int steps = options.steps;
    const Recording ends = simulate(fit.surface, steps, {steps - steps / 8, steps});
    const Surface &nearly = ends[0], &formed = ends[1];
    const std::vector<Image> story = {grey_levels(photograph, n), water_colours(first, n, limit),
                                      water_colours(fit.surface, n, limit), water_colours(nearly, n, limit),
                                      grey_levels(formed, n)};
    std::map<std::string, std::string> files = {
        {"target.png", png_bytes(grey_levels(photograph, n))},
        {"first.png", png_bytes(water_colours(first, n, limit))},
        {"last.png", png_bytes(water_colours(fit.surface, n, limit))},
        {"formed.png", png_bytes(grey_levels(formed, n))},
        {"loss.png", png_bytes(plot_losses(fit.losses, "iterations"))},
        {"story.png", png_bytes(side_by_side(story, 8))},
        {"surface.npy", npy_bytes(fit.surface, {n, n})},
        {"formed.npy", npy_bytes(formed, {n, n})},
        {"losses.npy", npy_bytes(fit.losses, {static_cast<int>(fit.losses.size())})},
        {"wave.vti", vti_bytes({{"photograph", photograph}, {"surface", fit.surface}, {"formed", formed}}, {n, n})},
    };
    const Recording film = simulate(fit.surface, steps, moments(steps, options.film));
    if (!film.empty()) {
        files["wave.webp"] = film_bytes(film.size(), [&](size_t i) { return water_colours(film[i], n, limit); });
    }
    return files;
}

Result run(const Options &options, const CommandLine &command) {
    const Surface photograph = heights_of(options.picture);
    command.begin();

    Fit fit;
    double seconds = 0;
    {
        Progress progress(options.iterations, command.quiet());
        fit = fit_surface(photograph, misfit_after(options.steps), options.iterations,
                          [&](const std::vector<double> &losses) {
                              progress.update(static_cast<int>(losses.size()) - 1, loss_text(losses));
                              return !interrupted();
                          });
        seconds = progress.seconds();
    }

    return {
        text_of("loss %.6g -> %.6g in %zu iterations", fit.losses.front(), fit.losses.back(), fit.losses.size() - 1),
        seconds, result_files(photograph, fit, options)};
}

}  // namespace

}  // namespace sylvite::apps

int main(int argc, char **argv) {
    sylvite::apps::Options options;
    sylvite::apps::CommandLine command("wave", "Finds the water surface that, left alone, becomes a photograph.",
                                       "wave-pictures");
    CLI::App &app = command.options();
    app.add_option("picture", options.picture, "PNG or JPEG file; its centred square is taken");
    app.add_option("--steps", options.steps, "time steps until the photograph shows")
        ->check(CLI::Range(1, 100000))
        ->capture_default_str();
    app.add_option("--iterations", options.iterations, "conjugate gradient steps")
        ->check(CLI::Range(1, 100000))
        ->capture_default_str();
    app.add_option("--film", options.film, "how many pictures the animated one has; 0 for none")
        ->check(CLI::Range(0, 10000))
        ->capture_default_str();
    return command.run(argc, argv, [&] { return sylvite::apps::run(options, command); });
}
