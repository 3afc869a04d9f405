#pragma once

#include "apps/molecules/simulator.h"

#include <cmath>
#include <vector>

namespace sylvite::apps {

/// Lennard-Jones atoms in plain code in f64: all pairs, forces by a formula, velocity Verlet.
struct PlainAtoms {
    using Row = std::vector<double>;

    int atoms;
    double side, cutoff, epsilon = 1, sigma = 1, step_length;

    explicit PlainAtoms(const World &world) :
        atoms(world.atoms), side(world.side), cutoff(world.cutoff), epsilon(world.epsilon), sigma(world.sigma),
        step_length(world.step_length) {}

    double energy(const Row &place) const {
        double sum = 0;
        for_pairs(place, [&](int, int, const double *, double r2) { sum += pair(r2).energy; });
        return sum;
    }

    Row forces(const Row &place) const {
        Row forces(place.size());
        for_pairs(place, [&](int i, int j, const double *way, double r2) {
            const double slope = pair(r2).slope;
            for (int axis = 0; axis < 3; axis++) {
                forces[axis * atoms + i] -= 2 * slope * way[axis];
                forces[axis * atoms + j] += 2 * slope * way[axis];
            }
        });
        return forces;
    }

    void run(Row &place, Row &velocity, int steps) const {
        Row force = forces(place);
        for (int t = 0; t < steps; t++) {
            for (size_t i = 0; i < place.size(); i++) {
                velocity[i] += step_length / 2 * force[i];
                place[i] += step_length * velocity[i];
            }
            force = forces(place);
            for (size_t i = 0; i < place.size(); i++) {
                velocity[i] += step_length / 2 * force[i];
            }
        }
    }

    /// Mean square of how far atoms are from where they were seen.
    double loss(Row place, Row velocity, int steps, const Row &seen) const {
        run(place, velocity, steps);
        double sum = 0;
        for (size_t i = 0; i < place.size(); i++) {
            sum += (place[i] - seen[i]) * (place[i] - seen[i]) / atoms;
        }
        return sum;
    }

private:
    struct Pair {
        double energy, slope;  // and its derivative by the square of the distance
    };

    Pair pair(double r2) const {
        const double near = std::pow(sigma * sigma / r2, 3), edge = std::pow(sigma / cutoff, 6), c2 = cutoff * cutoff;
        const double parabola = (6 * edge * edge - 3 * edge) / c2;
        return {4 * epsilon * (near * near - near + parabola * r2 - 7 * edge * edge + 4 * edge),
                4 * epsilon * ((-6 * near * near + 3 * near) / r2 + parabola)};
    }

    template<typename Visit>
    void for_pairs(const Row &place, const Visit &visit) const {
        for (int i = 0; i < atoms; i++) {
            for (int j = 0; j < i; j++) {
                double way[3], r2 = 0;
                for (int axis = 0; axis < 3; axis++) {
                    way[axis] = place[axis * atoms + i] - place[axis * atoms + j];
                    way[axis] -= side * std::round(way[axis] / side);
                    r2 += way[axis] * way[axis];
                }
                if (r2 < cutoff * cutoff) {
                    visit(i, j, way, r2);
                }
            }
        }
    }
};

}  // namespace sylvite::apps
