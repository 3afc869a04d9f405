// The mpm workloads by the static libraries of the mpm app. Arguments: `block`, or a scene of the app in two dimensions; steps;
// and a file, which is written for the peers.

#include "apps/mpm/simulator.h"
#include "tests/bench/programs/lines.h"
#include "tests/bench/programs/worker.h"

#include <cstdlib>

int main(int argc, char **argv) {
    if (argc != 4) {
        return 1;
    }
    using namespace sylvite::apps;
    const std::string name = argv[1];
    const Scene scene = name == "block" ? block(90, 64) : scene_named(name);
    const int steps = std::atoi(argv[2]);
    const Simulator simulator(scene, -1);
    Point controls = drawn(scene, 0), gradient;
    for (float &value : controls) {
        value *= 50;  // so that the block moves
    }
    sylvite::bench::Lines lines(argv[3]);
    lines.add(std::vector<int>{scene.cells});
    lines.add(scene.place), lines.add(scene.material), lines.add(scene.actuator), lines.add(controls);
    if (!lines.written()) {
        return 1;
    }
    return sylvite::bench::serve({[&]() -> double {
                                      const std::vector<float> place = simulator.place(controls, steps);
                                      double sum = 0;
                                      for (int p = 0; p < scene.particles; p++) {
                                          sum += place[p];
                                      }
                                      return sum / scene.particles;
                                  },
                                  [&]() -> double {
                                      simulator.loss(controls, steps, gradient);
                                      return sylvite::bench::norm(gradient.data(), static_cast<int>(gradient.size()));
                                  }});
}
