// Teaches a robot of springs to walk: see README.md.

#include "apps/springs/controller.h"
#include "apps/springs/pictures.h"
#include "apps/springs/simulator.h"
#include "apps/support/command_line.h"
#include "apps/support/progress.h"
#include "apps/support/text.h"

#include <algorithm>

namespace sylvite::apps {

namespace {

struct Options {
    std::string robot = "d";
    int steps = 681, iterations = 100, frames = 5, film = 60;
    unsigned seed = 0;
    double rate = 0.2;
};

Result run(const Options &options, const CommandLine &command) {
    const Robot robot = robot_named(options.robot);
    const Simulator simulator(robot);
    command.begin();

    const Weights start = drawn(robot, options.seed);
    Learnt learnt{start, {}};
    double seconds = 0;
    {
        Progress progress(options.iterations, command.quiet());
        learnt = learn(
            start,
            [&](const Weights &weights, Weights &gradient) { return simulator.loss(weights, options.steps, gradient); },
            options.iterations, options.rate,
            [&](const std::vector<double> &losses) {
                progress.update(static_cast<int>(losses.size()) - 1, text_of("the head is at %.3f m", -losses.back()));
                return !interrupted();
            });
        seconds = progress.seconds();
    }

    const auto walk = [&](int frames) {
        return simulator.walk(learnt.weights, options.steps, moments(options.steps, frames));
    };
    const double lowest = *std::min_element(learnt.losses.begin(), learnt.losses.end());
    return {text_of("loss %.6f -> %.6f in %zu iterations", learnt.losses.front(), lowest, learnt.losses.size() - 1),
            seconds, result_files(robot, walk(options.frames), walk(options.film), learnt.losses)};
}

}  // namespace

}  // namespace sylvite::apps

int main(int argc, char **argv) {
    sylvite::apps::Options options;
    sylvite::apps::CommandLine command("springs", "Teaches a robot of masses and springs to walk to the right.",
                                       "springs-pictures");
    CLI::App &app = command.options();
    app.add_option("--robot", options.robot, "which of DiffTaichi's robots")
        ->check(CLI::IsMember(sylvite::apps::robot_names()))
        ->capture_default_str();
    app.add_option("--steps", options.steps, "time steps of 4 ms a walk has")
        ->check(CLI::Range(1, 100000))
        ->capture_default_str();
    app.add_option("--iterations", options.iterations, "steps against the gradient")
        ->check(CLI::Range(0, 100000))
        ->capture_default_str();
    app.add_option("--rate", options.rate, "how long each of these is")
        ->check(CLI::Range(1e-6, 1e3))
        ->capture_default_str();
    app.add_option("--seed", options.seed, "of the weights at first")->capture_default_str();
    app.add_option("--frames", options.frames, "how many moments the strip of pictures shows")
        ->check(CLI::Range(1, 100))
        ->capture_default_str();
    app.add_option("--film", options.film, "how many pictures the animated one has; 0 for none")
        ->check(CLI::Range(0, 10000))
        ->capture_default_str();
    return command.run(argc, argv, [&] { return sylvite::apps::run(options, command); });
}
