#include "apps/support/plot.h"

#include "apps/support/draw.h"
#include "apps/support/text.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <map>
#include <numeric>
#include <stdexcept>

namespace sylvite::apps {

namespace {

constexpr Colour ink = {60, 60, 60}, grid = {222, 222, 222};

constexpr int glyph_width = 5, glyph_height = 7;
using Glyph = std::array<uint8_t, glyph_height>;  // a row each, the leftmost pixel in bit 4

/// No font may be installed where an app runs, and a plot needs few letters.
const Glyph &glyph(char c) {
    // clang-format off
    static const std::map<char, Glyph> table = {
        {'0', {0x0e, 0x11, 0x13, 0x15, 0x19, 0x11, 0x0e}}, {'1', {0x04, 0x0c, 0x04, 0x04, 0x04, 0x04, 0x0e}},
        {'2', {0x0e, 0x11, 0x01, 0x02, 0x04, 0x08, 0x1f}}, {'3', {0x1f, 0x02, 0x04, 0x02, 0x01, 0x11, 0x0e}},
        {'4', {0x02, 0x06, 0x0a, 0x12, 0x1f, 0x02, 0x02}}, {'5', {0x1f, 0x10, 0x1e, 0x01, 0x01, 0x11, 0x0e}},
        {'6', {0x06, 0x08, 0x10, 0x1e, 0x11, 0x11, 0x0e}}, {'7', {0x1f, 0x01, 0x02, 0x04, 0x08, 0x08, 0x08}},
        {'8', {0x0e, 0x11, 0x11, 0x0e, 0x11, 0x11, 0x0e}}, {'9', {0x0e, 0x11, 0x11, 0x0f, 0x01, 0x02, 0x0c}},
        {'a', {0x00, 0x00, 0x0e, 0x01, 0x0f, 0x11, 0x0f}}, {'b', {0x10, 0x10, 0x16, 0x19, 0x11, 0x11, 0x1e}},
        {'c', {0x00, 0x00, 0x0e, 0x10, 0x10, 0x11, 0x0e}}, {'d', {0x01, 0x01, 0x0d, 0x13, 0x11, 0x11, 0x0f}},
        {'e', {0x00, 0x00, 0x0e, 0x11, 0x1f, 0x10, 0x0e}}, {'f', {0x06, 0x09, 0x08, 0x1c, 0x08, 0x08, 0x08}},
        {'g', {0x00, 0x0f, 0x11, 0x11, 0x0f, 0x01, 0x0e}}, {'h', {0x10, 0x10, 0x16, 0x19, 0x11, 0x11, 0x11}},
        {'i', {0x04, 0x00, 0x0c, 0x04, 0x04, 0x04, 0x0e}}, {'j', {0x02, 0x00, 0x06, 0x02, 0x02, 0x12, 0x0c}},
        {'k', {0x10, 0x10, 0x12, 0x14, 0x18, 0x14, 0x12}}, {'l', {0x0c, 0x04, 0x04, 0x04, 0x04, 0x04, 0x0e}},
        {'m', {0x00, 0x00, 0x1a, 0x15, 0x15, 0x11, 0x11}}, {'n', {0x00, 0x00, 0x16, 0x19, 0x11, 0x11, 0x11}},
        {'o', {0x00, 0x00, 0x0e, 0x11, 0x11, 0x11, 0x0e}}, {'p', {0x00, 0x00, 0x1e, 0x11, 0x1e, 0x10, 0x10}},
        {'q', {0x00, 0x00, 0x0d, 0x13, 0x0f, 0x01, 0x01}}, {'r', {0x00, 0x00, 0x16, 0x19, 0x10, 0x10, 0x10}},
        {'s', {0x00, 0x00, 0x0e, 0x10, 0x0e, 0x01, 0x1e}}, {'t', {0x08, 0x08, 0x1c, 0x08, 0x08, 0x09, 0x06}},
        {'u', {0x00, 0x00, 0x11, 0x11, 0x11, 0x13, 0x0d}}, {'v', {0x00, 0x00, 0x11, 0x11, 0x11, 0x0a, 0x04}},
        {'w', {0x00, 0x00, 0x11, 0x11, 0x15, 0x15, 0x0a}}, {'x', {0x00, 0x00, 0x11, 0x0a, 0x04, 0x0a, 0x11}},
        {'y', {0x00, 0x00, 0x11, 0x11, 0x0f, 0x01, 0x0e}}, {'z', {0x00, 0x00, 0x1f, 0x02, 0x04, 0x08, 0x1f}},
        {'%', {0x18, 0x19, 0x02, 0x04, 0x08, 0x13, 0x03}}, {'.', {0x00, 0x00, 0x00, 0x00, 0x00, 0x0c, 0x0c}},
        {'-', {0x00, 0x00, 0x00, 0x1f, 0x00, 0x00, 0x00}}, {' ', {0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00}},
    };
    // clang-format on
    const auto found = table.find(c);
    if (found == table.end()) {
        throw std::runtime_error(std::string("plot() needs labels of digits, small letters and % . -; '") + c +
                                 "' is none of them");
    }
    return found->second;
}

constexpr int letter = 2 * (glyph_width + 1);  // glyphs are drawn at twice their size

int text_width(const std::string &text) { return static_cast<int>(text.size()) * letter - 2; }

/// Text with its upper left corner at (left, top).
void draw_text(Image &image, int left, int top, const std::string &text) {
    for (char c : text) {
        for (int y = 0; y < 2 * glyph_height; y++) {
            for (int x = 0; x < 2 * glyph_width; x++) {
                const bool set = (glyph(c)[y / 2] >> (glyph_width - 1 - x / 2) & 1) != 0;
                blend(image, left + x, top + y, ink, set ? 1.0f : 0.0f);
            }
        }
        left += letter;
    }
}

/// An axis with what is shown along it.
struct Scale {
    double low, high;
    bool is_logarithmic;

