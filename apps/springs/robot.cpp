#include "apps/springs/robot.h"

#include "apps/support/choice.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

namespace sylvite::apps {

namespace {

using Point = std::array<double, 2>;

constexpr double cell = 0.05, corner = 0.1;  // m: the edge of a square, and where cell (0, 0) begins
constexpr double mesh_stiffness = 3e4, net_stiffness = 1e4, mesh_reach = 0.15;

// Makes a robot of masses and springs, squares and triangles. A part that is there already is not made again.
class Builder {
public:
    explicit Builder(double stiffness = mesh_stiffness) : of_mesh_(stiffness) {}

    int mass(const Point &at) {
        points_.push_back(at);
        return static_cast<int>(points_.size()) - 1;
    }

    void spring(int a, int b, double stiffness, double reach) {
        ends_.push_back({a, b});
        length_.push_back(static_cast<float>(std::hypot(points_[a][0] - points_[b][0], points_[a][1] - points_[b][1])));
        stiffness_.push_back(static_cast<float>(stiffness));
        reach_.push_back(static_cast<float>(reach));
    }

    // A square of the mesh with its diagonals; its upright edges are muscles if `reach` is not 0.
    void square(double i, double j, double reach = 0) {
        const int a = at(i, j), b = at(i, j + 1), c = at(i + 1, j), d = at(i + 1, j + 1);
        joined(a, b, reach);
        joined(c, d, reach);
        all_joined({a, b, c, d});
    }

    // A foot: a triangle that stands on its tip.
    void triangle(double i, double j) { all_joined({at(i + 0.5, j + 0.5), at(i, j + 1), at(i + 1, j + 1)}); }

    Robot robot() const {
        Robot robot{
            static_cast<int>(points_.size()), static_cast<int>(ends_.size()), {}, {}, length_, stiffness_, reach_};
        for (int c = 0; c < 2; c++) {
            for (const Point &point : points_) {
                robot.place.push_back(static_cast<float>(point[c]));
            }
            for (const std::array<int, 2> &ends : ends_) {
                robot.ends.push_back(ends[c]);
            }
        }
        return robot;
    }

private:
    double of_mesh_;  // stiffness
    std::vector<Point> points_;
    std::map<Point, int> mesh_;
    std::set<std::set<int>> pairs_;
    std::vector<std::array<int, 2>> ends_;
    std::vector<float> length_, stiffness_, reach_;

    int at(double i, double j) {
        if (const auto known = mesh_.find({i, j}); known != mesh_.end()) {
            return known->second;
        }
        return mesh_[{i, j}] = mass({i * cell + corner, j * cell + corner});
    }

    void joined(int a, int b, double reach) {
        if (pairs_.insert({a, b}).second) {
            spring(a, b, of_mesh_, reach);
        }
    }

    void all_joined(const std::vector<int> &masses) {
        for (int a : masses) {
            for (int b : masses) {
                if (a != b) {
                    joined(a, b, 0);
                }
            }
        }
    }
};

Robot single_springs() {
    Builder b;
    for (const Point &at : {Point{0.2, 0.1}, {0.3, 0.13}, {0.4, 0.1}, {0.2, 0.2}, {0.3, 0.2}, {0.4, 0.2}}) {
        b.mass(at);
    }
    for (const auto &[from, to] : std::vector<std::array<int, 2>>{
             {0, 1}, {1, 2}, {3, 4}, {4, 5}, {0, 3}, {2, 5}, {0, 4}, {1, 4}, {2, 4}, {3, 1}, {5, 1}}) {
        b.spring(from, to, 14000, 0.1);
    }
    return b.robot();
}

void body(Builder &b) {
    b.square(0, 1, mesh_reach);
    b.square(0, 2);
    b.square(1, 2);
    b.square(2, 1, mesh_reach);
    b.square(2, 2);
}

Robot on_triangles() {
    Builder b;
    b.triangle(2, 0);
    b.triangle(0, 0);
    body(b);
    return b.robot();
}

// With a neck, and, if it has three feet, a third one.
Robot on_squares(bool three_feet) {
    Builder b;
    b.square(2, 0, mesh_reach);
    b.square(0, 0, mesh_reach);
    body(b);
    b.square(2, 3);
    b.square(2, 4);
    if (three_feet) {
        b.square(3, 1);
        b.square(4, 0, mesh_reach);
        b.square(4, 1, mesh_reach);
    }
    return b.robot();
}

const std::vector<Choice<Robot>> robots = {
    {"a", single_springs},
    {"b", on_triangles},
    {"c", [] { return on_squares(false); }},
    {"d", [] { return on_squares(true); }},
};

}  // namespace

std::vector<std::string> robot_names() { return names_of(robots); }

Robot robot_named(const std::string &name) { return chosen(robots, "robot", name); }

Robot net(int squares, double height) {
    Builder b(net_stiffness);
    for (int i = 0; i < squares; i++) {
        for (int j = 0; j < squares; j++) {
            b.square(i, j);
        }
    }
    Robot net = b.robot();
    for (int m = net.masses; m < 2 * net.masses; m++) {
        net.place[m] += static_cast<float>(height);
    }
    return net;
}

}  // namespace sylvite::apps
