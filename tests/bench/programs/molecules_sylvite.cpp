// The molecules workloads by the static libraries of the molecules app. Arguments: `forces` or `trajectory`, how many atoms,
// how many steps, a file, which is written for the peers, and perhaps how much farther than the cutoff their lists reach: they
// serve for all steps there.

#include "apps/molecules/simulator.h"
#include "apps/molecules/start.h"
#include "tests/bench/programs/lines.h"
#include "tests/bench/programs/worker.h"

#include <cmath>
#include <cstdlib>

int main(int argc, char **argv) {
    if (argc != 5 && argc != 6) {
        return 1;
    }
    using namespace sylvite::apps;
    const bool is_trajectory = std::string(argv[1]) == "trajectory";
    const int steps = std::atoi(argv[3]);
    World world;
    world.atoms = std::atoi(argv[2]);
    world.side = static_cast<float>(std::cbrt(world.atoms / 0.8));
    world.every = 13;  // with 17 steps an atom moves by more than half the skin
    const Motions start = on_lattice(world.atoms, world.side, 0.1f, 0.7f, 1);
    const Motions seen = on_lattice(world.atoms, world.side, 0.1f, 0, 2);
    Simulator simulator(world);
    World wide = world;
    wide.skin = argc == 6 ? std::strtof(argv[5], nullptr) : world.skin;
    const Lists lists = Simulator(wide).lists(start.place);
    Lists tight{lists.longest, lists.longest, lists.found};
    tight.found.resize(size_t(world.atoms) * (1 + lists.longest));
    sylvite::bench::Lines lines(argv[4]);
    lines.add(std::vector<float>{world.side, world.cutoff, world.skin, world.step_length});
    lines.add(start.place), lines.add(start.velocity), lines.add(seen.place), lines.add(tight.found);
    if (!lines.written()) {
        return 1;
    }
    std::vector<float> field(4 * size_t(world.atoms));
    Slopes slopes;
    const auto norm = [](const Coordinates &values) {
        return sylvite::bench::norm(values.data(), static_cast<int>(values.size()));
    };
    if (is_trajectory) {
        return sylvite::bench::serve({[&]() -> double { return simulator.run(start, steps).potential_energy; },
                                      [&]() -> double {
                                          simulator.run(start, steps, seen.place, slopes);
                                          return std::hypot(
                                              std::hypot(slopes.epsilon, slopes.sigma),
                                              std::hypot(norm(slopes.start.place), norm(slopes.start.velocity)));
                                      }});
    }
    return sylvite::bench::serve({[&]() -> double { return simulator.energy(start.place, tight, field); },
                                  [&]() -> double {
                                      simulator.energy(start.place, tight, field);
                                      return sylvite::bench::norm(field.data(), 3 * world.atoms);
                                  }});
}
