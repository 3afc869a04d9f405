#pragma once

#include "apps/support/image.h"

#include <array>

namespace sylvite::apps {

using Colour = std::array<uint8_t, 3>;

/// A place in a picture, in pixels from its upper left corner.
struct Place {
    double x, y;
};

/// Mixes `share` (0 to 1) of a colour into a pixel of a picture with three channels; none outside it.
void blend(Image &image, int x, int y, const Colour &colour, float share);

/// A smooth line with round ends, a disc where both are the same: a pixel is covered by how far it lies within half the
/// width of the segment.
void draw_line(Image &image, const Place &a, const Place &b, double width, const Colour &colour);

}  // namespace sylvite::apps
