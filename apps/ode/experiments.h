#pragma once

#include "apps/ode/ode.h"
#include "autodiff/vmap.h"

namespace sylvite::apps {

/// The solution of an Ode of n unknowns for one start: `start`, `size` (n), `until`, `logarithms` (m) of the parameters, to
/// `end` (n), `reached` and `tries`, see Solution. Its derivatives in reverse mode hold for `capacity` tries at most.
inline Program one_experiment(const Ode &ode, Type type, int iterations) {
    const int n = static_cast<int>(ode.unknowns.size()), m = static_cast<int>(ode.parameters.size());
    const Array start = input(type, "start", {n}), until = input(type, "until", {}),
                logarithms = input(type, "logarithms", {m}), size = input(type, "size", {n});
    Halide::Param<double> tolerance("tolerance");
    Halide::Param<int> capacity("capacity");
    Halide::Var i("i");
    Func parameters("parameters");
    parameters(i) = exp(logarithms(i));
    const Solution solution =
        solution_at(ode, kvaerno(), elements_of(start, n), parameters, until(), {Halide::cast(type, tolerance), size},
                    iterations, {.name = "solve", .capacity = capacity});
    return Program("one_experiment", {start, until, logarithms, size, tolerance, capacity},
                   {{"end", as_vector("end", values_of(solution.y))},
                    {"reached", solution.reached},
                    {"tries", solution.tries}});
}

/// Many experiments at once with the same parameters: `start` and what was `seen` at the end are (n, experiments), `until`
/// is (experiments). `loss` is the mean square of how far `end` is from what was seen, in parts of `size`.
inline Program ode(const Ode &ode, int experiments, Type type) {
    const int n = static_cast<int>(ode.unknowns.size()), m = static_cast<int>(ode.parameters.size());
    const Array start = input(type, "start", {n, experiments}), until = input(type, "until", {experiments}),
                logarithms = input(type, "logarithms", {m}), size = input(type, "size", {n}),
                seen = input(type, "seen", {n, experiments});
    Halide::Param<double> tolerance("tolerance");
    Halide::Param<int> capacity("capacity");
    constexpr int newton_iterations = 4;
    const Program all = vmap(one_experiment(ode, type, newton_iterations), {"start", "until"}, experiments);
    const Arrays results = call(all, {start, until, logarithms, size, tolerance, capacity});
    const Array &end = results[0];

    Halide::RDom each(0, n, 0, experiments, "each");
    Func loss("loss");
    const Expr off = (end(each.x, each.y) - seen(each.x, each.y)) / size(each.x);
    loss() += off * off / (n * experiments);
    return Program("ode", {start, until, logarithms, size, seen, tolerance, capacity},
                   {{"loss", Array(loss, {})}, {"end", end}, {"reached", results[1]}, {"tries", results[2]}});
}

}  // namespace sylvite::apps
