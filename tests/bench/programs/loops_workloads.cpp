// The algorithms of the benchmark of loops; peers/loops_jax.py has the same.

#include "tests/bench/programs/workload.h"

#include "autodiff/autodiff.h"
#include "autodiff/vmap.h"

namespace sylvite::bench {

namespace {

using Halide::RDom;
using Halide::Var;

const Var x("x"), y("y"), i("i");

// Eight oscillators, a million small steps: what a step costs beside its arithmetic.
//
//     u' = u + h v,  v' = v - h p u'
Program oscillators() {
    constexpr int count = 8, steps = 1'000'000;
    constexpr float h = 1e-3f;
    const Array start = input<float>("start", {count}), p = input<float>("p", {count});
    const auto [u, v] = loop(steps, {start, start},
                             [&](const Expr &, const Array &u, const Array &v) {
                                 Func place("place"), speed("speed");
                                 place(x) = u(x) + h * v(x);
                                 speed(x) = v(x) - h * p(x) * place(x);
                                 return Arrays{Array(place, {count}), Array(speed, {count})};
                             },
                             {.name = "oscillate"});
    const RDom r(0, count, "r");
    Func loss("loss");
    loss() += u(r);
    return Program("oscillators", {start, p}, {{"loss", Array(loss, {})}});
}

// The wave equation in a medium of varying speed; c is (speed dt / dx)^2. Run backwards it is the same equation, so the
// reverse derivative need not keep any state.
//
//     u[t+1] = 2 u[t] - u[t-1] + c L u[t],  u = 0 beyond the edges
Array surface_after(int steps, const Array &start, const Array &c) {
    const auto onward = [&](const Array &now, const Array &before) {
        const Func u = zero_outside(now);
        Func next("next");
        const Expr around = u(x - 1, y) + u(x + 1, y) + u(x, y - 1) + u(x, y + 1);
        next(x, y) = 2 * u(x, y) - before(x, y) + c(x, y) * (around - 4 * u(x, y));
        return Array(next, now.extents());
    };
    const auto inverse = [&](const Expr &, const Arrays &after) {
        return Arrays{after[1], onward(after[1], after[0])};
    };
    return loop(steps, {start, start},
                [&](const Expr &, const Array &now, const Array &before) {
                    return Arrays{onward(now, before), now};
                },
                {.name = "wave", .memory = Memory::reversible(inverse)})[0];
}

Program wave() {
    constexpr int n = 256;
    const Array start = input<float>("start", {n, n}), c = input<float>("c", {n, n}),
                seen = input<float>("seen", {n, n});
    const Array last = surface_after(256, start, c);
    const RDom column(0, n, "column"), row(0, n, "row");
    Func row_sum("row_sum"), loss("loss");
    const Expr difference = last(column, y) - seen(column, y);
    row_sum(y) += difference * difference;
    loss() += row_sum(row) / float(n * n);
    return Program("wave", {start, c, seen}, {{"loss", Array(loss, {})}});
}

// The same wave, 64 steps without a loss: 16 MB go through memory in each on 1024 x 1024 cells. With waves_fused_4.sched
// four steps are one kernel.
Program waves(int n) {
    const Array start = input<float>("start", {n, n}), c = input<float>("c", {n, n});
    return Program("waves", {start, c}, {{"last", surface_after(64, start, c)}});
}
Program waves_1024() { return waves(1024); }
Program waves_2048() { return waves(2048); }

// Van der Pol's oscillator, implicit Euler, four steps of Newton's method each; its Jacobian is a forward derivative.
//
//     x' = v,  v' = mu (1 - x^2) v - w x,  mu = theta(0), w = theta(1)
Program van_der_pol() {
    constexpr int systems = 1024, steps = 500, newton = 4;
    constexpr float dt = 0.01f;
    const Array place = input<float>("place", {systems}), speed = input<float>("speed", {systems});
    const Array theta = input<float>("theta", {2});
    const auto [last, last_speed] =
        loop(steps, {place, speed},
             [&](const Expr &, const Array &x0, const Array &v0) {
                 Func zero("zero"), one("one"), x("x"), v("v");
                 zero(i) = 0.f;
                 one(i) = 1.f;
                 x(i) = x0(i);
                 v(i) = v0(i);
                 for (int k = 0; k < newton; k++) {
                     Func f("f"), g("g");
                     f(i) = x(i) - x0(i) - dt * v(i);
                     g(i) = v(i) - v0(i) - dt * (theta(0) * (1 - x(i) * x(i)) * v(i) - theta(1) * x(i));
                     const std::vector<Func> by_x = jvp({f, g}, {{x, one}, {v, zero}});
                     const std::vector<Func> by_v = jvp({f, g}, {{x, zero}, {v, one}});
                     Func scale("scale"), nearer_x("x"), nearer_v("v");
                     scale(i) = 1 / (by_x[0](i) * by_v[1](i) - by_v[0](i) * by_x[1](i));
                     nearer_x(i) = x(i) - scale(i) * (by_v[1](i) * f(i) - by_v[0](i) * g(i));
                     nearer_v(i) = v(i) - scale(i) * (by_x[0](i) * g(i) - by_x[1](i) * f(i));
                     x = nearer_x;
                     v = nearer_v;
                 }
                 return Arrays{Array(x, {systems}), Array(v, {systems})};
             },
             {.name = "newton"});
    const RDom r(0, systems, "r");
    Func loss("loss");
    loss() += last(r) * last(r) / float(systems);
    return Program("van_der_pol", {place, speed, theta}, {{"loss", Array(loss, {})}});
}

// The derivative by each of the two parameters: the forward derivative along both at a time.
Program by_both(const Program &program, const std::vector<std::string> &wrt, SourceLine) {
    const Program derivative = vmap(jvp(program, wrt), {"d_theta"}, 2);
    std::vector<CallArgument> arguments;
    for (const ProgramInput &input : program.inputs()) {
        arguments.emplace_back(input.array());
    }
    const Var k("k");
    Func directions("directions");
    directions(i, k) = Halide::select(i == k, 1.f, 0.f);
    arguments.emplace_back(Array(directions, {2, 2}));
    const Arrays both = call(derivative, arguments);
    return Program("van_der_pol_derivative", program.inputs(), {{"loss", both[0]}, {"d_loss_d_theta", both[1]}});
}

}  // namespace

const std::vector<Workload> &workloads() {
    static const std::vector<Workload> all = {
        {"oscillators", oscillators, {{0.5, 1}, {0.5, 1}}, {"p"}, grad},
        {"wave", wave, {{-1, 1}, {0.1, 0.2}, {-1, 1}}, {"c"}, grad},
        {"waves_1024", waves_1024, {{-1, 1}, {0.1, 0.2}}, {}, nullptr},
        {"waves_2048", waves_2048, {{-1, 1}, {0.1, 0.2}}, {}, nullptr},
        {"van_der_pol", van_der_pol, {{-2, 2}, {-2, 2}, {0.5, 1.5}}, {"theta"}, by_both},
    };
    return all;
}

}  // namespace sylvite::bench
