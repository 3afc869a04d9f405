#include "apps/springs/pictures.h"

#include "apps/support/arrays.h"
#include "apps/support/draw.h"

#include <algorithm>

namespace sylvite::apps {

namespace {

constexpr Colour steel = {70, 80, 90}, muscle = {200, 70, 60}, mass = {90, 140, 140}, head = {220, 60, 80},
                 earth = {120, 100, 80};
constexpr double pixels_per_metre = 500, left_edge = -0.02, top_edge = 0.45, ground = 0.1;  // m
constexpr int width = 340, height = 200;

Image picture(const Robot &robot, const std::vector<float> &place) {
    Image image(width, height, 3, 255);
    const auto at = [](double x, double up) {
        return Place{(x - left_edge) * pixels_per_metre, (top_edge - up) * pixels_per_metre};
    };
    const auto mass_at = [&](int m) { return at(place[m], place[robot.masses + m]); };
    draw_line(image, at(left_edge, ground), at(left_edge + width / pixels_per_metre, ground), 2, earth);
    for (int s = 0; s < robot.springs; s++) {
        const bool is_muscle = robot.reach[s] != 0;
        draw_line(image, mass_at(robot.ends[s]), mass_at(robot.ends[robot.springs + s]), is_muscle ? 4 : 2,
                  is_muscle ? muscle : steel);
    }
    for (int m = robot.masses - 1; m >= 0; m--) {
        draw_line(image, mass_at(m), mass_at(m), m == 0 ? 10 : 7, m == 0 ? head : mass);
    }
    return image;
}

}  // namespace

std::map<std::string, std::string> result_files(const Robot &robot, const Moments &moments,
                                                const std::vector<double> &losses) {
    std::vector<Image> story;
    std::vector<float> walk;
    for (const std::vector<float> &place : moments) {
        story.push_back(picture(robot, place));
        walk.insert(walk.end(), place.begin(), place.end());
    }
    return {
        {"story.png", png_bytes(side_by_side(story, 8))},
        {"walk.npy", npy_bytes(walk, {robot.masses, 2, static_cast<int>(moments.size())})},
        {"losses.npy", npy_bytes(losses, {static_cast<int>(losses.size())})},
    };
}

}  // namespace sylvite::apps
