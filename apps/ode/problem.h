#pragma once

#include "frontend/program.h"

#include <functional>
#include <string>
#include <vector>

namespace sylvite::apps {

using Exprs = std::vector<Expr>;

/// Ordinary differential equations y' = slope(t, y, p) for a few unknowns y, with parameters p.
struct Ode {
    std::string name;
    std::vector<std::string> unknowns, parameters;
    std::function<Exprs(const Expr &t, const Exprs &y, const Exprs &p)> slope;
};

/// An oscillator that takes up energy where |x| < 1 and loses it elsewhere (van der Pol, 1926). All is dimensionless.
///
///     x' = v,    v' = mu (1 - x^2) v - k x
///
/// Stiff for large mu: it rests for a time of about mu and jumps in one of 1 / mu.
inline Ode van_der_pol() {
    return {"van_der_pol", {"x", "v"}, {"mu", "k"}, [](const Expr &, const Exprs &y, const Exprs &p) {
                const Expr &x = y[0], &v = y[1], &mu = p[0], &k = p[1];
                return Exprs{v, mu * (1 - x * x) * v - k * x};
            }};
}

/// An autocatalytic reaction, A -> B, B + B -> C + B, B + C -> A + C, of rates k1, k2 and k3 (Robertson, 1966); a, b and c
/// are in mol/l, k1 in 1/s, k2 and k3 in l/(mol s). Usual are k1 = 0.04, k2 = 3e7, k3 = 1e4 and a = 1 at first.
///
///     a' = -k1 a + k3 b c,    b' = k1 a - k3 b c - k2 b^2,    c' = k2 b^2
inline Ode robertson() {
    return {"robertson", {"a", "b", "c"}, {"k1", "k2", "k3"}, [](const Expr &, const Exprs &y, const Exprs &p) {
                const Expr &a = y[0], &b = y[1], &c = y[2], &k1 = p[0], &k2 = p[1], &k3 = p[2];
                const Expr decay = k1 * a, pairing = k2 * b * b, revival = k3 * b * c;
                return Exprs{revival - decay, decay - revival - pairing, pairing};
            }};
}

}  // namespace sylvite::apps
