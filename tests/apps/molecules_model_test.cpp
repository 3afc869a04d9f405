// The libraries of the molecules app, in f32, against plain code in f64.

#include "apps/molecules/cluster.h"
#include "apps/molecules/start.h"
#include "tests/apps/molecules_plain.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace sylvite::apps {
namespace {

using Row = PlainAtoms::Row;

Row wide(const Coordinates &values) { return {values.begin(), values.end()}; }

World world_of(int atoms, double density = 0.8) {
    World world;
    world.atoms = atoms;
    world.side = static_cast<float>(std::cbrt(atoms / density));
    world.cutoff = std::min(world.cutoff, 0.49f * world.side);
    return world;
}

// From one cell in the cube to five along each axis.
TEST(Molecules, ListsHaveAllPairsThatAreNear) {
    for (const int atoms : {1, 5, 300, 1000, 3000}) {
        const World world = world_of(atoms);
        Coordinates place = on_lattice(atoms, world.side, 0.3f, 0, 1).place;
        for (size_t i = 0; i < place.size(); i += 3) {
            place[i] += 2 * world.side;  // some have gone around
        }
        const Lists lists = Simulator(world).lists(place);
        const double reach = world.cutoff + world.skin;
        for (int i = 0; i < atoms; i++) {
            std::set<int> near, listed;
            for (int j = 0; j < atoms; j++) {
                double r2 = 0;
                for (int axis = 0; axis < 3; axis++) {
                    double way = double(place[axis * atoms + i]) - place[axis * atoms + j];
                    way -= world.side * std::round(way / world.side);
                    r2 += way * way;
                }
                if (j != i && r2 < reach * reach) {
                    near.insert(j);
                }
            }
            for (int k = 1; k <= lists.found[i]; k++) {
                listed.insert(lists.found[size_t(k) * atoms + i]);
            }
            ASSERT_EQ(listed, near) << "of atom " << i << " of " << atoms;
            ASSERT_EQ(lists.found[i], static_cast<int>(near.size()));
        }
    }
}

TEST(Molecules, EnergyAndForcesAreThoseOfThePlainCode) {
    for (const int atoms : {2, 33, 500}) {
        World world = world_of(atoms, atoms == 2 ? 0.1 : 0.8);
        const Coordinates place = on_lattice(atoms, world.side, 0.1f, 0, 2).place;
        Simulator simulator(world);
        std::vector<float> field(4 * size_t(atoms));
        Lists lists = simulator.lists(place);
        for (int i = 0; i < atoms; i++) {
            for (int k = lists.found[i]; k < lists.room; k++) {  // what is not in use is no matter
                lists.found[size_t(1 + k) * atoms + i] = k % 2 ? -1000000000 : 1000000000;
            }
        }
        const double energy = simulator.energy(place, lists, field);
        const PlainAtoms plain(world);
        const Row forces = plain.forces(wide(place));
        double largest = 1, twice = 0;
        for (const double force : forces) {
            largest = std::max(largest, std::abs(force));
        }
        for (size_t i = 0; i < forces.size(); i++) {
            ASSERT_NEAR(field[i], forces[i], 1e-5 * largest) << i << " of " << atoms;
        }
        for (int i = 0; i < atoms; i++) {
            twice += field[size_t(3) * atoms + i];
        }
        EXPECT_NEAR(energy, plain.energy(wide(place)), 2e-6 * std::abs(energy));
        EXPECT_NEAR(energy, twice / 2, 2e-6 * std::abs(energy));
    }
}

TEST(Molecules, MoveAsThePlainCode) {
    const World world = world_of(125);
    const Motions start = on_lattice(world.atoms, world.side, 0.1f, 0.7f, 3);
    for (const int steps : {0, 1, 50}) {
        const Course course = Simulator(world).run(start, steps);
        Row place = wide(start.place), velocity = wide(start.velocity);
        const PlainAtoms plain(world);
        plain.run(place, velocity, steps);
        double motion = 0;
        for (size_t i = 0; i < place.size(); i++) {
            ASSERT_NEAR(course.end.place[i], place[i], 2e-5) << i << " after " << steps;
            ASSERT_NEAR(course.end.velocity[i], velocity[i], 2e-4) << i << " after " << steps;
            motion += velocity[i] * velocity[i] / 2;
        }
        EXPECT_NEAR(course.kinetic_energy, motion, 1e-5 * motion);
        EXPECT_NEAR(course.potential_energy, plain.energy(place), 1e-5 * std::abs(plain.energy(place)));
    }
}

// Over the full run: 1,000 atoms, 50 steps, three lists.
TEST(Molecules, GradientAgreesWithDifferencesOfThePlainCode) {
    World world = world_of(1000);
    world.every = 17;
    world.epsilon = 1.1f, world.sigma = 0.98f;
    const int steps = 50;
    const Motions start = on_lattice(world.atoms, world.side, 0.1f, 0.7f, 4);
    const Coordinates seen = on_lattice(world.atoms, world.side, 0.1f, 0, 5).place;
    Slopes slopes;
    const Course course = Simulator(world).run(start, steps, seen, slopes);
    EXPECT_NEAR(course.loss, PlainAtoms(world).loss(wide(start.place), wide(start.velocity), steps, wide(seen)),
                1e-5 * course.loss);
    std::mt19937 random(1);
    std::normal_distribution<double> normal;
    const size_t size = start.place.size();
    Row along_place(size), along_velocity(size);
    const double along_epsilon = 1, along_sigma = 0.3;
    double by_potential = along_epsilon * slopes.epsilon + along_sigma * slopes.sigma, by_place = 0, by_velocity = 0,
           norm = std::hypot(slopes.epsilon, slopes.sigma);
    for (size_t i = 0; i < size; i++) {
        along_place[i] = normal(random), along_velocity[i] = normal(random);
        by_place += along_place[i] * slopes.start.place[i];
        by_velocity += along_velocity[i] * slopes.start.velocity[i];
        norm = std::hypot(norm, std::hypot(slopes.start.place[i], slopes.start.velocity[i]));
    }
    // How the loss moves along a direction, by differences.
    const auto moved = [&](double potential, double place, double velocity) {
        const auto at = [&](double h) {
            PlainAtoms plain(world);
            plain.epsilon += h * potential * along_epsilon, plain.sigma += h * potential * along_sigma;
            Row x = wide(start.place), v = wide(start.velocity);
            for (size_t i = 0; i < size; i++) {
                x[i] += h * place * along_place[i], v[i] += h * velocity * along_velocity[i];
            }
            return plain.loss(x, v, steps, wide(seen));
        };
        const double h = 1e-6;
        return (at(h) - at(-h)) / (2 * h);
    };
    EXPECT_NEAR(by_potential, moved(1, 0, 0), 1e-4 * norm) << "of norm " << norm;
    EXPECT_NEAR(by_place, moved(0, 1, 0), 1e-4 * norm) << "of norm " << norm;
    EXPECT_NEAR(by_velocity, moved(0, 0, 1), 1e-4 * norm) << "of norm " << norm;
}

TEST(Molecules, BathGivesItsTemperature) {
    World world = world_of(343);
    world.friction = 5, world.temperature = 1.5f;
    Simulator simulator(world);
    Motions now = simulator.run(on_lattice(world.atoms, world.side, 0.05f, 0.1f, 6), 300).end;
    double sum = 0;
    const int samples = 20;
    for (int i = 0; i < samples; i++) {
        const Course course = simulator.run(now, 20, 300 + 20 * i);
        now = course.end;
        sum += course.kinetic_energy / 1.5 / world.atoms / samples;
    }
    EXPECT_NEAR(sum, world.temperature, 0.05 * world.temperature);
}

// 40 steps are 16 and 24, with the same random numbers.
TEST(Molecules, BathGoesOn) {
    World world = world_of(64);
    world.friction = 1, world.temperature = 0.7f;
    const Motions start = on_lattice(world.atoms, world.side, 0.05f, 0.7f, 7);
    const Course once = Simulator(world).run(start, 40);
    const Course twice = Simulator(world).run(Simulator(world).run(start, 16).end, 24, 16);
    for (size_t i = 0; i < start.place.size(); i++) {
        EXPECT_NEAR(once.end.place[i], twice.end.place[i], 1e-5);
    }
}

TEST(Molecules, ListsThatGetTooOldAreMadeMoreOften) {
    World world = world_of(125);
    world.every = 1000;
    const Motions start = on_lattice(world.atoms, world.side, 0.1f, 2, 8);
    Simulator simulator(world);
    const Course course = simulator.run(start, 200);
    EXPECT_LT(simulator.world().every, 100);
    world.every = 1;
    EXPECT_NEAR(
        course.potential_energy + course.kinetic_energy,
        [&] {
            const Course fresh = Simulator(world).run(start, 200);
            return fresh.potential_energy + fresh.kinetic_energy;
        }(),
        0.02);
    world.skin = 1e-4f;
    EXPECT_THROW(Simulator(world).run(start, 1), std::runtime_error);
    world.cutoff = 0.51f * world.side;
    EXPECT_THROW(Simulator{world}, std::runtime_error);
}

// The lowest energies that are known (Wales and Doye, 1997).
TEST(Molecules, ClustersOfLowestEnergy) {
    const auto always = [](int, double) { return true; };
    EXPECT_NEAR(lowest_cluster(13, 200, always).losses.back(), -44.326801, 5e-7);
    EXPECT_NEAR(lowest_cluster(38, 1, always).losses.back(), -173.928427, 5e-7);
}

}  // namespace
}  // namespace sylvite::apps
