#pragma once

#include "frontend/program.h"

namespace sylvite {

/// Solutions of equations, differentiated by the equation they solve and not through the steps that found them: no step
/// is kept, and the derivative is that of the solution, to any order. They may stand in the body of a loop.

/// A map from an Array to one of the same type and extents. All that it depends on and that may be differentiated by is
/// among `parameters`; a derivative by anything else it reads throws Halide::CompileError that names it.
using ArrayMap = std::function<Array(const Array &x, const Arrays &parameters)>;

struct FixedPointOptions {
    std::string name = "fixed_point";  ///< of the loop, for schedules and prints
    Expr steps = 50;                   ///< of the iteration, and of the one for each derivative
};
/// The x with x = map(x, parameters) that iterating `map` from `start` leads to. Does not depend on `start`. Derivatives
/// are found by iterating too, (I - J) dx = df as dx <- J dx + df and its transpose, which converges where the map
/// contracts. Cost: `steps` evaluations of the map; a derivative as many of its jvp or vjp.
Array fixed_point(const ArrayMap &map, const Array &start, const Arrays &parameters,
                  const FixedPointOptions &options = {});

/// What solves map(x) = b for a linear map.
using LinearSolver = std::function<Array(const std::function<Array(const Array &)> &map, const Array &b)>;

/// The method of conjugate gradients, for symmetric positive definite maps. Cost: `steps` evaluations of the map.
Array conjugate_gradients(const std::function<Array(const Array &)> &map, const Array &b, const Expr &steps,
                          const std::string &name = "conjugate_gradients");

struct LinearSolveOptions {
    std::string name = "linear_solve";  ///< of the loop, for schedules and prints
    Expr steps = 50;                    ///< of conjugate gradients
    /// Whether the map is symmetric. One that is not is solved by the normal equations, and derivatives need the
    /// transposed map, which is derived.
    bool symmetric = true;
    /// In place of conjugate gradients: for the map, and for the transposed one.
    LinearSolver solver = nullptr;
};
/// The x with map(x, parameters) = b, where the map is linear in x. A derivative is one more solve: forward with
/// db - dmap(x), in reverse with the transposed map.
Array linear_solve(const ArrayMap &map, const Array &b, const Arrays &parameters,
                   const LinearSolveOptions &options = {});

}  // namespace sylvite
