#pragma once

#include "frontend/program.h"

// Small programs that the tests of the room run.

namespace sylvite::test {

/// u(t+1) = 2 u(t) - u(t-1) + c * laplacian u(t), zero around n x m cells; inputs u0, c, steps; output u.
inline Program wave(const std::string &name, int n, int m) {
    Halide::Var x("x"), y("y");
    Halide::Param<int> steps("steps");
    Array u0 = input<float>("u0", {n, m}), c = input<float>("c", {n, m});
    Array u = loop(steps, {u0, u0}, [&](Expr, Array now, Array before) {
        Func next("next"), w = zero_outside(now);
        next(x, y) = 2.f * now(x, y) - before(x, y) +
                     c(x, y) * (w(x - 1, y) + w(x + 1, y) + w(x, y - 1) + w(x, y + 1) - 4.f * w(x, y));
        return Arrays{Array(next, now.extents()), now};
    })[0];
    return Program(name, {u0, c, steps}, {{"u", u}});
}

}  // namespace sylvite::test
