#pragma once

#include "apps/ode/step.h"
#include "autodiff/vmap.h"
#include "frontend/program.h"

namespace sylvite::apps {

/// An Array without dimensions for each value.
inline Arrays single_arrays(const std::vector<std::string> &names, const Exprs &values) {
    Arrays arrays;
    for (size_t i = 0; i < values.size(); i++) {
        Func f(names[i]);
        f() = values[i];
        arrays.emplace_back(f, std::vector<Expr>{});
    }
    return arrays;
}

inline Exprs values_of(const Arrays &arrays) {
    Exprs values;
    for (const Array &array : arrays) {
        values.push_back(array());
    }
    return values;
}

inline Array as_vector(const std::string &name, const Exprs &values) {
    Halide::Var i("i");
    Func f(name);
    f(i) = mux(i, values);
    return Array(f, {static_cast<int>(values.size())});
}

/// The unknowns after `steps` steps of `length(step)` from time 0, an Array without dimensions each. `name` is that of the
/// loop.
inline Arrays after_steps(const Ode &ode, const RungeKutta &method, const Exprs &start, const Func &p,
                          const Expr &steps, const std::function<Expr(const Expr &step)> &length,
                          const std::string &name) {
    std::vector<std::string> names = ode.unknowns;
    Exprs first = start;
    names.emplace_back("t");
    first.push_back(number(0, start[0]));
    const auto body = [&](const Expr &step, const Arrays &state) {
        Exprs y = values_of(state);
        const Expr t = y.back(), h = length(step);
        y.pop_back();
        Exprs next = step_of(ode, method, t, y, h, p).y;
        next.push_back(t + h);
        return single_arrays(names, next);
    };
    Arrays last = loop(steps, single_arrays(names, first), LoopBody(body), {.name = name});
    last.pop_back();
    return last;
}

/// How exact a solution is to be: of the error that a step is estimated to make in an unknown y, tolerance (size + |y|) is
/// allowed, in the root mean square over the unknowns.
struct Accuracy {
    Expr tolerance;
    Func size;  ///< of one dimension, in the units of the unknowns
};

/// The root mean square of `values` in parts of what is allowed of them: NaN where one is, which a maximum might hide.
inline Expr part_of_allowed(const Exprs &values, const Exprs &y, const Accuracy &accuracy) {
    const Exprs size = elements_of(accuracy.size, y.size());
    Expr sum = number(0, y[0]);
    for (size_t i = 0; i < y.size(); i++) {
        const Expr part = values[i] / (accuracy.tolerance * (size[i] + abs(y[i])));
        sum += part * part;
    }
    return sqrt(sum / number(double(y.size()), sum));
}

/// A solution at time `until`.
struct Solution {
    Arrays y;       ///< an Array without dimensions for each unknown
    Array reached;  ///< the time: before `until` where no step is short enough, or where there were too many
    Array tries;    ///< how many steps were tried, those that were too long among them
};

/// Steps from time 0 to `until`, each as long as `accuracy` allows, by a method with an error estimate. A step is tried
/// again, shorter, where its error is too large or Newton's method is not at its end; the last one ends at `until` exactly.
///
/// The derivative is that of the steps that were made: how their lengths depend on start and parameters does not count
/// (Alexe and Sandu, On the discrete adjoints of adaptive time stepping algorithms, 2009: what it would add does not
/// converge to a derivative of the solution). By `until` it is that of the last step. In reverse mode the unknowns are kept
/// for `most_tries` steps.
inline Solution solution_at(const Ode &ode, const RungeKutta &method, const Exprs &start, const Func &p,
                            const Expr &until, const Accuracy &accuracy, const Expr &most_tries) {
    _halide_user_assert(method.has_error) << "solution_at() needs a method with an error estimate: take after_steps()";
    const auto constant = [&](double value) { return number(value, until); };
    const Expr order_root = constant(1.0 / method.order);
    const size_t n = start.size();
    std::vector<std::string> names = ode.unknowns;
    names.insert(names.end(), {"t", "h", "tries"});

    // At first in which y changes little by its slope.
    const Exprs slope = ode.slope(constant(0), start, elements_of(p, ode.parameters.size()));
    const Expr steepness = part_of_allowed(slope, start, {constant(1), accuracy.size});
    const Expr length = min(until, pow(accuracy.tolerance, order_root) / max(steepness, 1 / until));
    Exprs first = start;
    first.insert(first.end(), {constant(0), stop_gradient(length), Expr(0)});

    const auto goes_on = [&](const Arrays &state) {
        const Expr t = state[n](), h = state[n + 1](), tries = state[n + 2]();
        return t < until && t + h > t && tries < most_tries;
    };
    const auto body = [&](const Expr &, const Arrays &state) {
        Exprs y = values_of(state);
        const Expr t = y[n], h = y[n + 1], tries = y[n + 2];
        y.resize(n);
        const Expr is_last = t + h >= until, length = select(is_last, until - t, h);
        const Step step = step_of(ode, method, t, y, length, p);

        const Func parts = tuple("parts", {stop_gradient(part_of_allowed(step.error, y, accuracy)),
                                           stop_gradient(part_of_allowed(step.change, y, accuracy))});
        const Expr error = parts()[0], change = parts()[1];
        const Expr is_solved = change < constant(0.1) && error < constant(1e6);  // so neither is NaN
        const Expr is_good = is_solved && error <= 1;
        const Expr factor = constant(0.9) * pow(max(error, constant(1e-6)), -order_root);
        const Expr next_length = length * select(is_solved, clamp(factor, constant(0.2), constant(5)), constant(0.2));

        Exprs next;
        for (size_t i = 0; i < n; i++) {
            next.push_back(select(is_good, step.y[i], y[i]));
        }
        next.push_back(select(is_good, select(is_last, until, t + length), t));
        next.insert(next.end(), {stop_gradient(next_length), tries + 1});
        return single_arrays(names, next);
    };
    const Arrays last =
        while_loop(goes_on, single_arrays(names, first), LoopBody(body), {.name = "solve", .capacity = most_tries})
            .state;
    return {{last.begin(), last.begin() + n}, last[n], last[n + 2]};
}

}  // namespace sylvite::apps
