// The springs workload by the static libraries of the springs app.

#include "apps/springs/simulator.h"
#include "tests/bench/programs/worker.h"

#include <cstdio>
#include <cstdlib>

int main(int argc, char **argv) {
    if (argc != 4) {
        return 1;
    }
    using namespace sylvite::apps;
    const Robot robot = robot_named(argv[1]);
    const int steps = std::atoi(argv[2]);
    const std::string file = argv[3];
    const Simulator simulator(robot);
    const Weights weights = drawn(robot, 0);
    Weights gradient(robot);
    // For the peers: the robot and its weights as text, a line an array.
    std::FILE *out = std::fopen(file.c_str(), "w");
    if (!out) {
        std::perror(file.c_str());
        return 1;
    }
    const auto line = [&](const auto &values) {
        for (const auto value : values) {
            std::fprintf(out, "%.9g ", static_cast<double>(value));
        }
        std::fprintf(out, "\n");
    };
    line(robot.place), line(robot.ends), line(robot.length), line(robot.stiffness), line(robot.reach);
    for (const auto &part : weights.part) {
        line(part);
    }
    if (std::fclose(out) != 0) {
        return 1;
    }
    return sylvite::bench::serve({[&]() -> double { return simulator.place(weights, steps)[0]; },
                                  [&]() -> double {
                                      simulator.loss(weights, steps, gradient);
                                      return gradient.norm();
                                  }});
}
