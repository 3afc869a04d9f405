#include "apps/ode/pictures.h"

#include "apps/support/plot.h"

namespace sylvite::apps {

namespace {

std::vector<double> unknown(const std::vector<double> &ends, const Setup &setup, size_t which) {
    std::vector<double> values;
    for (size_t i = which; i < ends.size(); i += setup.unknowns.size()) {
        values.push_back(ends[i]);
    }
    return values;
}

/// Where the oscillators are, each a point (x, v); or all concentrations over time, in parts of their sizes.
std::vector<Series> points(const Setup &setup, const Findings &findings, const std::vector<double> &ends, Hue hue) {
    if (!setup.in_decades) {
        return {{unknown(ends, setup, 0), unknown(ends, setup, 1), hue, false}};
    }
    std::vector<Series> series;
    for (size_t i = 0; i < setup.unknowns.size(); i++) {
        std::vector<double> values = unknown(ends, setup, i);
        for (double &value : values) {
            value /= setup.size[i];
        }
        series.push_back({findings.until, values, hue, false});
    }
    return series;
}

Image compared(const Setup &setup, const Findings &findings, const std::vector<double> &ends, Hue hue) {
    std::vector<Series> series = points(setup, findings, findings.seen, Hue::grey);
    const std::vector<Series> others = points(setup, findings, ends, hue);
    series.insert(series.end(), others.begin(), others.end());
    return setup.in_decades ? plot(series, {setup.time, true}, {"concentrations in parts of their sizes"})
                            : plot(series, {setup.unknowns[0]}, {setup.unknowns[1]});
}

Image sensitivities(const Setup &setup, const Findings &findings) {
    constexpr Hue hues[] = {Hue::blue, Hue::orange, Hue::green};
    std::vector<Series> series{{findings.times, unknown(findings.course, setup, 0), Hue::grey}};
    for (size_t i = 0; i < findings.sensitivities.size(); i++) {
        series.push_back({findings.times, unknown(findings.sensitivities[i], setup, 0), hues[i % 3]});
    }
    return plot(series, {setup.time, setup.in_decades}, {setup.unknowns[0] + " and its sensitivities"});
}

}  // namespace

std::map<std::string, std::string> pictures(const Setup &setup, const Findings &findings) {
    return {
        {"story.png", png_bytes(side_by_side({compared(setup, findings, findings.guessed, Hue::orange),
                                              compared(setup, findings, findings.found, Hue::blue)},
                                             8))},
        {"sensitivities.png", png_bytes(sensitivities(setup, findings))},
        {"loss.png", png_bytes(plot_losses(findings.losses, "evaluations"))},
    };
}

}  // namespace sylvite::apps
