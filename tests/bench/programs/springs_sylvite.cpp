// The springs workloads by the static libraries of the springs app. Arguments: `robot` and its name, or `net` and how many
// squares are along its edge; steps; and a file, which is written for the peers: what there is, as text, a line an array.

#include "apps/springs/simulator.h"
#include "tests/bench/programs/worker.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>

namespace {

using namespace sylvite::apps;
using sylvite::bench::Worker;

class Lines {
public:
    explicit Lines(const std::string &file) : out_(file) { out_.precision(9); }

    template<typename T>
    void add(const std::vector<T> &values) {
        for (const T value : values) {
            out_ << static_cast<double>(value) << ' ';
        }
        out_ << '\n';
    }

    void add(const Robot &robot) {
        add(robot.place), add(robot.ends), add(robot.length), add(robot.stiffness), add(robot.reach);
    }

    bool written() { return bool(out_.flush()); }

private:
    std::ofstream out_;
};

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
    lines.add(robot);
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
    lines.add(robot);
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
    if (!lines.written()) {
        std::perror(file.c_str());
        return 1;
    }
    return sylvite::bench::serve(worker);
}
