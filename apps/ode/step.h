#pragma once

#include "apps/ode/problem.h"
#include "apps/ode/runge_kutta.h"
#include "autodiff/newton.h"

namespace sylvite::apps {

/// A Func without dimensions of several values, and its values.
inline Func tuple(const std::string &name, const Exprs &values) {
    Func f(name);
    f() = Halide::Tuple(values);
    return f;
}
inline Exprs values_of(const Func &tuple) {
    Exprs values;
    for (int i = 0; i < tuple.outputs(); i++) {
        values.push_back(tuple.outputs() == 1 ? Expr(tuple()) : Expr(tuple()[i]));
    }
    return values;
}

/// The first `count` values of a Func of one dimension.
inline Exprs elements_of(const Func &f, size_t count) {
    Exprs values;
    for (size_t i = 0; i < count; i++) {
        values.push_back(f(static_cast<int>(i)));
    }
    return values;
}

inline Expr number(double value, const Expr &like) { return Halide::Internal::make_const(like.type(), value); }

/// y + sum_j factors[j] d[j]
inline Exprs moved(Exprs y, const std::vector<double> &factors, const std::vector<Exprs> &d) {
    for (size_t j = 0; j < d.size(); j++) {
        for (size_t i = 0; i < y.size() && factors[j] != 0; i++) {
            y[i] += number(factors[j], y[i]) * d[j][i];
        }
    }
    return y;
}

inline Exprs scaled(const Expr &factor, Exprs values) {
    for (Expr &value : values) {
        value *= factor;
    }
    return values;
}

inline Exprs difference(Exprs a, const Exprs &b) {
    for (size_t i = 0; i < a.size(); i++) {
        a[i] -= b[i];
    }
    return a;
}

constexpr int newton_iterations = 4;

/// The d with d = h f(t, w + share d, p), for each unknown, by Newton's method with the derived Jacobian of f. Its
/// derivatives are those of the equation.
inline Root implicit_stage(const Ode &ode, double share, const Expr &t, const Exprs &w, const Expr &h, const Func &p,
                           const Exprs &start) {
    const Equations equations = [ode, share](const Func &stage, const std::vector<Func> &known) {
        const Exprs d = values_of(stage), w = values_of(known[0]), time = values_of(known[1]);
        const Exprs slope = ode.slope(time[0], moved(w, {share}, {d}), elements_of(known[2], ode.parameters.size()));
        return tuple("residual", difference(d, scaled(time[1], slope)));
    };
    return newton(equations, tuple("d", start), {tuple("w", w), tuple("time", {t, h}), p}, newton_iterations);
}

/// Where a step led.
struct Step {
    Exprs y;
    Exprs error;   ///< what y is off by, as far as the method knows; empty if it has no estimate
    Exprs change;  ///< what the last iterations of Newton's method moved the stages by, in sum
};

/// One step of length h from y at time t. `p` are the parameters, a Func of one dimension. With d[i] for h times the slope
/// of stage i and w = y + sum_(j < i) a[i][j] d[j], stage i solves
///
///     d[i] = h f(t + c[i] h, w + a[i][i] d[i], p)
inline Step step_of(const Ode &ode, const RungeKutta &method, const Expr &t, const Exprs &y, const Expr &h,
                    const Func &p) {
    std::vector<Exprs> d;
    Exprs change(y.size(), number(0, h));
    for (size_t i = 0; i < method.a.size(); i++) {
        const double share = method.a[i].back();
        const Expr time = t + number(method.c(i), h) * h;
        const Exprs w = moved(y, method.a[i], d);
        if (share == 0) {
            d.push_back(scaled(h, ode.slope(time, w, elements_of(p, ode.parameters.size()))));
            continue;
        }
        const Exprs start = d.empty() ? Exprs(y.size(), number(0, h)) : d.back();
        const Root root = implicit_stage(ode, share, time, w, h, p, start);
        d.push_back(values_of(root.solution));
        const Exprs last = values_of(root.last_change);
        for (size_t k = 0; k < y.size(); k++) {
            change[k] += abs(number(share, h) * last[k]);
        }
    }
    Step step{moved(y, method.a.back(), d), {}, change};
    if (method.has_error) {
        const std::vector<Exprs> before(d.begin(), d.end() - 1);
        step.error = difference(step.y, moved(y, method.a[method.a.size() - 2], before));
    }
    return step;
}

}  // namespace sylvite::apps
