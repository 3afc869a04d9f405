// The molecules workloads by the static libraries of the molecules app. Arguments: `forces` or `trajectory`, how many atoms,
// how many steps, and a file for the peers.

#include "apps/molecules/simulator.h"
#include "apps/molecules/start.h"
#include "tests/bench/programs/worker.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>

int main(int argc, char **argv) {
    if (argc != 5) {
        return 1;
    }
    using namespace sylvite::apps;
    const bool is_trajectory = std::string(argv[1]) == "trajectory";
    const int steps = std::atoi(argv[3]);
    World world;
    world.atoms = std::atoi(argv[2]);
    world.side = static_cast<float>(std::cbrt(world.atoms / 0.8));
    world.every = 17;
    const Motions start = on_lattice(world.atoms, world.side, 0.1f, 0.7f, 1);
    const Motions seen = on_lattice(world.atoms, world.side, 0.1f, 0, 2);
    Simulator simulator(world);
    const Lists lists = simulator.lists(start.place);
    // For the peers: sizes, places, velocities, where atoms were seen, and lists, as they lie in memory.
    std::FILE *out = std::fopen(argv[4], "wb");
    if (!out) {
        std::perror(argv[4]);
        return 1;
    }
    const float sizes[] = {world.side, world.cutoff, world.step_length, static_cast<float>(lists.longest)};
    std::fwrite(sizes, sizeof sizes, 1, out);
    for (const Coordinates *values : {&start.place, &start.velocity, &seen.place}) {
        std::fwrite(values->data(), sizeof(float), values->size(), out);
    }
    std::fwrite(lists.found.data(), sizeof(int), size_t(world.atoms) * (1 + lists.longest), out);
    if (std::fclose(out) != 0) {
        return 1;
    }
    std::vector<float> field(4 * size_t(world.atoms));
    Lists tight{lists.longest, lists.longest, lists.found};
    tight.found.resize(size_t(world.atoms) * (1 + lists.longest));
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
