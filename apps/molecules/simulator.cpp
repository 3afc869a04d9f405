#include "apps/molecules/simulator.h"

#include "molecules_forces.h"
#include "molecules_forward.h"
#include "molecules_grad.h"
#include "molecules_langevin_forward.h"
#include "molecules_lists.h"

#include <HalideBuffer.h>
#include <targets/runtime/sylvite_runtime.h>

#include <algorithm>
#include <cmath>
#include <sstream>
#include <stdexcept>
#include <string>

namespace sylvite::apps {

namespace {

template<typename T>
Halide::Runtime::Buffer<T> view(const std::vector<T> &values, std::vector<int> extents) {
    return Halide::Runtime::Buffer<T>(const_cast<T *>(values.data()), extents);
}

Halide::Runtime::Buffer<float> as_array(const Coordinates &values) {
    return view(values, {static_cast<int>(values.size() / 3), 3});
}

Motions still(int atoms) { return {Coordinates(3 * size_t(atoms)), Coordinates(3 * size_t(atoms))}; }

std::string text(float value) {
    std::ostringstream out;
    out << value;
    return out.str();
}

void check(int code) {
    if (code != 0) {
        throw std::runtime_error(sylvite_last_error());
    }
}

/// Rooms for what was needed and some more, so that it is enough a few steps later still. Atoms of a cell are worked on 16 at a
/// time.
int list_room_for(int needed) { return needed + needed / 32 + 1; }
int cell_room_for(int needed) { return (needed + needed / 32 + 16) / 16 * 16; }

/// The arguments that all trajectories have.
struct Arguments {
    std::vector<float> parameters, energies = std::vector<float>(2);
    Course course;
    Halide::Runtime::Buffer<float> place, velocity, potential, place_end, velocity_end, energy;
    Halide::Runtime::Buffer<int> checks{3};
    Halide::Runtime::Buffer<float, 0> loss = Halide::Runtime::Buffer<float, 0>::make_scalar();

    Arguments(const World &world, const Motions &start) :
        parameters{world.epsilon, world.sigma}, place(as_array(start.place)), velocity(as_array(start.velocity)) {
        course.end = still(world.atoms);
        potential = view(parameters, {2});
        place_end = as_array(course.end.place);
        velocity_end = as_array(course.end.velocity);
        energy = view(energies, {2});
    }

    Course result() {
        course.potential_energy = energies[0];
        course.kinetic_energy = energies[1];
        course.loss = loss();
        return std::move(course);
    }
};

}  // namespace

Simulator::Simulator(const World &world) :
    world_(world), cells_(std::max(1, static_cast<int>(world.side / (world.cutoff + world.skin)))) {
    if (world.cutoff > world.side / 2) {
        throw std::runtime_error("the cutoff, " + text(world.cutoff) + ", is more than half the side of the cube, " +
                                 text(world.side) + ": take more atoms, a lower density or a shorter cutoff");
    }
}

template<typename Run>
void Simulator::with_room(const Coordinates &place, const Run &run) {
    if (list_room_ == 0) {
        lists(place);
    }
    while (true) {
        const std::array<int, 3> checks = run();
        if (checks[0] > cell_room_ || checks[1] > list_room_) {  // first: atoms that a list leaves out fly apart later
            cell_room_ = std::max(cell_room_, cell_room_for(checks[0]));
            list_room_ = std::max(list_room_, list_room_for(checks[1]));
            continue;
        }
        if (checks[2] > 0 && world_.every > 1) {
            world_.every = world_.every * 3 / 4;
            continue;
        }
        if (checks[2] > 0) {
            throw TooFast("an atom moved by more than half the skin, " + text(world_.skin) +
                          ", in one step: take a larger skin or shorter steps");
        }
        return;
    }
}

Lists Simulator::lists(const Coordinates &place) {
    const float reach = world_.cutoff + world_.skin;
    const int cells = cells_ * cells_ * cells_;
    cell_room_ = std::max(cell_room_, cell_room_for(world_.atoms / cells));
    list_room_ = std::max(list_room_, 1);
    auto from = as_array(place);
    while (true) {
        Lists lists{list_room_, 0, std::vector<int>(size_t(world_.atoms) * (1 + list_room_))};
        Halide::Runtime::Buffer<int> in_cells(1 + cell_room_, cells),
            found = view(lists.found, {world_.atoms, 1 + list_room_});
        check(molecules_lists(from, world_.side, reach, cells_, cell_room_, list_room_, world_.atoms, in_cells, found));
        int fullest = 0;
        for (int cell = 0; cell < cells; cell++) {
            fullest = std::max(fullest, in_cells(0, cell));
        }
        lists.longest = *std::max_element(lists.found.begin(), lists.found.begin() + world_.atoms);
        if (fullest <= cell_room_ && lists.longest <= list_room_) {
            return lists;
        }
        cell_room_ = std::max(cell_room_, cell_room_for(fullest));
        list_room_ = std::max(list_room_, list_room_for(lists.longest));
    }
}

Course Simulator::run(const Motions &start, int steps, int before) {
    Arguments a(world_, start);
    with_room(start.place, [&] {
        const World &w = world_;
        if (w.friction == 0) {
            check(molecules_forward(a.place, a.velocity, a.potential, a.place, w.side, w.cutoff, w.skin, cells_,
                                    cell_room_, list_room_, w.atoms, steps, w.every, w.step_length, a.loss, a.place_end,
                                    a.velocity_end, a.energy, a.checks));
        } else {
            check(molecules_langevin_forward(a.place, a.velocity, a.potential, a.place, w.side, w.cutoff, w.skin,
                                             cells_, cell_room_, list_room_, w.atoms, steps, w.every, w.step_length,
                                             w.friction, w.temperature, w.seed, before, a.loss, a.place_end,
                                             a.velocity_end, a.energy, a.checks));
        }
        return std::array<int, 3>{a.checks(0), a.checks(1), a.checks(2)};
    });
    return a.result();
}

Course Simulator::run(const Motions &start, int steps, const Coordinates &seen, Slopes &slopes) {
    Arguments a(world_, start);
    slopes.start = still(world_.atoms);
    std::vector<float> by_parameters(2);
    auto where = as_array(seen), by_potential = view(by_parameters, {2}), by_place = as_array(slopes.start.place),
         by_velocity = as_array(slopes.start.velocity);
    with_room(start.place, [&] {
        const World &w = world_;
        check(molecules_grad(a.place, a.velocity, a.potential, where, w.side, w.cutoff, w.skin, cells_, cell_room_,
                             list_room_, w.atoms, steps, w.every, w.step_length, a.loss, a.place_end, a.velocity_end,
                             a.energy, a.checks, by_potential, by_place, by_velocity));
        return std::array<int, 3>{a.checks(0), a.checks(1), a.checks(2)};
    });
    slopes.epsilon = by_parameters[0], slopes.sigma = by_parameters[1];
    return a.result();
}

double Simulator::energy(const Coordinates &place, const Lists &lists, std::vector<float> &field) const {
    const std::vector<float> parameters{world_.epsilon, world_.sigma};
    auto from = as_array(place), potential = view(parameters, {2}), to = view(field, {world_.atoms, 4});
    auto found = view(lists.found, {world_.atoms, 1 + lists.room});
    auto energy = Halide::Runtime::Buffer<float, 0>::make_scalar();
    check(molecules_forces(from, potential, found, world_.side, world_.cutoff, lists.room, world_.atoms, energy, to));
    return energy();
}

}  // namespace sylvite::apps
