#include "apps/support/plot.h"

#include "apps/support/draw.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <stdexcept>

namespace sylvite::apps {

namespace {

constexpr Colour ink = {60, 60, 60}, grid = {222, 222, 222}, blue = {24, 88, 160};

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
        throw std::runtime_error(std::string("plot_logarithmic() needs labels of digits, small letters and % . -; '") +
                                 c + "' is none of them");
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

std::string decade_label(int decade) {
    std::string label = decade >= 0 ? "1" : "0.";
    label.append(decade >= 0 ? decade : -decade - 1, '0');
    return decade >= 0 ? label : label += '1';
}

/// A step of 1, 2 or 5 times a power of ten that divides `last` into at most 8 parts.
int tick_step(int last) {
    for (int power = 1;; power *= 10) {
        for (int step : {1, 2, 5}) {
            if (last <= 8 * step * power) {
                return step * power;
            }
        }
    }
}

}  // namespace

Image plot_logarithmic(const std::vector<double> &values, const std::string &across, const std::string &up) {
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    if (values.empty() || !(*low > 0) || !std::isfinite(*high)) {
        throw std::runtime_error("plot_logarithmic() needs finite values above 0");
    }
    constexpr int width = 720, height = 440, left = 110, right = 690, top = 50, bottom = 375;
    const int bottom_decade = static_cast<int>(std::floor(std::log10(*low)));
    const int top_decade = std::max(static_cast<int>(std::ceil(std::log10(*high))), bottom_decade + 1);
    const int last = std::max<int>(static_cast<int>(values.size()) - 1, 1);
    const auto place = [&](double i, double decade) {
        return Place{left + (right - left) * i / last,
                     bottom - (bottom - top) * (decade - bottom_decade) / (top_decade - bottom_decade)};
    };

    Image image(width, height, 3, 255);
    for (int decade = bottom_decade; decade <= top_decade; decade++) {
        draw_line(image, place(0, decade), place(last, decade), 1, grid);
        const std::string label = decade_label(decade);
        draw_text(image, left - 12 - text_width(label), int(place(0, decade).y) - glyph_height, label);
    }
    for (int i = 0; i <= last; i += tick_step(last)) {
        draw_line(image, place(i, bottom_decade), place(i, top_decade), 1, grid);
        const std::string label = std::to_string(i);
        draw_text(image, int(place(i, 0).x) - text_width(label) / 2, bottom + 12, label);
    }
    draw_line(image, place(0, bottom_decade), place(last, bottom_decade), 1.5, ink);
    draw_line(image, place(0, bottom_decade), place(0, top_decade), 1.5, ink);
    for (size_t i = 1; i < values.size(); i++) {
        draw_line(image, place(double(i) - 1, std::log10(values[i - 1])), place(double(i), std::log10(values[i])), 2.5,
                  blue);
    }
    draw_text(image, right - text_width(across), bottom + 40, across);
    draw_text(image, left, top - 35, up);
    return image;
}

}  // namespace sylvite::apps
