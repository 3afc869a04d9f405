// The algorithms of the benchmark of ordinary differential equations; peers/ode_jax.py has the same.

#include "tests/bench/programs/workload.h"

#include "apps/ode/ode.h"
#include "autodiff/vmap.h"

namespace sylvite::bench {

namespace {

using namespace sylvite::apps;

constexpr int systems = 1024;

// 1,024 oscillators of the same parameters, from starts of their own; the mean of the squares of where they end.
Program squares_at_the_end(const std::string &name, const Type &type,
                           const std::function<Arrays(const Exprs &start, const Func &p)> &solve) {
    const Array start = input(type, "start", {2}), theta = input(type, "theta", {2});
    const Program one("oscillator", {start, theta}, {{"end", solve(elements_of(start, 2), theta)[0]}});
    const Array starts = input(type, "starts", {2, systems});
    const Array end = call(vmap(one, {"start"}, systems), {starts, theta})[0];
    const Halide::RDom r(0, systems, "r");
    Func loss("loss");
    loss() += end(r) * end(r) / systems;
    return Program(name, {starts, theta}, {{"loss", Array(loss, {})}});
}

// 500 steps of the implicit Euler method.
template<int bits>
Program euler() {
    return squares_at_the_end("euler", Halide::Float(bits), [](const Exprs &start, const Func &p) {
        return after_steps(
            van_der_pol(), backward_euler(), start, p, 500, [&](const Expr &) { return number(0.01, start[0]); },
            "step");
    });
}

// Steps as long as the tolerance allows, until time 5.
template<int bits>
Program adaptive() {
    return squares_at_the_end("adaptive", Halide::Float(bits), [](const Exprs &start, const Func &p) {
        const auto constant = [&](double value) { return number(value, start[0]); };
        Func size("size");
        size(Halide::Var("i")) = constant(1);
        return solution_at(van_der_pol(), kvaerno(), start, p, constant(5), {constant(1e-4), size}, 400).y;
    });
}

}  // namespace

const std::vector<Workload> &workloads() {
    static const std::vector<Workload> all = {
        {"euler", euler<32>, {{-2, 2}, {0.5, 1.5}}, {"theta"}, grad},
        {"adaptive", adaptive<32>, {{-2, 2}, {0.5, 1.5}}, {"theta"}, grad},
        {"euler_f64", euler<64>, {{-2, 2}, {0.5, 1.5}}, {"theta"}, grad},
        {"adaptive_f64", adaptive<64>, {{-2, 2}, {0.5, 1.5}}, {"theta"}, grad},
    };
    return all;
}

}  // namespace sylvite::bench
