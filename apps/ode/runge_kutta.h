#pragma once

#include <numeric>
#include <vector>

namespace sylvite::apps {

/// A diagonally implicit Runge-Kutta method. With the slopes d[i] of its stages times the step h,
///
///     d[i] = h f(t + c[i] h, y + sum_(j <= i) a[i][j] d[j]),    c[i] = sum_j a[i][j]
///
/// the last stage ends at the next step (the method is stiffly accurate), and, in methods with an error estimate, the last
/// but one ends there too, less exactly: their difference estimates the error.
struct RungeKutta {
    std::vector<std::vector<double>> a;  ///< row i has i + 1 entries; a 0 at its end makes stage i explicit
    int order;
    bool has_error;

    double c(size_t stage) const { return std::accumulate(a[stage].begin(), a[stage].end(), 0.0); }
};

/// Of order 1, L-stable.
inline RungeKutta backward_euler() { return {{{1}}, 1, false}; }

/// Of order 3 and L-stable, with an estimate of order 2 that is A-stable: A. Kvaerno, Singly diagonally implicit
/// Runge-Kutta methods with an explicit first stage, BIT 44, 2004, the pair 3/2.
inline RungeKutta kvaerno() {
    // The root of g^3 - 3 g^2 + 3/2 g - 1/6 between 0.4 and 0.5, by Newton's method.
    double g = 0.43;
    for (int i = 0; i < 6; i++) {
        g -= (((g - 3) * g + 1.5) * g - 1 / 6.0) / ((3 * g - 6) * g + 1.5);
    }
    const double quadrature = (-4 * g * g + 6 * g - 1) / (4 * g), middle = (1 - 2 * g) / (4 * g);
    return {{{0},
             {g, g},
             {quadrature, middle, g},
             {(6 * g - 1) / (12 * g), -1 / ((24 * g - 12) * g), (-6 * g * g + 6 * g - 1) / (6 * g - 3), g}},
            3,
            true};
}

}  // namespace sylvite::apps
