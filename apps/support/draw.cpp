#include "apps/support/draw.h"

#include <algorithm>
#include <cmath>

namespace sylvite::apps {

void blend(Image &image, int x, int y, const Colour &colour, float share) {
    if (x < 0 || y < 0 || x >= image.width || y >= image.height || share <= 0) {
        return;
    }
    for (int c = 0; c < 3; c++) {
        uint8_t &channel = image.at(x, y)[c];
        channel = static_cast<uint8_t>(std::lround(std::lerp(float(channel), float(colour[c]), std::min(share, 1.0f))));
    }
}

void draw_line(Image &image, const Place &a, const Place &b, double width, const Colour &colour) {
    const double length_squared = (b.x - a.x) * (b.x - a.x) + (b.y - a.y) * (b.y - a.y);
    const double margin = width / 2 + 1;
    for (int y = int(std::min(a.y, b.y) - margin); y <= std::max(a.y, b.y) + margin; y++) {
        for (int x = int(std::min(a.x, b.x) - margin); x <= std::max(a.x, b.x) + margin; x++) {
            const double along = (x - a.x) * (b.x - a.x) + (y - a.y) * (b.y - a.y);
            const double t = length_squared > 0 ? std::clamp(along / length_squared, 0.0, 1.0) : 0;
            const double distance = std::hypot(x - std::lerp(a.x, b.x, t), y - std::lerp(a.y, b.y, t));
            blend(image, x, y, colour, static_cast<float>(width / 2 + 0.5 - distance));
        }
    }
}

}  // namespace sylvite::apps
