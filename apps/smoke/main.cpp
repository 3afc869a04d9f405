// Finds the flow that shapes smoke into a picture: see README.md.

#include "apps/smoke/pictures.h"
#include "apps/support/command_line.h"
#include "apps/support/minimise.h"
#include "apps/support/progress.h"
#include "apps/support/text.h"

#include "smoke_forward.h"
#include "smoke_grad.h"
#include "smoke_multigrid_forward.h"
#include "smoke_multigrid_grad.h"

#include <HalideBuffer.h>
#include <targets/runtime/sylvite_runtime.h>

#include <algorithm>

namespace sylvite::apps {

namespace {

constexpr int n = SMOKE_N;
constexpr size_t cells = size_t(n) * n;
constexpr int smallest_picture = 16;

struct Options {
    std::filesystem::path picture = SMOKE_PICTURE;
    std::string pressure = "jacobi";
    int steps = 100;
    int iterations = 150;
    int frames = 6, film = 51;
    float inflow = 0;
};

/// The compiled program and its gradient, by how the pressure is solved.
struct Simulator {
    decltype(&smoke_forward) forward;
    decltype(&smoke_grad) gradient;
};
const std::map<std::string, Simulator> simulators = {
    {"jacobi", {smoke_forward, smoke_grad}},
    {"multigrid", {smoke_multigrid_forward, smoke_multigrid_grad}},
};

using Field = Halide::Runtime::Buffer<float>;

Field as_field(const Point &values) {
    float *data = const_cast<float *>(values.data());
    return values.size() == cells ? Field(data, n, n) : Field(data, n, n, static_cast<int>(values.size() / cells));
}

void check(int code) {
    if (code != 0) {
        throw std::runtime_error(sylvite_last_error());
    }
}

/// Three stripes of smoke across the square, an eleventh of it wide each.
Point stripes() {
    Point smoke(cells);
    for (size_t i = 0; i < cells; i++) {
        smoke[i] = 11 * (i / n) / n % 4 == 1 ? 1.0f : 0.0f;
    }
    return smoke;
}

/// What is to be shaped, from 0 to 1.
Point density_of(const std::filesystem::path &path) {
    const Image image = read_grey(path);
    if (std::min(image.width, image.height) < smallest_picture) {
        throw std::runtime_error(path.string() + " is too small: it has " + std::to_string(image.width) + " x " +
                                 std::to_string(image.height) + " pixels, and " + std::to_string(smallest_picture) +
                                 " each way are needed");
    }
    return centred_square(image, n);
}

class Experiment {
public:
    explicit Experiment(const Options &options) :
        options_(options), simulator_(simulators.at(options.pressure)), smoke_(stripes()),
        picture_(density_of(options.picture)) {}

    /// The flow, velocity and smoke, at some steps.
    Recording simulated(const Point &velocity, const std::vector<int> &when) const {
        Point formed(3 * cells);
        auto loss = Halide::Runtime::Buffer<float, 0>::make_scalar();
        Field from = as_field(velocity), smoke = as_field(smoke_), picture = as_field(picture_), to = as_field(formed);
        return record("flow", "start", when, [&] {
            check(simulator_.forward(from, smoke, picture, options_.inflow, options_.steps, loss, to));
            return formed;
        });
    }

    double loss(const Point &velocity, Point &gradient) const {
        Point formed(3 * cells);
        auto loss = Halide::Runtime::Buffer<float, 0>::make_scalar();
        Field from = as_field(velocity), smoke = as_field(smoke_), picture = as_field(picture_), to = as_field(formed),
              slope = as_field(gradient);
        check(simulator_.gradient(from, smoke, picture, options_.inflow, options_.steps, loss, to, slope));
        return loss();
    }

    /// All files of the result.
    std::map<std::string, std::string> files(const Minimum &found) const {
        Frames frames;
        frames.flows = simulated(found.point, moments(options_.steps, options_.frames));
        frames.film = simulated(found.point, moments(options_.steps, options_.film));
        frames.target = picture_;
        frames.velocity = found.point;
        return result_files(frames, n, found.losses);
    }

private:
    const Options &options_;
    Simulator simulator_;
    Point smoke_, picture_;
};

Result run(const Options &options, const CommandLine &command) {
    const Experiment experiment(options);
    command.begin();

    Minimum found;
    double seconds = 0;
    {
        Progress progress(options.iterations, command.quiet());
        found = minimise(
            Point(2 * cells, 0.0f),
            [&](const Point &velocity, Point &gradient) { return experiment.loss(velocity, gradient); },
            {.evaluations = options.iterations},
            [&](const std::vector<double> &losses) {
                progress.update(static_cast<int>(losses.size()), loss_text(losses));
                return !interrupted();
            });
        seconds = progress.seconds();
    }

    return {
        text_of("loss %.6g -> %.6g in %zu iterations", found.losses.front(), found.losses.back(), found.losses.size()),
        seconds, experiment.files(found)};
}

}  // namespace

}  // namespace sylvite::apps

int main(int argc, char **argv) {
    sylvite::apps::Options options;
    sylvite::apps::CommandLine command("smoke", "Finds the flow that shapes stripes of smoke into a picture.",
                                       "smoke-pictures");
    CLI::App &app = command.options();
    app.add_option("picture", options.picture, "PNG or JPEG file, smoke is white; its centred square is taken");
    app.add_option("--steps", options.steps, "time steps until the picture shows")
        ->check(CLI::Range(1, 10000))
        ->capture_default_str();
    app.add_option("--iterations", options.iterations, "how often the gradient is evaluated")
        ->check(CLI::Range(1, 100000))
        ->capture_default_str();
    app.add_option("--inflow", options.inflow, "smoke that comes in with each step where there is some at first")
        ->check(CLI::Range(0.0, 1.0))
        ->capture_default_str();
    app.add_option("--pressure", options.pressure, "how the pressure is solved: 6 Jacobi steps, or a multigrid cycle")
        ->check(CLI::IsMember({"jacobi", "multigrid"}))
        ->capture_default_str();
    app.add_option("--frames", options.frames, "how many moments the strip of pictures shows")
        ->check(CLI::Range(1, 100))
        ->capture_default_str();
    app.add_option("--film", options.film, "how many pictures the animated one has; 0 for none")
        ->check(CLI::Range(0, 10000))
        ->capture_default_str();
    return command.run(argc, argv, [&] { return sylvite::apps::run(options, command); });
}
