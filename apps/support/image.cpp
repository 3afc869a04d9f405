#include "apps/support/image.h"

#include <png.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>

namespace sylvite::apps {

namespace {

/// One weighted pixel of an average.
struct Share {
    int pixel;
    float weight;
};

/// How cell `cell` of `cells` equal cells over `pixels` pixels averages them.
std::vector<Share> shares(int cell, int cells, int pixels) {
    const double width = static_cast<double>(pixels) / cells;
    const double begin = cell * width, end = begin + width;
    std::vector<Share> result;
    for (int p = static_cast<int>(begin); p < pixels && p < end; p++) {
        const double overlap = std::min<double>(end, p + 1) - std::max<double>(begin, p);
        if (overlap > 0) {
            result.push_back({p, static_cast<float>(overlap / width)});
        }
    }
    return result;
}

uint8_t to_byte(float value) { return static_cast<uint8_t>(std::lround(std::clamp(value, 0.0f, 255.0f))); }

}  // namespace

Image::Image(int width, int height, int channels, uint8_t value) :
    width(width), height(height), channels(channels), pixels(static_cast<size_t>(width) * height * channels, value) {}

std::string png_bytes(const Image &image) {
    png_image png = {};
    png.version = PNG_IMAGE_VERSION;
    png.width = image.width;
    png.height = image.height;
    png.format = image.channels == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
    png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(png);
    std::string bytes(size, '\0');
    if (!png_image_write_to_memory(&png, bytes.data(), &size, 0, image.pixels.data(), 0, nullptr)) {
        throw std::runtime_error(std::string("cannot make a PNG: ") + png.message);
    }
    bytes.resize(size);
    return bytes;
}

std::vector<float> centred_square(const Image &grey, int n) {
    const int side = std::min(grey.width, grey.height);
    const int left = (grey.width - side) / 2, top = (grey.height - side) / 2;
    std::vector<std::vector<Share>> axis;
    for (int i = 0; i < n; i++) {
        axis.push_back(shares(i, n, side));
    }
    std::vector<float> result;
    for (int y = 0; y < n; y++) {
        for (int x = 0; x < n; x++) {
            float sum = 0;
            for (const Share &row : axis[y]) {
                for (const Share &column : axis[x]) {
                    sum += row.weight * column.weight * *grey.at(left + column.pixel, top + row.pixel);
                }
            }
            result.push_back(sum / 255);
        }
    }
    return result;
}

Image grey_levels(const std::vector<float> &values, int n) {
    Image image(n, n, 1, 0);
    std::transform(values.begin(), values.end(), image.pixels.begin(),
                   [](float value) { return to_byte((value + 0.5f) * 255); });
    return image;
}

Image water_colours(const std::vector<float> &values, int n, float limit) {
    // Deep trough, trough, still water, crest, high crest.
    static constexpr std::array<std::array<float, 3>, 5> ramp = {
        {{12, 44, 92}, {78, 154, 196}, {247, 247, 245}, {238, 158, 92}, {130, 46, 8}}};
    Image image(n, n, 3, 0);
    for (size_t i = 0; i < values.size(); i++) {
        const float place = (std::clamp(values[i] / limit, -1.0f, 1.0f) + 1) / 2 * (ramp.size() - 1);
        const size_t below = std::min<size_t>(static_cast<size_t>(place), ramp.size() - 2);
        for (size_t c = 0; c < 3; c++) {
            image.pixels[3 * i + c] = to_byte(std::lerp(ramp[below][c], ramp[below + 1][c], place - below));
        }
    }
    return image;
}

Image side_by_side(const std::vector<Image> &images, int gap) {
    int width = -gap, height = 0;
    for (const Image &image : images) {
        width += image.width + gap;
        height = std::max(height, image.height);
    }
    Image result(width, height, 3, 255);
    int left = 0;
    for (const Image &image : images) {
        for (int y = 0; y < image.height; y++) {
            for (int x = 0; x < image.width; x++) {
                for (int c = 0; c < 3; c++) {
                    result.at(left + x, y)[c] = image.at(x, y)[image.channels == 1 ? 0 : c];
                }
            }
        }
        left += image.width + gap;
    }
    return result;
}

}  // namespace sylvite::apps
