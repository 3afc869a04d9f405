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
    auto [last, before_last] = loop(steps, {surface, surface},
                                    [&](const Expr &, const Array &now, const Array &before) {
                                        Func water = zero_outside(now), next("next");
                                        Expr curvature = water(x - 1, y) + water(x + 1, y) + water(x, y - 1) +
                                                         water(x, y + 1) - 4 * water(x, y);
                                        next(x, y) = 2 * water(x, y) - before(x, y) + courant_squared * curvature;
                                        return Arrays{Array(next, now.extents()), now};
                                    },
                                    {.name = "wave"});
    return last;
}

/// How far the surface after `steps` steps is from a photograph: `loss` is the mean of their squared differences,
/// `formed` the surface itself. Both inputs are n x n.
inline Program wave(int n) {
    Array surface = input<float>("surface", {n, n}), photograph = input<float>("photograph", {n, n});
    Halide::Param<int> steps("steps");
    Array formed = surface_after(surface, steps);

    Halide::RDom cell(0, n, 0, n, "cell");
    Expr difference = formed(cell.x, cell.y) - photograph(cell.x, cell.y);
    Func loss("loss");
    loss() = 0.0f;
    loss() += difference * difference / float(n * n);
    return Program("wave", {surface, photograph, steps}, {{"loss", Array(loss, {})}, {"formed", formed}});
}

}  // namespace sylvite::apps
