// The mpm workload by the static libraries of the mpm app.

#include "apps/mpm/simulator.h"
#include "tests/bench/programs/worker.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>

int main(int argc, char **argv) {
    if (argc != 5) {
        return 1;
    }
    using namespace sylvite::apps;
    const Scene scene = block(std::atoi(argv[1]), std::atoi(argv[2]));
    const int steps = std::atoi(argv[3]);
    const std::string file = argv[4];
    const Simulator simulator(scene, -1);
    Point controls = drawn(scene, 0), gradient;
    for (float &value : controls) {
        value *= 50;  // so that the block moves
    }
    // For the peers: the scene and the controls as text, a line an array.
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
    line(scene.place), line(scene.actuator), line(controls);
    if (std::fclose(out) != 0) {
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
                                      double sum = 0;
                                      for (float slope : gradient) {
                                          sum += double(slope) * slope;
                                      }
                                      return std::sqrt(sum);
                                  }});
}
