// Finds the water surface that becomes a photograph: see README.md.

#include "apps/support/files.h"
#include "apps/support/image.h"
#include "apps/support/plot.h"
#include "apps/support/progress.h"
#include "apps/wave/optimise.h"

#include "wave_forward.h"
#include "wave_grad.h"

#include <CLI/CLI.hpp>
#include <HalideBuffer.h>
#include <targets/runtime/sylvite_runtime.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <numeric>

namespace sylvite::apps {

namespace {

constexpr int n = WAVE_N;
constexpr int smallest_picture = n / 4;

struct Options {
    std::filesystem::path picture = WAVE_PICTURE;
    std::filesystem::path out = "wave-pictures";
    int steps = 256;
    int iterations = 50;
    bool quiet = false;
};

using Grid = Halide::Runtime::Buffer<float, 2>;

Grid as_grid(const Surface &surface) { return Grid(const_cast<float *>(surface.data()), n, n); }

void check(int code) {
    if (code != 0) {
        throw std::runtime_error(sylvite_last_error());
    }
}

/// The surface after `steps` steps.
Surface simulate(const Surface &surface, int steps) {
    Surface formed(surface.size());
    const Surface photograph(surface.size(), 0.0f);
    auto loss = Halide::Runtime::Buffer<float, 0>::make_scalar();
    Grid from = as_grid(surface), against = as_grid(photograph), to = as_grid(formed);
    check(wave_forward(from, against, steps, loss, to));
    return formed;
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

std::map<std::string, std::string> pictures(const Surface &photograph, const Fit &fit, int steps) {
    float highest = 0;
    for (float height : fit.surface) {
        highest = std::max(highest, std::abs(height));
    }
    const float limit = 0.6f * std::max(highest, 1e-6f);
    const Surface first(photograph.size(), 0.0f);
    const Surface formed = simulate(fit.surface, steps);

    const Surface nearly = simulate(fit.surface, steps - steps / 8);
    const std::vector<Image> story = {grey_levels(photograph, n), water_colours(first, n, limit),
                                      water_colours(fit.surface, n, limit), water_colours(nearly, n, limit),
                                      grey_levels(formed, n)};

    std::vector<double> percent;
    for (double loss : fit.losses) {
        percent.push_back(std::max(100 * loss / fit.losses.front(), 1e-9));
    }
    return {
        {"target.png", png_bytes(grey_levels(photograph, n))},
        {"first.png", png_bytes(water_colours(first, n, limit))},
        {"last.png", png_bytes(water_colours(fit.surface, n, limit))},
        {"formed.png", png_bytes(grey_levels(formed, n))},
        {"loss.png", png_bytes(plot_logarithmic(percent, "iterations", "loss in % of the first"))},
        {"story.png", png_bytes(side_by_side(story, 8))},
    };
}

void run(const Options &options) {
    const Surface photograph = heights_of(options.picture);
    need_writable(options.out);

    Fit fit;
    double seconds = 0;
    {
        Progress progress(options.iterations, options.quiet);
        fit = fit_surface(photograph, misfit_after(options.steps), options.iterations,
                          [&](const std::vector<double> &losses) {
                              char text[64];
                              std::snprintf(text, sizeof text, "loss %.3g (%.2f %% of the first)", losses.back(),
                                            100 * losses.back() / losses.front());
                              progress.update(static_cast<int>(losses.size()) - 1, text);
                          });
        seconds = progress.seconds();
    }

    const auto files = pictures(photograph, fit, options.steps);
    write_files(options.out, files);
    if (!options.quiet) {
        std::string names;
        for (const auto &[name, contents] : files) {
            names += " " + name;
        }
        std::printf("%s holds%s\n", options.out.c_str(), names.c_str());
    }
    std::printf("wave: loss %.6g -> %.6g in %zu iterations, %.1f s\n", fit.losses.front(), fit.losses.back(),
                fit.losses.size() - 1, seconds);
}

}  // namespace

}  // namespace sylvite::apps

int main(int argc, char **argv) {
    sylvite::apps::Options options;
    CLI::App app("Finds the water surface that, left alone, becomes a photograph.");
    app.add_option("picture", options.picture, "PNG or JPEG file; its centred square is taken");
    app.add_option("--steps", options.steps, "time steps until the photograph shows")
        ->check(CLI::Range(1, 100000))
        ->capture_default_str();
    app.add_option("--iterations", options.iterations, "conjugate gradient steps")
        ->check(CLI::Range(1, 100000))
        ->capture_default_str();
    app.add_option("--out", options.out, "folder for the pictures")->capture_default_str();
    app.add_flag("--quiet", options.quiet, "print the last line only");
    try {
        app.parse(argc, argv);
        sylvite::apps::run(options);
    } catch (const CLI::Success &help) {
        return app.exit(help);
    } catch (const CLI::ParseError &error) {
        std::cerr << "wave: " << error.what() << "\n";
        return 1;
    } catch (const std::exception &error) {
        std::cerr << "wave: " << error.what() << "\n";
        return 1;
    }
    return 0;
}
