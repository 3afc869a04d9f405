#pragma once

#include "apps/molecules/neighbours.h"
#include "frontend/program.h"
#include "frontend/random.h"

#include <functional>

namespace sylvite::apps {

/// Where atoms are, how fast they move, and what acts on them: (atoms, 3) each. All masses are 1, so forces are
/// accelerations; times are in tau = sigma sqrt(m / epsilon), temperatures in epsilon / k.
struct Atoms {
    Array place, velocity, force;
};

/// What a bath of some temperature does to velocities in a step of number `step`.
using Bath = std::function<Func(const Func &velocity, const Expr &step)>;

/// Langevin's: velocities lose a part of themselves, `friction` in 1/tau, and get as much at random.
inline Bath langevin(const Expr &friction, const Expr &temperature, const Expr &seed, const Expr &step_length) {
    return [=](const Func &velocity, const Expr &step) {
        Halide::Var i("i"), c("c");
        const Type type = velocity.types()[0];
        const Expr kept = exp(-friction * step_length);
        Func warmed("warmed");
        warmed(i, c) = kept * velocity(i, c) + sqrt((1 - kept * kept) * temperature) *
                                                   random_normal(type, fold_in(random_key(seed), step), {i, c});
        return warmed;
    };
}

/// The atoms one step later: half a step of forces, half a step of motion, the bath, the other half of the motion, half a
/// step of the new forces (Leimkuhler and Matthews, BAOAB, 2013). Without a bath that is the velocity Verlet method, of second
/// order.
inline Atoms moved(const Atoms &now, const std::function<Array(const Func &place)> &force_at, const Bath &bath,
                   const Expr &step_length, const Expr &step) {
    Halide::Var i("i"), c("c");
    const std::vector<Expr> extents = now.place.extents();
    Func pushed("pushed"), place("place"), velocity("velocity");
    pushed(i, c) = now.velocity(i, c) + step_length / 2 * now.force(i, c);
    const Func warmed = bath ? bath(pushed, step) : pushed;
    place(i, c) = bath ? now.place(i, c) + step_length / 2 * (pushed(i, c) + warmed(i, c))
                       : now.place(i, c) + step_length * pushed(i, c);
    const Array there(place, extents);
    const Array force = force_at(there);
    velocity(i, c) = warmed(i, c) + step_length / 2 * force(i, c);
    return {there, Array(velocity, extents), force};
}

/// Where atoms are after `steps` steps, and how fast; the loss is the mean square of how far they are from where they were
/// `seen`. Lists of neighbours are made anew every `every` steps. `potential` (2) holds epsilon and sigma.
///
/// `energy` (2) is the potential and the kinetic energy at the end. `checks` (3) is how many atoms were in the fullest cell
/// and in the longest list, of which there was room for `cell_room` and `list_room`, and how many moved by more than half
/// the skin while a list was used, which must be none: derivatives are right only then. Where cells are narrower than lists
/// reach, or the cutoff is more than half the side, all atoms count as moved. A bath is told that `before` steps were made
/// already. Sizes are given at run time, of which `cells` and `every` are 1 where less is given; `type` is that of all floats.
inline Program molecules(Type type, bool has_bath) {
    using Halide::Param;
    const Param<int> atoms("atoms"), given_cells("cells"), cell_room("cell_room"), list_room("list_room"),
        steps("steps"), given_every("every"), seed("seed"), before("before");
    const Expr cells = max(given_cells, 1), every = max(given_every, 1);
    const Param<void> side(type, "side"), cutoff(type, "cutoff"), skin(type, "skin"), step_length(type, "step_length"),
        friction(type, "friction"), temperature(type, "temperature");
    const Array place = input(type, "place", {atoms, 3}), velocity = input(type, "velocity", {atoms, 3}),
                potential = input(type, "potential", {2}), seen = input(type, "seen", {atoms, 3});
    const Cube cube{side, cutoff};
    const Room room{cutoff + skin, cells, cell_room, list_room};
    const Bath bath = has_bath ? langevin(friction, temperature, seed, step_length) : Bath();

    Halide::Var i("i");
    Halide::RDom atom(0, atoms, "atom"), each(0, atoms, 0, 3, "each"), pair(0, atoms, 0, list_room, "pair"),
        cell(0, cells * cells * cells, "cell");
    const Expr misses_some = (cells > 1 && cells * room.reach > side * 1.0001f) || cutoff > side * 0.50001f;
    // Lists for atoms at a place, and the checks of them.
    const auto lists_at = [&](const Array &there) {
        const Array in_cells = atoms_in_cells(there, cube, room), found = neighbours(there, in_cells, cube, room);
        Func sizes("sizes");
        sizes(i) = mux(i, {maximum(in_cells(0, cell)), maximum(found(atom, 0)), select(misses_some, atoms, 0)});
        return std::pair(found, sizes);
    };
    const auto force_at = [&](const Func &there, const Array &found) {
        return Array(forces(there, potential, {found, max(atoms, 1), max(list_room, 1)}, cube), place.extents());
    };
    // The steps that are made with one list, and the next list, if there are more steps. The reverse derivative keeps them, and
    // makes none again.
    const Expr epochs = (steps + every - 1) / every;
    const auto epoch = [&](const Expr &number, const Arrays &state) {
        const Array &start = state[0], &found = state[3], &checks = state[4];
        const auto step = [&](const Expr &t, const Arrays &now) {
            const Atoms next = moved(
                {now[0], now[1], now[2]}, [&](const Func &there) { return force_at(there, found); }, bath, step_length,
                before + number * every + t);
            return Arrays{next.place, next.velocity, next.force};
        };
        const Arrays last = loop(min(every, steps - number * every), {start, state[1], state[2]}, LoopBody(step),
                                 {.name = "step", .capacity = every});

        const Arrays next = branch(
            number + 1 < epochs, {found, checks, last[0]},
            [&](const Arrays &now) {
                const auto [next_found, sizes] = lists_at(now[2]);
                return Arrays{next_found, Array(sizes, {3}), now[2]};
            },
            [](const Arrays &as_before) { return as_before; });
        Func went_far("went_far"), checked("checked");
        Expr squared_way = Halide::cast(type, 0);
        for (int axis = 0; axis < 3; axis++) {
            const Expr way = last[0](i, axis) - start(i, axis);
            squared_way += way * way;
        }
        went_far(i) = Halide::cast<int>(squared_way > skin * skin / 4);
        checked(i) = select(i < 2, max(checks(i), next[1](i)), checks(i) + sum(went_far(atom)));
        return Arrays{last[0], last[1], last[2], next[0], Array(checked, {3})};
    };
    const auto [found, sizes] = lists_at(place);
    const Arrays end = loop(epochs, {place, velocity, force_at(place, found), found, Array(sizes, {3})},
                            LoopBody(epoch), {.name = "epoch"});

    Func loss("loss"), attraction("attraction"), motion("motion"), energy("energy");
    const Expr off = end[0](each.x, each.y) - seen(each.x, each.y), speed = end[1](each.x, each.y);
    loss() += off * off / atoms;
    attraction() +=
        pairs(end[0], coefficients(potential), {end[3], atoms, list_room}, cube).energies(pair.x, pair.y) / 2;
    motion() += speed * speed / 2;
    energy(i) = mux(i, {attraction(), motion()});
    std::vector<ProgramInput> inputs{place,       velocity,  potential, seen,  side,  cutoff,      skin,
                                     given_cells, cell_room, list_room, atoms, steps, given_every, step_length};
    if (has_bath) {
        inputs.insert(inputs.end(), {friction, temperature, seed, before});
    }
    return Program("molecules", inputs,
                   {{"loss", Array(loss, {})},
                    {"place_end", end[0]},
                    {"velocity_end", end[1]},
                    {"energy", Array(energy, {2})},
                    {"checks", end[4]}});
}

/// The lists alone, of what is within `reach`; see Neighbours and atoms_in_cells().
inline Program molecules_lists(Type type) {
    const Halide::Param<int> atoms("atoms"), cells("cells"), cell_room("cell_room"), list_room("list_room");
    const Halide::Param<void> side(type, "side"), reach(type, "reach");
    const Array place = input(type, "place", {atoms, 3});
    const Room room{reach, max(cells, 1), cell_room, list_room};
    const Cube cube{side, reach};
    const Array in_cells = atoms_in_cells(place, cube, room);
    return Program("molecules_lists", {place, side, reach, cells, cell_room, list_room, atoms},
                   {{"in_cells", in_cells}, {"found", neighbours(place, in_cells, cube, room)}});
}

/// The energy and the field (atoms, 4) of atoms whose lists, `found` (atoms, 1 + list_room), are given: the force along each
/// axis, and as the fourth twice the energy with all others.
inline Program molecules_forces(Type type) {
    const Halide::Param<int> atoms("atoms"), list_room("list_room");
    const Halide::Param<void> side(type, "side"), cutoff(type, "cutoff");
    const Array place = input(type, "place", {atoms, 3}), potential = input(type, "potential", {2}),
                found = input<int>("found", {atoms, 1 + list_room});
    Halide::Var i("i"), k("k"), c("c");
    Halide::RDom atom(0, atoms, "atom");
    Func inside("inside"), both("both"), energy("energy");
    inside(i, k) = select(k == 0, found(i, k), clamp(found(i, k), 0, max(atoms, 1) - 1));  // whatever is given
    const Neighbours near{inside, max(atoms, 1), max(list_room, 1)};
    const Pairs pairs = apps::pairs(place, coefficients(potential), near, {side, cutoff});
    both(c, i, k) = mux(c, {pairs.forces(0, i, k), pairs.forces(1, i, k), pairs.forces(2, i, k), pairs.energies(i, k)});
    const Array whole(sums_of_lists("field", both, near), {atoms, 4});
    energy() += whole(atom, 3) / 2;
    return Program("molecules_forces", {place, potential, found, side, cutoff, list_room, atoms},
                   {{"energy", Array(energy, {})}, {"field", whole}});
}

}  // namespace sylvite::apps