    /// 0 at the beginning of the axis, 1 at its end.
    double share(double value) const { return ((is_logarithmic ? std::log10(value) : value) - low) / (high - low); }
};

/// A step of 1, 2 or 5 times a power of ten, at least `least`, that divides `length` into at most 8 parts.
double tick_step(double length, double least) {
    double power = std::pow(10, std::floor(std::log10(length / 80)));
    for (;; power *= 10) {
        for (int step : {1, 2, 5}) {
            if (step * power >= least && length <= 8.001 * step * power) {
                return step * power;
            }
        }
    }
}

struct Tick {
    double share;
    std::string label;
};

std::string decade_label(int decade) {
    if (std::abs(decade) > 4) {
        return "1e" + std::to_string(decade);
    }
    std::string label = decade >= 0 ? "1" : "0.";
    label.append(decade >= 0 ? decade : -decade - 1, '0');
    return decade >= 0 ? label : label += '1';
}

std::vector<Tick> ticks_of(const Scale &scale) {
    const double step = tick_step(scale.high - scale.low, scale.is_logarithmic ? 1 : 0);
    const int decimals = std::max(0, static_cast<int>(-std::floor(std::log10(step) + 1e-9)));
    std::vector<Tick> ticks;
    for (double i = std::ceil(scale.low / step - 1e-6); i * step <= scale.high + 1e-6 * step; i++) {
        char text[32];
        std::snprintf(text, sizeof text, "%.*f", decimals, i == 0 ? 0.0 : i * step);
        ticks.push_back({(i * step - scale.low) / (scale.high - scale.low),
                         scale.is_logarithmic ? decade_label(static_cast<int>(std::lround(i * step))) : text});
    }
    return ticks;
}

/// Whole decades, or the values with `margin` times their range on both sides.
Scale scale_of(const std::vector<Series> &series, std::vector<double> Series::*values, const Axis &axis,
               double margin) {
    double low = INFINITY, high = -INFINITY;
    for (const Series &s : series) {
        for (double value : s.*values) {
            if (!std::isfinite(value) || (axis.is_logarithmic && value <= 0)) {
                throw std::runtime_error("plot() needs finite values, and above 0 on a logarithmic axis");
            }
            low = std::min(low, value);
            high = std::max(high, value);
        }
    }
    if (low > high) {
        throw std::runtime_error("plot() needs a value");
    }
    if (axis.is_logarithmic) {
        const double decade = std::floor(std::log10(low));
        return {decade, std::max(std::ceil(std::log10(high)), decade + 1), true};
    }
    const double around = high > low ? margin * (high - low) : 0.5;
    return {low - around, high + around, false};
}

constexpr std::array<Colour, 4> hues = {Colour{24, 88, 160}, {214, 104, 16}, {40, 140, 70}, {160, 160, 160}};

}  // namespace

Image plot(const std::vector<Series> &series, const Axis &across, const Axis &up) {
    constexpr int width = 720, height = 440, left = 110, right = 690, top = 50, bottom = 375;
    const Scale scale_x = scale_of(series, &Series::x, across, 0), scale_y = scale_of(series, &Series::y, up, 0.05);
    const auto place = [](double x, double y) { return Place{left + (right - left) * x, bottom - (bottom - top) * y}; };

    Image image(width, height, 3, 255);
    for (const Tick &tick : ticks_of(scale_y)) {
        draw_line(image, place(0, tick.share), place(1, tick.share), 1, grid);
        draw_text(image, left - 12 - text_width(tick.label), int(place(0, tick.share).y) - glyph_height, tick.label);
    }
    for (const Tick &tick : ticks_of(scale_x)) {
        draw_line(image, place(tick.share, 0), place(tick.share, 1), 1, grid);
        draw_text(image, int(place(tick.share, 0).x) - text_width(tick.label) / 2, bottom + 12, tick.label);
    }
    draw_line(image, place(0, 0), place(1, 0), 1.5, ink);
    draw_line(image, place(0, 0), place(0, 1), 1.5, ink);
    for (const Series &s : series) {
        if (s.x.size() != s.y.size()) {
            throw std::runtime_error("plot() needs as many values across as up");
        }
        for (size_t i = 0; i < s.x.size(); i++) {
            const size_t from = s.is_curve && i > 0 ? i - 1 : i;
            draw_line(image, place(scale_x.share(s.x[from]), scale_y.share(s.y[from])),
                      place(scale_x.share(s.x[i]), scale_y.share(s.y[i])), s.is_curve ? 2.5 : 5, hues[int(s.hue)]);
        }
    }
    draw_text(image, right - text_width(across.name), bottom + 40, across.name);
    draw_text(image, left, top - 35, up.name);
    return image;
}

Image plot_logarithmic(const std::vector<double> &values, const std::string &across, const std::string &up) {
    if (values.empty() ||
        !std::all_of(values.begin(), values.end(), [](double v) { return v > 0 && std::isfinite(v); })) {
        throw std::runtime_error("plot_logarithmic() needs finite values above 0");
    }
    std::vector<double> places(values.size());
    std::iota(places.begin(), places.end(), 0.0);
    return plot({{places, values}}, {across}, {up, true});
}

Image plot_losses(const std::vector<double> &losses, const std::string &across) {
    std::vector<double> percent = percent_of_first(losses);
    for (double &loss : percent) {
        loss = std::max(loss, 1e-9);
    }
    return plot_logarithmic(percent, across, "loss in % of the first");
}

}  // namespace sylvite::apps
