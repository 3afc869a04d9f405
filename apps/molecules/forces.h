#pragma once

#include "autodiff/autodiff.h"
#include "autodiff/custom_rule.h"
#include "frontend/array.h"

namespace sylvite::apps {

/// A cube that goes on periodically. Lengths are in units of sigma, the size of an atom; atoms that are farther apart than
/// `cutoff`, which is at most half the side, do not act on one another. Both Exprs are of the type of all floats.
struct Cube {
    Expr side, cutoff;
};

/// A way along an axis between two atoms, to the nearest of the images that the second one has.
inline Expr nearest(const Expr &way, const Cube &cube) { return way - cube.side * round(way * (1 / cube.side)); }

/// The coefficients of r^-12 and r^-6 in Lennard and Jones's energy of two atoms, 4 epsilon ((sigma / r)^12 - (sigma / r)^6):
/// (2), of `potential` (2), which holds epsilon and sigma.
inline Func coefficients(const Func &potential) {
    Halide::Var term("term");
    Func coefficients("coefficients");
    const Expr squared = potential(1) * potential(1), sixth = squared * squared * squared;
    coefficients(term) = 4 * potential(0) * select(term == 0, sixth * sixth, -sixth);
    return coefficients;
}

/// Who is near whom: `found(i, 0)` is how many atoms are near atom i, `found(i, 1 + k)` the k-th of them. Two atoms are in
/// each other's list or in neither's. (atoms, 1 + capacity)
struct Neighbours {
    Func found;
    Expr atoms, capacity;
};

/// The energies that atoms at `at` (atoms, 3) have with others at `others` (atoms, 3): (atoms). `of` (atoms, 2) are the
/// coefficients of each atom.
inline Func energies(const Func &at, const Func &others, const Func &of, const Neighbours &near, const Cube &cube) {
    Halide::Var i("i"), k("k"), c("c");
    Halide::RDom axis(0, 3, "axis"), neighbour(0, near.capacity, "neighbour");
    Func way("way"), squared_distance("squared_distance"), squared("squared"), pair("pair"), energies("energies");
    way(i, k, c) = nearest(at(i, c) - others(clamp(near.found(i, 1 + k), 0, near.atoms - 1), c), cube);
    squared_distance(i, k) += way(i, k, axis) * way(i, k, axis);
    // What does not act is taken to the cutoff. There energy and force are 0, for a parabola is added to each power of r
    // (Stoddard and Ford, Phys. Rev. A 8, 1504, 1973).
    const Expr edge = cube.cutoff * cube.cutoff;
    squared(i, k) = select(k < near.found(i, 0) && squared_distance(i, k) < edge, squared_distance(i, k), edge);
    const auto cubed = [](const Expr &x) { return x * x * x; };
    const Expr sixth = cubed(1 / squared(i, k)), edge_sixth = cubed(1 / edge), part = squared(i, k) / edge;
    pair(i, k) = of(i, 0) * (sixth * sixth + (6 * part - 7) * (edge_sixth * edge_sixth)) +
                 of(i, 1) * (sixth + (3 * part - 4) * edge_sixth);
    energies(i) += pair(i, neighbour);
    return energies;
}

/// What is between atoms: twice the energy that each has with the others, (atoms), and the force on it, (atoms, 3).
struct Field {
    Func energies, forces;
};

/// The field of atoms, of which forces are minus the derivative of the energy by places.
///
/// A pair is in the lists of both its atoms, so what an atom's place does to the energies of others is what it does to its
/// own. The force on it is therefore the derivative of its own energies by its own place, the others being where they are:
/// a sum over its list, where that of all energies would add to all that are in the list.
inline Field field(const Func &place, const Func &of, const Neighbours &near, const Cube &cube) {
    Halide::Var i("i"), c("c");
    Halide::RDom atom(0, near.atoms, "atom");
    Func at("at"), energy("energy"), forces("forces");
    at(i, c) = place(i, c);
    const Func each = energies(at, place, of, near, cube);
    energy() += each(atom);
    forces(i, c) = -grad(energy, at)(i, c);
    return {each, forces};
}

/// The same coefficients for each atom: (atoms, 2).
inline Func for_each(const Func &coefficients) {
    Halide::Var i("i"), term("term");
    Func of("of");
    of(i, term) = coefficients(term);
    return of;
}

/// The forces on atoms with a rule for their derivatives: that by places is minus the second derivative of the energy,
/// which is its own transpose, so the adjoint of places is how the forces move when the places move by the adjoint. That
/// is a sum over an atom's list again, and so is the adjoint of its coefficients: one sweep over the lists makes both. Where a
/// list was too short for all neighbours pairs are no longer mutual, and the derivatives are not those of the forces.
inline Func forces(const Func &place, const Func &potential, const Neighbours &near, const Cube &cube) {
    FuncRule rule;
    rule.jvp = [=](const std::vector<Func> &in, const Func &, const std::vector<Func> &moved) {
        const Neighbours lists{in[2], near.atoms, near.capacity};
        return jvp(field(in[0], for_each(coefficients(in[1])), lists, cube).forces,
                   {{in[0], moved[0]}, {in[1], moved[1]}});
    };
    rule.vjp = [=](const std::vector<Func> &in, const Func &, const Func &adjoint, const Region &box) {
        Halide::Var i("i"), c("c"), k("k"), term("term");
        Halide::RDom atom(0, near.atoms, "atom");
        Func swept("swept"), by_place("by_place"), by_coefficients("by_coefficients"), by_list("by_list");
        const Func all = coefficients(in[1]), of = for_each(all);
        const Func forces = field(in[0], of, {in[2], near.atoms, near.capacity}, cube).forces;
        const Func moved = jvp(forces, {{in[0], adjoint}}), by_of = vjp(forces, adjoint, box)(of);
        swept(i, c) = mux(c, {moved(i, 0), moved(i, 1), moved(i, 2), by_of(i, 0), by_of(i, 1)});
        by_place(i, c) = swept(i, c);
        by_coefficients(term) += swept(atom, 3 + term);
        by_list(i, k) = Halide::cast(adjoint.types()[0], 0);  // of integers
        return std::vector<Func>{by_place, vjp(all, by_coefficients, {{0, 2}})(in[1]), by_list};
    };
    return custom_rule(field(place, for_each(coefficients(potential)), near, cube).forces,
                       {place, potential, near.found}, rule);
}

}  // namespace sylvite::apps
