#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace sylvite::apps {

/// Pixels of 8 bits a channel, row by row from the top. `channels` is 1 (grey) or 3 (red, green, blue); pixel (x, y)
/// starts at `(y * width + x) * channels`.
struct Image {
    int width = 0, height = 0, channels = 1;
    std::vector<uint8_t> pixels;

    /// A picture of one colour.
    Image() = default;
    Image(int width, int height, int channels, uint8_t value);

    uint8_t *at(int x, int y) { return &pixels[(static_cast<size_t>(y) * width + x) * channels]; }
    const uint8_t *at(int x, int y) const { return &pixels[(static_cast<size_t>(y) * width + x) * channels]; }
};

/// Reads a PNG or JPEG file, told apart by its first bytes, as grey levels, the luma of colours. Transparent parts become white.
/// Throws std::runtime_error that names the file when it cannot be read, is neither, or is damaged.
Image read_grey(const std::filesystem::path &path);

/// The picture as the contents of a PNG file.
std::string png_bytes(const Image &image);

/// The largest centred square of a grey picture as n x n means over equal areas, from 0 (black) to 1 (white), row by
/// row. Larger pictures are averaged, smaller ones become blocks.
std::vector<float> centred_square(const Image &grey, int n);

/// n x n values as grey levels: 0 is mid-grey, -0.5 and below black, 0.5 and above white.
Image grey_levels(const std::vector<float> &values, int n);

/// n x n values in colours: 0 is white, `limit` and above the darkest orange, `-limit` and below the darkest blue.
Image water_colours(const std::vector<float> &values, int n, float limit);

/// Pictures of equal height side by side in colour, `gap` white pixels apart.
Image side_by_side(const std::vector<Image> &images, int gap);

}  // namespace sylvite::apps
