// Teaches soft robots to walk: see README.md.

#include "apps/mpm/learn.h"
#include "apps/mpm/pictures.h"
#include "apps/mpm/simulator.h"
#include "apps/support/files.h"
#include "apps/support/progress.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <optional>

namespace sylvite::apps {

namespace {

constexpr int exit_interrupted = 130;  // as of a program that SIGINT ends

struct Options {
    std::string scene = "robot";
    std::filesystem::path out = "mpm-pictures";
    std::optional<int> steps;
    std::optional<double> rate;
    int iterations = 99, frames = 5;
    unsigned seed = 0;
    float friction = -1;
    bool quiet = false;
};

// After Ctrl-C the search ends with what it has; the second one ends the program.
volatile std::sig_atomic_t interrupted = 0;
void interrupt(int signal) {
    interrupted = 1;
    std::signal(signal, SIG_DFL);
}

int run(const Options &options) {
    const Scene scene = scene_named(options.scene);
    const Simulator simulator(scene, options.friction);
    const int steps = options.steps.value_or(scene.steps);
    need_writable(options.out);
    std::signal(SIGINT, interrupt);

    const Point start = drawn(scene, options.seed);
    Learnt learnt{start, {}};
    double seconds = 0;
    {
        Progress progress(options.iterations, options.quiet);
        learnt = learn(
            start, [&](const Point &controls, Point &gradient) { return simulator.loss(controls, steps, gradient); },
            options.iterations, options.rate.value_or(scene.rate),
            [&](const std::vector<double> &losses) {
                char text[64];
                std::snprintf(text, sizeof text, "on average at %.3f m", -losses.back());
                progress.update(static_cast<int>(losses.size()) - 1, text);
                return interrupted == 0;
            });
        seconds = progress.seconds();
    }

    Moments moments;
    for (int i = 0; i < options.frames; i++) {
        const int step = options.frames == 1 ? steps : steps * i / (options.frames - 1);
        moments.push_back(simulator.place(learnt.controls, step));
    }
    const auto files = result_files(scene, moments, learnt.losses);
    write_files(options.out, files);
    if (!options.quiet) {
        std::string names;
        for (const auto &[name, contents] : files) {
            names += " " + name;
        }
        std::printf("%s holds%s\n", options.out.c_str(), names.c_str());
    }
    const double lowest = *std::min_element(learnt.losses.begin(), learnt.losses.end());
    std::printf("mpm: loss %.6f -> %.6f in %zu iterations, %.1f s%s\n", learnt.losses.front(), lowest,
                learnt.losses.size() - 1, seconds, interrupted != 0 ? ", interrupted" : "");
    return interrupted != 0 ? exit_interrupted : 0;
}

}  // namespace

}  // namespace sylvite::apps

int main(int argc, char **argv) {
    sylvite::apps::Options options;
    CLI::App app("Teaches robots of soft matter to move to the right.");
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
        std::cerr << "mpm: " << error.what() << "\n";
    } catch (const std::exception &error) {
        std::cerr << "mpm: " << error.what() << "\n";
    }
    return 1;
}
