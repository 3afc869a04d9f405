#include "apps/molecules/start.h"

#include <cmath>
#include <random>

namespace sylvite::apps {

Motions on_lattice(int atoms, float side, float noise, float temperature, unsigned seed) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    std::uniform_real_distribution<float> uniform(-noise, noise);
    const int along = static_cast<int>(std::ceil(std::cbrt(atoms) - 1e-6));
    const size_t sites = size_t(along) * along * along;
    Motions start{Coordinates(3 * size_t(atoms)), Coordinates(3 * size_t(atoms))};
    for (int i = 0; i < atoms; i++) {
        size_t site = i * sites / atoms;  // where there are more sites than atoms, some are left out
        for (int axis = 0; axis < 3; axis++, site /= along) {
            start.place[axis * atoms + i] = (site % along + 0.5f) * side / along + uniform(random);
        }
    }
    for (int axis = 0; axis < 3; axis++) {
        double sum = 0;
        for (int i = 0; i < atoms; i++) {
            float &v = start.velocity[axis * atoms + i];
            v = std::sqrt(temperature) * normal(random);
            sum += v;
        }
        for (int i = 0; i < atoms; i++) {
            start.velocity[axis * atoms + i] -= static_cast<float>(sum / atoms);
        }
    }
    return start;
}

}  // namespace sylvite::apps
