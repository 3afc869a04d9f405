#include "apps/molecules/cluster.h"

#include "molecules_forces_f64.h"

#include <HalideBuffer.h>
#include <targets/runtime/sylvite_runtime.h>

#include <cmath>
#include <cstdlib>
#include <random>
#include <stdexcept>

namespace sylvite::apps {

namespace {

constexpr double space = 1e6, far = 1e5;  // a cube in which the images of atoms are too far to matter, and a cutoff
constexpr int truncated_octahedron = 38;

/// Places of a face-centred cubic lattice of unit cubes around one of its holes, the nearest ones first: 6, 8 and 24.
Point lattice_around_hole() {
    Point place[3];
    for (const int shell : {1, 3, 5}) {
        for (int x = -2; x <= 2; x++) {
            for (int y = -2; y <= 2; y++) {
                for (int z = -2; z <= 2; z++) {
                    if (x * x + y * y + z * z == shell) {
                        place[0].push_back(static_cast<float>(x));
                        place[1].push_back(static_cast<float>(y));
                        place[2].push_back(static_cast<float>(z));
                    }
                }
            }
        }
    }
    Point all;
    for (const Point &along : place) {
        all.insert(all.end(), along.begin(), along.end());
    }
    return all;
}

}  // namespace

Cluster::Cluster(int atoms) :
    atoms_(atoms), found_(size_t(atoms) * atoms), place_(3 * size_t(atoms)), field_(4 * size_t(atoms)) {
    for (int i = 0; i < atoms; i++) {
        found_[i] = atoms - 1;
        for (int k = 0; k + 1 < atoms; k++) {
            found_[size_t(1 + k) * atoms + i] = k < i ? k : k + 1;
        }
    }
}

double Cluster::energy(const Point &place, Point &gradient) {
    std::copy(place.begin(), place.end(), place_.begin());
    const double unit[] = {1, 1};  // epsilon and sigma
    Halide::Runtime::Buffer<double> from(place_.data(), atoms_, 3), to(field_.data(), atoms_, 4),
        potential(const_cast<double *>(unit), 2);
    Halide::Runtime::Buffer<int> found(found_.data(), atoms_, atoms_);
    auto energy = Halide::Runtime::Buffer<double, 0>::make_scalar();
    if (molecules_forces_f64(from, potential, found, space, far, atoms_ - 1, atoms_, energy, to) != 0) {
        throw std::runtime_error(sylvite_last_error());
    }
    for (size_t i = 0; i < gradient.size(); i++) {
        gradient[i] = static_cast<float>(-field_[i]);
    }
    return energy();
}

Point cluster_start(int atoms, unsigned start) {
    std::mt19937 random(start);
    if (atoms == truncated_octahedron && start == 0) {
        std::uniform_real_distribution<float> noise(-0.05f, 0.05f);
        Point place = lattice_around_hole();
        for (float &x : place) {
            x = x * 0.78f + noise(random);  // neighbours are 1.1 apart
        }
        return place;
    }
    const float radius = std::cbrt(0.4f * atoms) + 0.3f;
    std::uniform_real_distribution<float> uniform(-radius, radius);
    Point place(3 * size_t(atoms));
    for (int i = 0; i < atoms; i++) {
        float x[3];
        do {
            for (float &along : x) {
                along = uniform(random);
            }
        } while (x[0] * x[0] + x[1] * x[1] + x[2] * x[2] > radius * radius);
        for (int axis = 0; axis < 3; axis++) {
            place[size_t(axis) * atoms + i] = x[axis];
        }
    }
    return place;
}

Minimum lowest_cluster(int atoms, int starts, const std::function<bool(int done, double lowest)> &report,
                       const std::function<bool()> &goes_on) {
    Cluster cluster(atoms);
    const Objective energy = [&](const Point &at, Point &gradient) { return cluster.energy(at, gradient); };
    const MinimiseOptions options{.evaluations = 1000 + 10 * atoms, .first_rate = 1e-3};
    Minimum lowest;
    for (int start = 0; start < starts; start++) {
        Minimum found = minimise(cluster_start(atoms, static_cast<unsigned>(start)), energy, options,
                                 [&](const auto &) { return goes_on(); });
        if (lowest.losses.empty() || found.losses.back() < lowest.losses.back()) {
            lowest = std::move(found);
        }
        if (!report(start + 1, lowest.losses.back())) {
            break;
        }
    }
    return lowest;
}

}  // namespace sylvite::apps
