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

/// The unknowns after `steps` steps of `length(step)` from time 0, an Array without dimensions each.
inline Arrays after_steps(const Ode &ode, const RungeKutta &method, const Exprs &start, const Func &p, const Expr &steps,
                          const std::function<Expr(const Expr &step)> &length, int iterations,
                          const LoopOptions &options) {
    std::vector<std::string> names = ode.unknowns;
    Exprs first = start;
    names.emplace_back("t");
    first.push_back(number(0, start[0]));
    Arrays last = loop(steps, single_arrays(names, first), LoopBody([&](const Expr &step, const Arrays &state) {
                           Exprs y = values_of(state);
                           const Expr t = y.back(), h = length(step);
                           y.pop_back();
                           Exprs next = step_of(ode, method, t, y, h, p, iterations).y;
                           next.push_back(t + h);
                           return single_arrays(names, next);
                       }),
                       options);
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
    Array reached;  ///< the time: before `until` where no step is short enough
    Array tries;    ///< how many steps were tried, those that were too long among them
};

/// Steps from time 0 to `until`, each as long as `accuracy` allows. A step is tried again, shorter, where its error is too
/// large or Newton's method is not at its end; the last one ends at `until` exactly.
///
/// The derivative is that of the steps that were made: how their lengths depend on start and parameters does not count
/// (Alexe and Sandu, On the discrete adjoints of adaptive time stepping algorithms, 2009: what it would add does not
/// converge to a derivative of the solution). By `until` it is that of the last step.
inline Solution solution_at(const Ode &ode, const RungeKutta &method, const Exprs &start, const Func &p, const Expr &until,
                            const Accuracy &accuracy, int iterations, const LoopOptions &options) {
    const Expr zero = number(0, until), one = number(1, until);
    const Expr order_root = number(1.0 / method.order, until);
    const size_t n = start.size();
    std::vector<std::string> names = ode.unknowns;
    names.emplace_back("t");
    names.emplace_back("h");

    // At first in which y changes little by its slope.
    const Expr steepness = part_of_allowed(ode.slope(zero, start, elements_of(p, ode.parameters.size())), start,
                                        {one, accuracy.size});
    Exprs first = start;
    first.push_back(zero);
    first.push_back(stop_gradient(min(until, pow(accuracy.tolerance, order_root) / max(steepness, one / until))));

    const auto goes_on = [&](const Arrays &state) {
        const Expr t = state[n](), h = state[n + 1]();
        return t < until && t + h > t;
    };
    const auto body = [&](const Expr &, const Arrays &state) {
        Exprs y = values_of(state);
        const Expr t = y[n], h = y[n + 1];
        y.resize(n);
        const Expr is_last = t + h >= until, length = select(is_last, until - t, h);
        const Step step = step_of(ode, method, t, y, length, p, iterations);
        const Func parts = tuple("parts", {stop_gradient(part_of_allowed(step.error, y, accuracy)),
                                           stop_gradient(part_of_allowed(step.change, y, accuracy))});
        const Expr error = parts()[0], change = parts()[1];
        const Expr is_solved = change < number(0.1, change) && error < number(1e6, error);  // neither is NaN
        const Expr is_good = is_solved && error <= one;
        const Expr factor = number(0.9, error) * pow(max(error, number(1e-6, error)), -order_root);
        Exprs next;
        for (size_t i = 0; i < n; i++) {
            next.push_back(select(is_good, step.y[i], y[i]));
        }
        next.push_back(select(is_good, select(is_last, until, t + length), t));
        next.push_back(stop_gradient(
            length * select(is_solved, clamp(factor, number(0.2, error), number(5, error)), number(0.2, error))));
        return single_arrays(names, next);
    };
    const WhileResult result = while_loop(goes_on, single_arrays(names, first), LoopBody(body), options);
    return {{result.state.begin(), result.state.begin() + n}, result.state[n], result.steps};
}

}  // namespace sylvite::apps
