// Teaches soft robots to walk: see README.md.

#include "apps/mpm/learn.h"
#include "apps/mpm/pictures.h"
#include "apps/mpm/simulator.h"
#include "apps/support/command_line.h"
#include "apps/support/progress.h"
#include "apps/support/text.h"

#include <algorithm>
#include <limits>
#include <optional>

namespace sylvite::apps {

namespace {

struct Options {
    std::string scene = "robot";
    std::optional<int> steps;
    std::optional<double> rate;
    int iterations = 99, frames = 5, film = 60;
    unsigned seed = 0;
    float friction = -1;
};

Result run(const Options &options, const CommandLine &command) {
    const Scene scene = scene_named(options.scene);
    const Simulator simulator(scene, options.friction);
    const int steps = options.steps.value_or(scene.steps);
    command.begin();

    const Point start = drawn(scene, options.seed);
    Learnt learnt{start, {}};
    double seconds = 0;
    {
        Progress progress(options.iterations, command.quiet());
        learnt = learn(
            start, [&](const Point &controls, Point &gradient) { return simulator.loss(controls, steps, gradient); },
            options.iterations, options.rate.value_or(scene.rate),
            [&](const std::vector<double> &losses) {
                progress.update(static_cast<int>(losses.size()) - 1, text_of("on average at %.3f m", -losses.back()));
                return !interrupted();
            });
        seconds = progress.seconds();
    }

    const auto walk = [&](int frames) { return simulator.walk(learnt.controls, steps, moments(steps, frames)); };
    const double lowest = *std::min_element(learnt.losses.begin(), learnt.losses.end());
    return {text_of("loss %.6f -> %.6f in %zu iterations", learnt.losses.front(), lowest, learnt.losses.size() - 1),
            seconds, result_files(scene, walk(options.frames), walk(options.film), learnt.losses)};
}

}  // namespace

}  // namespace sylvite::apps

int main(int argc, char **argv) {
    sylvite::apps::Options options;
    sylvite::apps::CommandLine command("mpm", "Teaches robots of soft matter to move to the right.", "mpm-pictures");
    CLI::App &app = command.options();
    app.add_option("--scene", options.scene, "which of DiffTaichi's scenes")
        ->check(CLI::IsMember(sylvite::apps::scene_names()))
        ->capture_default_str();
    app.add_option("--steps", options.steps, "time steps; by default as many as DiffTaichi makes")
        ->check(CLI::Range(1, 100000));
    app.add_option("--iterations", options.iterations, "steps against the gradient")
        ->check(CLI::Range(0, 100000))
        ->capture_default_str();
    app.add_option("--rate", options.rate, "how long these are, times the gradient; by default DiffTaichi's")
        ->check(CLI::Range(1e-9, 1e9));
    app.add_option("--friction", options.friction, "of the walls, after Coulomb; below 0 they hold what touches them")
        ->check(CLI::Range(-1.0, 1e3))
        ->capture_default_str();
    app.add_option("--seed", options.seed, "of the weights at first")
        ->check(CLI::Range(0u, std::numeric_limits<unsigned>::max()))
        ->capture_default_str();
    app.add_option("--frames", options.frames, "how many moments the strip of pictures shows")
        ->check(CLI::Range(1, 100))
        ->capture_default_str();
    app.add_option("--film", options.film, "how many pictures the animated one has; 0 for none")
        ->check(CLI::Range(0, 10000))
        ->capture_default_str();
    return command.run(argc, argv, [&] { return sylvite::apps::run(options, command); });
}
