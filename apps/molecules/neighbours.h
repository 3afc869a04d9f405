#pragma once

#include "apps/molecules/forces.h"

namespace sylvite::apps {

/// How much room there is for lists of neighbours, and how far they look. The cube is cut into `cells` cells along each
/// axis, which are at least as wide as `reach`, unless there is one only; int32s.
struct Room {
    Expr reach;     ///< of a list, a length: the cutoff and a skin
    Expr cells;     ///< along an axis, at least 1
    Expr in_cell;   ///< how many atoms a cell has room for
    Expr capacity;  ///< how many neighbours an atom has room for

    Expr all_cells() const { return cells * cells * cells; }
};

/// In which cell each atom is: (atoms).
inline Func homes(const Func &place, const Cube &cube, const Room &room) {
    Halide::Var i("i");
    Func home("home");
    const auto along = [&](int axis) {
        const Expr turns = place(i, axis) / cube.side;  // of the way around the cube, of which the fraction counts
        return clamp(Halide::cast<int>(room.cells * (turns - floor(turns))), 0, room.cells - 1);
    };
    home(i) = along(0) + room.cells * (along(1) + room.cells * along(2));
    return home;
}

/// Which atoms are in which cell: `in_cells(0, cell)` is how many, `in_cells(1 + slot, cell)` are their numbers. Where there
/// are more than there is room for some are lost, but counted. (1 + in_cell, cells * cells * cells)
inline Array atoms_in_cells(const Array &place, const Cube &cube, const Room &room) {
    Halide::Var slot("slot"), cell("cell");
    Halide::RDom atom(0, place.extents()[0], "atom");
    Func in_cells("in_cells");
    in_cells(slot, cell) = 0;
    const Expr home = clamp(homes(place, cube, room)(atom), 0, room.all_cells() - 1), count = in_cells(0, home);
    in_cells(Halide::scatter(0, 1 + clamp(count, 0, room.in_cell - 1)), home) = Halide::gather(count + 1, atom);
    return Array(in_cells, {1 + room.in_cell, room.all_cells()});
}

/// Who is near whom: all pairs that are no farther apart than `reach`, found in the cell of an atom and the 26 around it.
/// Integers, which have no derivative. An atom that has more neighbours than there is room for has a list that is too
/// long: `found(i, 0) > capacity`.
///
/// Atoms of one cell are asked together, for they have the same candidates; lists are put in the order of the atoms then.
inline Array neighbours(const Array &place, const Array &in_cells, const Cube &cube, const Room &room) {
    Halide::Var i("i"), k("k"), slot("slot"), cell("cell"), c("c");
    const Expr atoms = place.extents()[0];
    Func number("number"), there("there"), by_cell("by_cell"), slot_of("slot_of"), found("found");
    number(slot, cell) = clamp(in_cells(1 + slot, cell), 0, atoms - 1);
    there(slot, c, cell) = place(number(slot, cell), c);

    // Of one or two cells along an axis each is visited once.
    const Expr around = min(room.cells, 3);
    Halide::RDom candidate(0, room.in_cell, 0, around, 0, around, 0, around, "candidate");
    const auto along = [&](const Expr &home, const Expr &offset) {
        return (home + offset + select(around == 3, room.cells - 1, 0)) % room.cells;
    };
    const Expr next_cell = clamp(along(cell % room.cells, candidate.y) +
                                     room.cells * (along(cell / room.cells % room.cells, candidate.z) +
                                                   room.cells * along(cell / (room.cells * room.cells), candidate.w)),
                                 0, room.all_cells() - 1);
    candidate.where(candidate.x < in_cells(0, next_cell));
    const Expr other = number(candidate.x, next_cell);
    Expr squared_distance = Halide::cast(place.type(), 0);
    for (int axis = 0; axis < 3; axis++) {
        const Expr way = nearest(there(slot, axis, cell) - there(candidate.x, axis, next_cell), cube);
        squared_distance += way * way;
    }
    const Expr is_near = squared_distance < room.reach * room.reach && other != number(slot, cell);
    // Each candidate is written down behind the last neighbour, where the next one replaces it if it is none; behind a full
    // list there is a place for that.
    by_cell(slot, k, cell) = 0;
    const Expr count = by_cell(slot, 0, cell);
    by_cell(slot, Halide::scatter(0, 1 + clamp(count, 0, room.capacity)), cell) =
        Halide::gather(count + Halide::cast<int>(is_near), other);

    Halide::RDom entry(0, room.in_cell, 0, room.all_cells(), "entry");
    entry.where(entry.x < in_cells(0, entry.y));
    slot_of(i) = 0;
    slot_of(number(entry.x, entry.y)) = entry.x;
    found(i, k) =
        by_cell(clamp(slot_of(i), 0, room.in_cell - 1), k, clamp(homes(place, cube, room)(i), 0, room.all_cells() - 1));
    return Array(found, {atoms, 1 + room.capacity});
}

}  // namespace sylvite::apps
