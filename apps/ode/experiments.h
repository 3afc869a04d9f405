#pragma once

#include "apps/ode/ode.h"
#include "autodiff/vmap.h"

namespace sylvite::apps {

/// The solution of an Ode of n unknowns for one start: `start`, `size` (n), `until`, `logarithms` (m) of the parameters, to
/// `end` (n), `reached` and `tries`, see Solution.
inline Program one_experiment(const Ode &ode, Type type) {
    const int n = static_cast<int>(ode.unknowns.size()), m = static_cast<int>(ode.parameters.size());
    const Array start = input(type, "start", {n}), until = input(type, "until", {}),
                logarithms = input(type, "logarithms", {m}), size = input(type, "size", {n});
    Halide::Param<double> tolerance("tolerance");
    Halide::Param<int> most_tries("most_tries");
    Halide::Var i("i");
    Func parameters("parameters");
    parameters(i) = exp(logarithms(i));
    const Solution solution = solution_at(ode, kvaerno(), elements_of(start, n), parameters, until(),
                                          {Halide::cast(type, tolerance), size}, most_tries);
    return Program(
        "one_experiment", {start, until, logarithms, size, tolerance, most_tries},
        {{"end", as_vector("end", values_of(solution.y))}, {"reached", solution.reached}, {"tries", solution.tries}});
}

/// Many experiments at once with the same parameters: `start` and what was `seen` at the end are (n, experiments), `until`
/// is (experiments). `loss` is the mean square of how far `end` is from what was seen, in parts of `size`.
inline Program ode(const Ode &ode, int experiments, Type type) {
    const int n = static_cast<int>(ode.unknowns.size()), m = static_cast<int>(ode.parameters.size());
    const Array start = input(type, "start", {n, experiments}), until = input(type, "until", {experiments}),
                logarithms = input(type, "logarithms", {m}), size = input(type, "size", {n}),
                seen = input(type, "seen", {n, experiments});
    Halide::Param<double> tolerance("tolerance");
    Halide::Param<int> most_tries("most_tries");
    const Program all = vmap(one_experiment(ode, type), {"start", "until"}, experiments);
    const Arrays results = call(all, {start, until, logarithms, size, tolerance, most_tries});
    const Array &end = results[0];

    Halide::RDom each(0, n, 0, experiments, "each");
    Func loss("loss");
    const Expr off = (end(each.x, each.y) - seen(each.x, each.y)) / size(each.x);
    loss() += off * off / (n * experiments);
    return Program("ode", {start, until, logarithms, size, seen, tolerance, most_tries},
                   {{"loss", Array(loss, {})}, {"end", end}, {"reached", results[1]}, {"tries", results[2]}});
}

}  // namespace sylvite::apps
