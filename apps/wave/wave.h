#pragma once

#include "frontend/program.h"

namespace sylvite::apps {

/// (dt * speed / dx)^2 of the wave equation; stable up to 1/2. README.md says why it is 1/5.
constexpr float courant_squared = 0.2f;

/// The water surface `steps` time steps after `surface` was let go at rest, in a pool whose walls hold it at 0.
///
///     u'' = speed^2 * (d^2u/dx^2 + d^2u/dy^2)       leapfrog in time, five points in space
///
/// `surface` is (width, height), and so is the result.
inline Array surface_after(const Array &surface, const Expr &steps) {
    Halide::Var x("x"), y("y");
    const auto step = [&](const Expr &, const Array &now, const Array &before) {
        Func water = zero_outside(now), next("next");
        Expr around = water(x - 1, y) + water(x + 1, y) + water(x, y - 1) + water(x, y + 1);
        // One coefficient a cell: its rounding is then the same in the derivative, where terms are sorted anew.
        const float k = courant_squared, centre = 2 - 4 * k;
        next(x, y) = centre * water(x, y) + k * around - before(x, y);
        return Arrays{Array(next, now.extents()), now};
    };
    auto [last, before_last] = loop(steps, {surface, surface}, step, {.name = "wave"});
    return last;
}

/// How far the surface after `steps` steps is from a photograph: `loss` is the mean of their squared differences,
/// `formed` the surface itself. Both inputs are n x n.
inline Program wave(int n) {
    Array surface = input<float>("surface", {n, n}), photograph = input<float>("photograph", {n, n});
    Halide::Param<int> steps("steps");
    Array formed = surface_after(surface, steps);

    // Summed row by row: 65536 small numbers added one after the other would lose the fifth digit.
    Halide::Var y("y");
    Halide::RDom column(0, n, "column"), row(0, n, "row");
    Func row_sum("row_sum"), loss("loss");
    Expr difference = formed(column, y) - photograph(column, y);
    row_sum(y) += difference * difference;
    loss() += row_sum(row) / float(n * n);
    return Program("wave", {surface, photograph, steps}, {{"loss", Array(loss, {})}, {"formed", formed}});
}

}  // namespace sylvite::apps
