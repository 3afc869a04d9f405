#pragma once

#include "autodiff/autodiff.h"
#include "autodiff/custom_rule.h"
#include "autodiff/vmap.h"
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

    Expr is_listed(const Expr &i, const Expr &k) const { return k < found(i, 0); }
    /// The k-th. All places of a list must hold numbers of atoms, also those that are not in use: nothing is tested here.
    Expr number(const Expr &i, const Expr &k) const {
        return Halide::unsafe_promise_clamped(found(i, 1 + k), 0, atoms - 1);
    }
};

/// What is between each atom and those in its list.
struct Pairs {
    Func energies;  ///< (atoms, capacity)
    Func forces;    ///< on the atom whose list it is: (3, atoms, capacity)
};

/// All pairs of atoms at `place` (atoms, 3), of which all have the same `coefficients` (2). Forces are minus the derivative of
/// energies by places.
///
/// A pair is in the lists of both its atoms, so what an atom's place does to the energies of others is what it does to its
/// own. The force on it is therefore the derivative of its own energies by its own place, the others being where they are:
/// a sum over its list, where that of all energies would add to all that are in the list.
inline Pairs pairs(const Func &place, const Func &coefficients, const Neighbours &near, const Cube &cube) {
    Halide::Var i("i"), k("k"), c("c");
    // Of one pair, no matter which.
    Func at("at"), other("other"), is_listed("is_listed"), way("way"), squared_distance("squared_distance"),
        squared("squared"), energy("energy"), force("force");
    at(c) = place(0, c);
    other(c) = place(0, c);
    is_listed() = near.is_listed(0, 0);
    way(c) = nearest(at(c) - other(c), cube);
    squared_distance() = way(0) * way(0) + way(1) * way(1) + way(2) * way(2);
    // What does not act is taken to the cutoff. There energy and force are 0, for a parabola is added to each power of r
    // (Stoddard and Ford, Phys. Rev. A 8, 1504, 1973).
    const Expr edge = cube.cutoff * cube.cutoff;
    squared() = select(is_listed() && squared_distance() < edge, squared_distance(), edge);
    const auto cubed = [](const Expr &x) { return x * x * x; };
    const Expr sixth = cubed(1 / squared()), edge_sixth = cubed(1 / edge), part = squared() / edge;
    energy() = coefficients(0) * (sixth * sixth + (6 * part - 7) * (edge_sixth * edge_sixth)) +
               coefficients(1) * (sixth + (3 * part - 4) * edge_sixth);
    force(c) = -grad(energy, at)(c);

    // All of them. The numbers of an atom lie beside one another, a fourth for nothing, so that one fetch gets them all.
    Func rows("rows"), ats("ats"), others("others"), are_listed("are_listed");
    rows(c, i) = place(i, min(c, 2));
    ats(c, i, k) = place(i, c);
    others(c, i, k) = rows(c, near.number(i, k));
    are_listed(i, k) = near.is_listed(i, k);
    const std::vector<Func> all = vmap({energy, force}, {{at, ats}, {other, others}, {is_listed, are_listed}});
    return {all[0], all[1]};
}

/// The sums over the list of each atom of what its pairs contribute, (n, atoms, capacity): (atoms, n).
inline Func sums_of_lists(const std::string &name, const Func &pairs, const Neighbours &near) {
    Halide::Var i("i"), c("c");
    Halide::RDom neighbour(0, near.capacity, "neighbour");
    Func sum("sum"), sums(name);
    sum(i, c) += pairs(c, i, neighbour);
    // Vectors that reach beyond the last atom go on with what it has.
    sums(i, c) = sum(clamp(likely(i), 0, near.atoms - 1), c);
    return sums;
}

/// The forces on atoms, (atoms, 3), by their definition.
inline Func defined_forces(const Func &place, const Func &potential, const Neighbours &near, const Cube &cube) {
    return sums_of_lists("forces", pairs(place, coefficients(potential), near, cube).forces, near);
}

/// The forces on atoms with a rule for their derivatives: that by places is minus the second derivative of the energy,
/// which is its own transpose, so the adjoint of places is how the forces move when the places move by the adjoint. That
/// is a sum over an atom's list again, and so is the adjoint of its coefficients: one sweep over the lists makes both. Where a
/// list was too short for all neighbours pairs are no longer mutual, and the derivatives are not those of the forces.
inline Func forces(const Func &place, const Func &potential, const Neighbours &near, const Cube &cube) {
    FuncRule rule;
    rule.jvp = [=](const std::vector<Func> &in, const Func &, const std::vector<Func> &moved) {
        return jvp(defined_forces(in[0], in[1], {in[2], near.atoms, near.capacity}, cube),
                   {{in[0], moved[0]}, {in[1], moved[1]}});
    };
    rule.vjp = [=](const std::vector<Func> &in, const Func &, const Func &adjoint, const Region &) {
        Halide::Var i("i"), k("k"), c("c"), term("term");
        Halide::RDom atom(0, near.atoms, "atom");
        Func both("both"), by_place("by_place"), by_coefficients("by_coefficients"), by_list("by_list");
        const Func all = coefficients(in[1]),
                   forces = pairs(in[0], all, {in[2], near.atoms, near.capacity}, cube).forces;
        const Func moved = jvp(forces, {{in[0], adjoint}});
        const auto by_coefficient = [&](int which) {
            Func one("one");
            one(term) = Halide::cast(adjoint.types()[0], term == which);
            const Func part = jvp(forces, {{all, one}});
            return adjoint(i, 0) * part(0, i, k) + adjoint(i, 1) * part(1, i, k) + adjoint(i, 2) * part(2, i, k);
        };
        both(c, i, k) = mux(c, {moved(0, i, k), moved(1, i, k), moved(2, i, k), by_coefficient(0), by_coefficient(1)});
        const Func swept = sums_of_lists("swept", both, near);
        by_place(i, c) = swept(i, c);
        by_coefficients(term) += swept(atom, 3 + term);
        by_list(i, k) = Halide::cast(adjoint.types()[0], 0);  // of integers
        return std::vector<Func>{by_place, vjp(all, by_coefficients, {{0, 2}})(in[1]), by_list};
    };
    return custom_rule(defined_forces(place, potential, near, cube), {place, potential, near.found}, rule);
}

}  // namespace sylvite::apps
