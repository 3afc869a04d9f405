// Teaches a robot of springs to walk: see README.md.

#include "apps/springs/controller.h"
#include "apps/springs/pictures.h"
#include "apps/springs/simulator.h"
#include "apps/support/files.h"
#include "apps/support/progress.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <iostream>

namespace sylvite::apps {

namespace {

constexpr int exit_interrupted = 130;  // as of a program that SIGINT ends

struct Options {
    std::string robot = "d";
    std::filesystem::path out = "springs-pictures";
    int steps = 681, iterations = 100, frames = 5;
    unsigned seed = 0;
    double rate = 0.2;
    bool quiet = false;
};

// After Ctrl-C the search ends with what it has; the second one ends the program.
volatile std::sig_atomic_t interrupted = 0;
void interrupt(int signal) {
    interrupted = 1;
    std::signal(signal, SIG_DFL);
}

int run(const Options &options) {
    const Robot robot = robot_named(options.robot);
    const Simulator simulator(robot);
    need_writable(options.out);
    std::signal(SIGINT, interrupt);

    const Weights start = drawn(robot, options.seed);
    Learnt learnt{start, {}};
    double seconds = 0;
    {
        Progress progress(options.iterations, options.quiet);
        learnt = learn(
            start,
            [&](const Weights &weights, Weights &gradient) { return simulator.loss(weights, options.steps, gradient); },
            options.iterations, options.rate,
            [&](const std::vector<double> &losses) {
                char text[64];
                std::snprintf(text, sizeof text, "the head is at %.3f m", -losses.back());
                progress.update(static_cast<int>(losses.size()) - 1, text);
                return interrupted == 0;
            });
        seconds = progress.seconds();
    }

    Moments moments;
    for (int i = 0; i < options.frames; i++) {
        const int step = options.frames == 1 ? options.steps : options.steps * i / (options.frames - 1);
        moments.push_back(simulator.place(learnt.weights, step));
    }
    const auto files = result_files(robot, moments, learnt.losses);
    write_files(options.out, files);
    if (!options.quiet) {
        std::string names;
        for (const auto &[name, contents] : files) {
            names += " " + name;
        }
        std::printf("%s holds%s\n", options.out.c_str(), names.c_str());
    }
    const double lowest = *std::min_element(learnt.losses.begin(), learnt.losses.end());
    std::printf("springs: loss %.6f -> %.6f in %zu iterations, %.1f s%s\n", learnt.losses.front(), lowest,
                learnt.losses.size() - 1, seconds, interrupted != 0 ? ", interrupted" : "");
    return interrupted != 0 ? exit_interrupted : 0;
}

}  // namespace

}  // namespace sylvite::apps

int main(int argc, char **argv) {
    sylvite::apps::Options options;
    CLI::App app("Teaches a robot of masses and springs to walk to the right.");
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
    app.add_option("--out", options.out, "folder for the results")->capture_default_str();
    app.add_flag("--quiet", options.quiet, "print the last line only");
    try {
        app.parse(argc, argv);
        return sylvite::apps::run(options);
    } catch (const CLI::Success &help) {
        return app.exit(help);
    } catch (const CLI::ParseError &error) {
        std::cerr << "springs: " << error.what() << "\n";
    } catch (const std::exception &error) {
        std::cerr << "springs: " << error.what() << "\n";
    }
    return 1;
}
