#pragma once

#include "frontend/array.h"

namespace sylvite::apps {

/// Solvers of lap p = f on a grid of cells of width 1, by five points. Fields are Funcs (x, y) on the whole plane with
/// the period of the grid; f is 0 in the mean, or there is no p. All start from p = 0 and are linear in f.

/// One relaxation of `p`: each cell moves by `weight` of the way to where the equation holds for it.
inline Func relaxed(const Func &p, const Func &f, float weight) {
    Halide::Var x("x"), y("y");
    Func pressure("pressure");
    Expr around = p(x - 1, y) + p(x + 1, y) + p(x, y - 1) + p(x, y + 1);
    pressure(x, y) = weight == 1 ? (around - f(x, y)) / 4 : (1 - weight) * p(x, y) + weight / 4 * (around - f(x, y));
    return pressure;
}

/// The first relaxation, of 0.
inline Func relaxed_zero(const Func &f, float weight) {
    Halide::Var x("x"), y("y");
    Func pressure("pressure");
    pressure(x, y) = -weight / 4 * f(x, y);
    return pressure;
}

/// p after `iterations` Jacobi steps. A wave of wave vector k is left with the part ((cos kx + cos ky) / 2)^iterations of
/// its error: short waves go quickly, a wave as long as the grid hardly at all.
inline Func jacobi(const Func &f, int iterations) {
    Func p = relaxed_zero(f, 1);
    for (int i = 1; i < iterations; i++) {
        p = relaxed(p, f, 1);
    }
    return p;
}

/// p after one V-cycle, which leaves less than a fifth of any wave's residual: two relaxations, the same equation for the
/// error on cells of twice the width, down to four or an odd number of cells each way, two relaxations. The period is
/// n x n.
inline Func multigrid(const Func &f, int n) {
    constexpr float weight = 0.8f;  // which damps the upper half of the waves most
    constexpr int coarsest = 4, relaxations = 2, relaxations_of_coarsest = 16;
    Halide::Var x("x"), y("y");
    Func p = relaxed(relaxed_zero(f, weight), f, weight);
    if (n % 2 != 0 || n <= coarsest) {
        for (int i = 0; i < relaxations_of_coarsest; i++) {
            p = relaxed(p, f, weight);
        }
        return p;
    }
    Func residual("residual"), coarse("coarse"), corrected("corrected");
    residual(x, y) = f(x, y) - (p(x - 1, y) + p(x + 1, y) + p(x, y - 1) + p(x, y + 1) - 4 * p(x, y));
    // Four cells, whose mean counts four times where lengths are half as many.
    coarse(x, y) = residual(2 * x, 2 * y) + residual(2 * x + 1, 2 * y) + residual(2 * x, 2 * y + 1) +
                   residual(2 * x + 1, 2 * y + 1);
    const Func error = multigrid(Halide::BoundaryConditions::repeat_image(coarse, {{0, n / 2}, {0, n / 2}}), n / 2);
    // Bilinear: the centre of a cell is a quarter of a wide cell from the nearest wide cell's.
    Expr near_x = x / 2, far_x = near_x + select(x % 2 == 0, -1, 1);
    Expr near_y = y / 2, far_y = near_y + select(y % 2 == 0, -1, 1);
    corrected(x, y) =
        p(x, y) +
        (9 * error(near_x, near_y) + 3 * error(far_x, near_y) + 3 * error(near_x, far_y) + error(far_x, far_y)) / 16;
    p = corrected;
    for (int i = 0; i < relaxations; i++) {
        p = relaxed(p, f, weight);
    }
    return p;
}

}  // namespace sylvite::apps
