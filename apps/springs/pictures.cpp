#include "apps/springs/pictures.h"

#include "apps/support/draw.h"

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

std::map<std::string, std::string> result_files(const Robot &robot, const Recording &moments, const Recording &film,
                                                const std::vector<double> &losses) {
    const auto seen = [&](const std::vector<float> &place) { return picture(robot, place); };
    return walk_files(moments, film, {robot.masses, 2}, seen, losses);
}

}  // namespace sylvite::apps
