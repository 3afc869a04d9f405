// Teaches a robot of springs to walk, or finds the springs of a net: see README.md.

#include "apps/springs/controller.h"
#include "apps/springs/pictures.h"
#include "apps/springs/shape.h"
#include "apps/springs/simulator.h"
#include "apps/support/command_line.h"
#include "apps/support/progress.h"
#include "apps/support/text.h"

#include <algorithm>
#include <limits>
#include <optional>

namespace sylvite::apps {

namespace {

const std::string net_name = "net";

struct Options {
    std::string robot = "d";
    std::optional<int> steps, iterations;
    std::optional<unsigned> seed;
    std::optional<double> rate;
    int frames = 5, film = 60;
};

Result of_robot(const Options &options, const CommandLine &command) {
    const Robot robot = robot_named(options.robot);
    const Simulator simulator(robot);
    const int steps = options.steps.value_or(681), iterations = options.iterations.value_or(300);
    command.begin();

    const Weights start = drawn(robot, options.seed.value_or(0));
    Learnt learnt{start, {}};
    double seconds = 0;
    {
        Progress progress(iterations, command.quiet());
        learnt = learn(
            start, [&](const Weights &weights, Weights &gradient) { return simulator.loss(weights, steps, gradient); },
            iterations, options.rate.value_or(0.2),
            [&](const std::vector<double> &losses) {
                progress.update(static_cast<int>(losses.size()) - 1, text_of("the head is at %.3f m", -losses.back()));
                return !interrupted();
            });
        seconds = progress.seconds();
    }

    const auto walk = [&](int frames) { return simulator.walk(learnt.weights, steps, moments(steps, frames)); };
    const double lowest = *std::min_element(learnt.losses.begin(), learnt.losses.end());
    return {text_of("loss %.6f -> %.6f in %zu iterations", learnt.losses.front(), lowest, learnt.losses.size() - 1),
            seconds, result_files(robot, walk(options.frames), walk(options.film), learnt.losses)};
}

Result of_net(const Options &options, const CommandLine &command) {
    command.need_not_given({"--seed", "--rate"}, net_name);  // those of robots, which learn weights
    constexpr int squares = 16;
    constexpr double height = 0.1;  // m, that it falls from
    const Robot first = net(squares, height);
    const std::vector<float> wanted = net(squares, 0).place;
    const int steps = options.steps.value_or(2000), iterations = options.iterations.value_or(100);
    command.begin();

    Shaped found;
    double seconds = 0;
    {
        Progress progress(iterations, command.quiet());
        found = shaped(first, wanted, steps, iterations + 1, [&](const std::vector<double> &losses) {
            progress.update(static_cast<int>(losses.size()) - 1, loss_text(losses));
            return !interrupted();
        });
        seconds = progress.seconds();
    }

    std::vector<float> before;
    NetSimulator(first, wanted).loss(steps, before);
    const NetSimulator simulator(found.net, wanted);
    const auto fall = [&](int frames) { return simulator.walk(steps, moments(steps, frames)); };
    return {text_of("loss %.6g -> %.6g in %zu iterations", found.losses.front(), found.losses.back(),
                    found.losses.size() - 1),
            seconds, net_files(found.net, wanted, before, fall(options.frames), fall(options.film), found.losses)};
}

Result run(const Options &options, const CommandLine &command) {
    return options.robot == net_name ? of_net(options, command) : of_robot(options, command);
}

std::vector<std::string> names() {
    std::vector<std::string> names = robot_names();
    names.push_back(net_name);
    return names;
}

}  // namespace

}  // namespace sylvite::apps

int main(int argc, char **argv) {
    sylvite::apps::Options options;
    sylvite::apps::CommandLine command("springs",
                                       "Teaches a robot of masses and springs to walk to the right, or finds the "
                                       "springs of a net that keeps its shape.",
                                       "springs-pictures");
    CLI::App &app = command.options();
    app.add_option("--robot", options.robot, "which of DiffTaichi's robots, or a net")
        ->check(CLI::IsMember(sylvite::apps::names()))
        ->capture_default_str();
    app.add_option("--steps", options.steps, "time steps of 4 ms; by default 681, and 2000 of a net")
        ->check(CLI::Range(1, 100000));
    app.add_option("--iterations", options.iterations,
                   "steps against the gradient, by default 300; evaluations of that of a net, by default 100")
        ->check(CLI::Range(0, 100000));
    app.add_option("--rate", options.rate, "how long each of these is; by default 0.2")->check(CLI::Range(1e-6, 1e3));
    app.add_option("--seed", options.seed, "of the weights at first; by default 0")
        ->check(CLI::Range(0u, std::numeric_limits<unsigned>::max()));
    app.add_option("--frames", options.frames, "how many moments the strip of pictures shows")
        ->check(CLI::Range(1, 100))
        ->capture_default_str();
    app.add_option("--film", options.film, "how many pictures the animated one has; 0 for none")
        ->check(CLI::Range(0, 10000))
        ->capture_default_str();
    return command.run(argc, argv, [&] { return sylvite::apps::run(options, command); });
}
