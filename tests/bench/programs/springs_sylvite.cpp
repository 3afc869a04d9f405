// The springs workloads by the static libraries of the springs app. Arguments: `robot` and its name, or `net` and how many
// squares are along its edge; steps; and a file, which is written for the peers: what there is, as text, a line an array.

#include "apps/springs/simulator.h"
#include "tests/bench/programs/lines.h"
#include "tests/bench/programs/worker.h"

#include <cmath>
#include <cstdlib>
#include <fstream>

namespace {

using namespace sylvite::apps;
using sylvite::bench::Lines;
using sylvite::bench::Worker;

void add(const Robot &robot, Lines &lines) {
    lines.add(robot.place), lines.add(robot.ends), lines.add(robot.length), lines.add(robot.stiffness);
    lines.add(robot.reach);
}

void save(const std::vector<std::vector<float>> &arrays, const std::string &folder) {
    for (size_t i = 0; i < arrays.size(); i++) {
        std::ofstream(folder + "/" + std::to_string(i), std::ios::binary)
            .write(reinterpret_cast<const char *>(arrays[i].data()), std::streamsize(sizeof(float) * arrays[i].size()));
    }
}

Worker robot_worker(const std::string &name, int steps, Lines &lines) {
    static const Robot robot = robot_named(name);
    static const Simulator simulator(robot);
    static const Weights weights = drawn(robot, 0);
    static Weights gradient(robot);
    add(robot, lines);
    for (const std::vector<float> &part : weights.part) {
        lines.add(part);
    }
    const auto run = [=] {
        simulator.loss(weights, steps, gradient);
        return gradient.norm();
    };
    return {[=] { return -double(simulator.place(weights, steps)[0]); }, run,
            [=](const std::string &folder) {
                run(), save({gradient.part.begin(), gradient.part.end()}, folder);
            }};
}

// A net that falls and comes to rest; it should look as it would without weight.
Worker net_worker(int squares, int steps, Lines &lines) {
    static const Robot robot = net(squares, 0.1);
    static const std::vector<float> wanted = net(squares, 0).place;
    static const NetSimulator simulator(robot, wanted);
    static std::vector<float> place;
    static NetSimulator::Gradient gradient;
    add(robot, lines);
    lines.add(wanted);
    const auto run = [=] {
        simulator.loss(steps, gradient);
        return std::hypot(sylvite::bench::norm(gradient.length.data(), robot.springs),
                          sylvite::bench::norm(gradient.stiffness.data(), robot.springs));
    };
    return {[=] { return simulator.loss(steps, place); }, run,
            [=](const std::string &folder) {
                run(), save({gradient.length, gradient.stiffness}, folder);
            }};
}

}  // namespace

int main(int argc, char **argv) {
    if (argc != 5) {
        return 1;
    }
    const std::string workload = argv[1], file = argv[4];
    const int steps = std::atoi(argv[3]);
    Lines lines(file);
    const Worker worker =
        workload == "robot" ? robot_worker(argv[2], steps, lines) : net_worker(std::atoi(argv[2]), steps, lines);
    return lines.written() ? sylvite::bench::serve(worker) : 1;
}
