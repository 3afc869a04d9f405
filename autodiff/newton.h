#pragma once

#include "autodiff/autodiff.h"

#include <functional>
#include <vector>

namespace sylvite {

/// n equations for n unknowns at each point: a Func with the dimensions, the number of values and the type of `z`, a
/// Tuple of the unknowns, that is 0 where z solves them. It reads z at its own point only, and not by a loop, else newton()
/// throws Halide::CompileError. All that it depends on and that may be differentiated by is among `parameters`; a derivative
/// by anything else throws Halide::CompileError that names it.
using Equations = std::function<Func(const Func &z, const std::vector<Func> &parameters)>;

/// A solution as `newton` found it.
struct Root {
    Func solution;
    Func last_change;  ///< what the last iteration added, one value an unknown; has no derivative
};

/// The z with equations(z, parameters) = 0 that `iterations` steps of Newton's method lead to from `start`, for the few
/// unknowns of a cell, a particle or an implicit time step: all stays one expression, of n^2 partials and n^3 / 3
/// operations for each iteration. The Jacobian is that of `jvp`; systems are solved by elimination with pivots from the
/// column, and where one is singular z becomes infinite or NaN.
///
/// The derivative is that of the solution, -(d equations / d z)^-1 (d equations / d parameters), and not of the
/// iterations: one more system to solve, in both modes and to any order. So `start` has none, and it is right as far as
/// `last_change` is small.
Root newton(const Equations &equations, const Func &start, const std::vector<Func> &parameters, int iterations);

}  // namespace sylvite
