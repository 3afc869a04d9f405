#include "apps/mpm/pictures.h"

#include "apps/support/arrays.h"
#include "apps/support/draw.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace sylvite::apps {

namespace {

constexpr Colour earth = {120, 100, 80}, water = {90, 150, 220}, flesh = {70, 80, 90};
constexpr Colour muscles[] = {{200, 70, 60}, {230, 150, 50}, {70, 150, 90}, {130, 80, 170}};
constexpr double top_edge = 0.45;  // of the height of the box, in m
constexpr int width = 340, height = 150;

Colour colour_of(const Scene &scene, int p) {
    if (scene.material[p] == 0) {
        return water;
    }
    return scene.actuator[p] < 0 ? flesh : muscles[scene.actuator[p] % std::size(muscles)];
}

// Seen along the last axis of three; what is nearer is drawn later, and lighter.
Image picture(const Scene &scene, const std::vector<float> &place) {
    Image image(width, height, 3, 255);
    const double pixels = width, floor = 3.0 / scene.cells;
    const auto at = [&](double x, double up) { return Place{x * pixels, (top_edge - up) * pixels}; };
    draw_line(image, at(0, floor), at(1, floor), 2, earth);
    std::vector<int> order(scene.particles);
    std::iota(order.begin(), order.end(), 0);
    const auto depth = [&](int p) { return scene.dimensions == 3 ? place[2 * scene.particles + p] : 0.5f; };
    std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return depth(a) < depth(b); });
    for (int p : order) {
        Colour colour = colour_of(scene, p);
        for (uint8_t &channel : colour) {
            channel = static_cast<uint8_t>(std::clamp(channel * (0.5 + depth(p)), 0.0, 255.0));
        }
        const Place middle = at(place[p], place[scene.particles + p]);
        draw_line(image, middle, middle, 2, colour);
    }
    return image;
}

// How many particles each cell has.
std::string matter_file(const Scene &scene, const std::vector<float> &place) {
    const std::vector<int> extents(scene.dimensions, scene.cells);
    std::vector<float> fluid(static_cast<size_t>(std::pow(scene.cells, scene.dimensions))), solid(fluid);
    for (int p = 0; p < scene.particles; p++) {
        size_t cell = 0;
        for (int axis = scene.dimensions - 1; axis >= 0; axis--) {
            const auto cells = static_cast<float>(scene.cells);
            const float at = place[size_t(axis) * scene.particles + p] * cells;
            cell = cell * scene.cells + static_cast<int>(std::isnan(at) ? 0 : std::clamp(at, 0.f, cells - 1));
        }
        (scene.material[p] == 0 ? fluid : solid)[cell]++;
    }
    return vti_bytes({{"fluid", fluid}, {"solid", solid}}, extents, 1.0 / scene.cells);
}

}  // namespace

std::map<std::string, std::string> result_files(const Scene &scene, const Recording &moments, const Recording &film,
                                                const std::vector<double> &losses) {
    const auto seen = [&](const std::vector<float> &place) { return picture(scene, place); };
    std::map<std::string, std::string> files =
        walk_files(moments, film, {scene.particles, scene.dimensions}, seen, losses);
    for (size_t i = 0; i < moments.size(); i++) {
        files["matter_" + std::to_string(i) + ".vti"] = matter_file(scene, moments[i]);
    }
    return files;
}

}  // namespace sylvite::apps
