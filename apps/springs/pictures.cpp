#include "apps/springs/pictures.h"

#include "apps/support/arrays.h"
#include "apps/support/draw.h"

namespace sylvite::apps {

namespace {

constexpr Colour steel = {70, 80, 90}, muscle = {200, 70, 60}, mass = {90, 140, 140}, head = {220, 60, 80},
                 earth = {120, 100, 80}, shade = {225, 225, 225};
constexpr double ground = 0.1;  // m

// The part of the world that a picture shows.
struct View {
    double pixels_per_metre, left_edge, top_edge;  // m
    int width, height;
    double thickness;  // of a spring, in pixels

    Place at(double x, double up) const {
        return {(x - left_edge) * pixels_per_metre, (top_edge - up) * pixels_per_metre};
    }
    Place mass(const Robot &robot, const std::vector<float> &place, int m) const {
        return at(place[m], place[robot.masses + m]);
    }
};
constexpr View of_robots = {500, -0.02, 0.45, 340, 200, 2}, of_nets = {300, 0, 1.04, 300, 300, 1};

Image empty(const View &view) {
    Image image(view.width, view.height, 3, 255);
    draw_line(image, view.at(view.left_edge, ground),
              view.at(view.left_edge + view.width / view.pixels_per_metre, ground), 2, earth);
    return image;
}

// Muscles are twice as thick as other springs.
void draw_springs(Image &image, const View &view, const Robot &robot, const std::vector<float> &place,
                  const Colour &colour) {
    for (int s = 0; s < robot.springs; s++) {
        const bool is_muscle = robot.reach[s] != 0;
        draw_line(image, view.mass(robot, place, robot.ends[s]), view.mass(robot, place, robot.ends[robot.springs + s]),
                  (is_muscle ? 2 : 1) * view.thickness, is_muscle ? muscle : colour);
    }
}

Image picture(const Robot &robot, const std::vector<float> &place) {
    Image image = empty(of_robots);
    draw_springs(image, of_robots, robot, place, steel);
    for (int m = robot.masses - 1; m >= 0; m--) {
        const Place at = of_robots.mass(robot, place, m);
        draw_line(image, at, at, m == 0 ? 10 : 7, m == 0 ? head : mass);
    }
    return image;
}

Image picture_of_net(const Robot &net, const std::vector<float> &wanted, const std::vector<float> &place) {
    Image image = empty(of_nets);
    draw_springs(image, of_nets, net, wanted, shade);
    draw_springs(image, of_nets, net, place, steel);
    for (int m = 0; m < net.masses; m++) {
        const Place at = of_nets.mass(net, place, m);
        draw_line(image, at, at, 4, mass);
    }
    return image;
}

}  // namespace

std::map<std::string, std::string> result_files(const Robot &robot, const Recording &moments, const Recording &film,
                                                const std::vector<double> &losses) {
    const auto seen = [&](const std::vector<float> &place) { return picture(robot, place); };
    return walk_files(moments, film, {robot.masses, 2}, seen, losses);
}

std::map<std::string, std::string> net_files(const Robot &net, const std::vector<float> &wanted,
                                             const std::vector<float> &before, const Recording &moments,
                                             const Recording &film, const std::vector<double> &losses) {
    const auto seen = [&](const std::vector<float> &place) { return picture_of_net(net, wanted, place); };
    std::map<std::string, std::string> files = walk_files(moments, film, {net.masses, 2}, seen, losses);
    files["before.png"] = png_bytes(seen(before));
    std::vector<float> springs = net.length;
    springs.insert(springs.end(), net.stiffness.begin(), net.stiffness.end());
    files["springs.npy"] = npy_bytes(springs, {net.springs, 2});
    return files;
}

}  // namespace sylvite::apps
