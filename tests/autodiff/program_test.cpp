#include "program_check.h"

#include "autodiff/program.h"
#include "frontend/print.h"

#include <gtest/gtest.h>

using namespace sylvite;
using namespace sylvite::testing;
using namespace Halide;

namespace {

Var x("x"), y("y");
RDom over(const Array &a) {
    Region region;
    for (const Expr &extent : a.extents()) {
        region.emplace_back(0, extent);
    }
    return RDom(region);
}

Expr real(double value) { return Halide::Internal::make_const(Float(64), value); }

Array array(const std::string &name, const std::vector<Var> &at, const Expr &value, const std::vector<Expr> &extents) {
    Func f(name);
    f(at) = value;
    return Array(f, extents);
}

Array sum_of_squares(const Array &a) {
    RDom r = over(a);
    std::vector<Expr> at;
    for (int d = 0; d < a.dimensions(); d++) {
        at.push_back(r[d]);
    }
    Func loss("loss");
    loss() = real(0);
    loss() += a(at) * a(at);
    return Array(loss, {});
}

Expr laplacian(const Array &a) {
    Func u = zero_outside(a);
    return u(x - 1, y) + u(x + 1, y) + u(x, y - 1) + u(x, y + 1) - 4 * u(x, y);
}

// The wave equation with a speed per cell.
ProgramCase wave(Memory memory, bool nonlinear) {
    const int n = 5, m = 4;
    Array u0 = input<double>("u0", {n, m}), c = input<double>("c", {n, m});
    auto [u, v] = loop(7, {u0, u0},
                       [&](Expr, Array now, Array before) {
                           Expr next = 2 * now(x, y) - before(x, y) + c(x, y) * real(0.1) * laplacian(now);
                           if (nonlinear) {
                               next = next + real(0.05) * sin(now(x, y));
                           }
                           return Arrays{array("next", {x, y}, next, {n, m}), now};
                       },
                       {.name = "step", .memory = memory});
    return {"wave",
            Program("wave", {u0, c}, {{"loss", sum_of_squares(u)}}),
            {"u0", "c"},
            {{"u0", {n, m}}, {"c", {n, m}}},
            {}};
}

ProgramCase run_time_sizes(Memory memory, int size, int steps) {
    Param<int> n("n"), k("k");
    Param<double> dt("dt");
    Array u0 = input<double>("u0", {n});
    Array u = loop(k, {u0},
                   [&](Expr t, const Arrays &s) {
                       Func e = repeat_edge(s[0]);
                       return Arrays{
                           array("next", {x},
                                 e(x) + real(0.1) * dt * sin(e(x - 1)) * e(x + 1) + real(0.01) * cast<double>(t), {n})};
                   },
                   {.memory = memory})[0];
    return {"run_time",
            Program("run_time", {n, k, dt, u0}, {{"y", u}}),
            {"u0", "dt"},
            {{"u0", {size}}, {"y", {size}}},
            {{"n", size}, {"k", steps}}};
}

// A captured array made outside, states of different rank, an integer state, a nested loop that reads outer states.
ProgramCase nested(Memory outer, Memory inner) {
    Array a = input<double>("a", {4}), b = input<double>("b", {3, 4});
    Array squares = array("squares", {x}, a(x) * a(x), {4});
    Array count = array("count", {}, cast<int>(0), {});
    auto [p, q, i] = loop(
        3, {a, b, count},
        [&](Expr t, Array p, Array q, Array i) {
            Array start = array("start", {x}, p(x) * real(0.5), {4});
            Array inner_result =
                loop(4, {start},
                     [&](Expr s, const Arrays &z) {
                         return Arrays{array("z", {x},
                                             z[0](x) + real(0.1) * sin(z[0](3 - x)) * squares(x) * q(1, x) +
                                                 real(0.01) * cast<double>(s + t),
                                             {4})};
                     },
                     {.name = "inner", .memory = inner})[0];
            Array q_next = array("q_next", {x, y}, q(x, y) * real(0.9) + inner_result(y) * real(0.1) * p(y), {3, 4});
            Func i_next("i_next");
            i_next() = i() + 1;
            return Arrays{array("p_next", {x}, inner_result(x) * squares(x) + real(0.01) * cast<double>(i()), {4}),
                          q_next, Array(i_next, {})};
        },
        {.name = "outer", .memory = outer});
    return {"nested",
            Program("nested", {a, b}, {{"p", p}, {"q", q}}),
            {"a", "b"},
            {{"a", {4}}, {"b", {3, 4}}, {"p", {4}}, {"q", {3, 4}}},
            {}};
}

ProgramCase two_loops() {
    Array a = input<double>("a", {5});
    const auto decay = [&](const std::string &name) {
        return LoopBody([name, a](Expr, const Arrays &s) {
            return Arrays{array(name, {x}, s[0](x) * real(0.8) + a(4 - x) * s[0](x) * real(0.1), {5})};
        });
    };
    Array u = loop(3, {a}, decay("first"), {.name = "one"})[0];
    Array mid = array("mid", {x}, sin(u(x)) * a(x), {5});
    Array v = loop(2, {mid}, decay("second"), {.name = "two"})[0];
    Array out = array("out", {x}, u(x) * v(x), {5});
    return {"two_loops", Program("two_loops", {a}, {{"y", out}}), {"a"}, {{"a", {5}}, {"y", {5}}}, {}};
}

ProgramCase straight() {
    Array a = input<double>("a", {6});
    Param<double> k("k");
    Array b = array("b", {x}, exp(-k * a(x)) * a(5 - x), {6});
    return {"straight",
            Program("straight", {k, a}, {{"b", b}, {"loss", sum_of_squares(b)}}),
            {"a", "k"},
            {{"a", {6}}, {"b", {6}}},
            {}};
}

// Iterations that all add the same: their number must survive every copy of the derivative.
ProgramCase hidden_domain(Memory memory) {
    Array a = input<double>("a", {4}), b = input<double>("b", {4, 3});
    Array u = loop(4, {a},
                   [&](Expr, const Arrays &s) {
                       RDom r(0, 3);
                       Func n("n");
                       n(x) = s[0](x) * real(0.1);
                       n(x) += real(0.1) * s[0](x) * s[0](x) + b(x, r) * real(0.2);
                       return Arrays{array("next", {x}, n(x), {4})};
                   },
                   {.memory = memory})[0];
    return {"hidden_domain",
            Program("hidden_domain", {a, b}, {{"loss", sum_of_squares(u)}}),
            {"a", "b"},
            {{"a", {4}}, {"b", {4, 3}}},
            {}};
}

TEST(ProgramDerivatives, HiddenDomain) { check_program(hidden_domain(Memory::store_all), 21); }
TEST(ProgramDerivatives, HessianOfAHiddenDomain) { check_second_order(hidden_domain(Memory::sqrt), 22); }

TEST(ProgramDerivatives, AHistoryThatIsReadStaysWhole) {
    Array a = input<double>("a", {3});
    Array u =
        loop(5, {a}, [&](Expr, const Arrays &s) { return Arrays{array("next", {x}, sin(s[0](x)) * s[0](2 - x), {3})}; },
             {.memory = Memory::sqrt})[0];
    check_program({"history",
                   Program("history", {a}, {{"u", u}, {"h", history(u)}}),
                   {"a"},
                   {{"a", {3}}, {"u", {3}}, {"h", {3, 5}}},
                   {}},
                  23);
}

TEST(ProgramDerivatives, Straight) { check_program(straight(), 1); }
TEST(ProgramDerivatives, LinearWaveStoreAll) { check_program(wave(Memory::store_all, false), 2); }
TEST(ProgramDerivatives, NonlinearWaveStoreAll) { check_program(wave(Memory::store_all, true), 3); }
TEST(ProgramDerivatives, NonlinearWaveSqrt) { check_program(wave(Memory::sqrt, true), 4); }
TEST(ProgramDerivatives, RunTimeSizes) { check_program(run_time_sizes(Memory::store_all, 7, 5), 5); }
TEST(ProgramDerivatives, RunTimeSizesSqrt) { check_program(run_time_sizes(Memory::sqrt, 6, 11), 6); }
TEST(ProgramDerivatives, OneStepSqrt) { check_program(run_time_sizes(Memory::sqrt, 3, 1), 7); }
TEST(ProgramDerivatives, NoStep) { check_program(run_time_sizes(Memory::sqrt, 3, 0), 8); }
TEST(ProgramDerivatives, NestedStoreAll) { check_program(nested(Memory::store_all, Memory::store_all), 9); }
TEST(ProgramDerivatives, NestedSqrt) { check_program(nested(Memory::sqrt, Memory::sqrt), 10); }
TEST(ProgramDerivatives, NestedMixed) { check_program(nested(Memory::store_all, Memory::sqrt), 11); }
TEST(ProgramDerivatives, TwoLoops) { check_program(two_loops(), 12); }

// Colours are read by constants, so their adjoints are gathers; weights go by places that windows reach beyond the image.
TEST(ProgramDerivatives, ColoursAndWeightsByPlace) {
    const Array a = input<double>("a", {4, 3, 3});
    const Array grey = array("grey", {x, y}, real(0.3) * a(x, y, 0) + a(x, y, 1) * a(x, y, 2), {4, 3});
    const Func outside = zero_outside(grey);
    const Array b = array("b", {x, y}, cast<double>(x % 3) * outside(x / 3 + 1, y), {9, 3});
    check_program({"colours", Program("colours", {a}, {{"b", b}}), {"a"}, {{"a", {4, 3, 3}}, {"b", {9, 3}}}, {}}, 23);
    EXPECT_EQ(print(vjp(Program("colours", {a}, {{"grey", grey}}), {"a"})).find("for r.x"), std::string::npos);
}

// An adjoint whose values all come from updates stands behind a copy, as does one that is summed up in a wider type.
TEST(ProgramDerivatives, AdjointsThatAreSummedUpAreCopied) {
    const Array a = input<float>("a", {8}), h = input(Float(16), "h", {8});
    const RDom r(0, 8, "r");
    Func sum("sum");
    sum(x) += a(r) * a((x + r) % 8);
    const std::string text = print(vjp(Program("sums", {a}, {{"y", Array(sum, {8})}}), {"a"}));
    EXPECT_NE(text.find("d_a(i0) = adjoint_a(i0)\n"), std::string::npos) << text;
    const Array twice = array("twice", {x}, h(x) + h(x), {8});
    EXPECT_NE(print(vjp(Program("halves", {h}, {{"y", twice}}), {"h"})).find("d_h(i0) = float16("), std::string::npos);
}

TEST(ProgramDerivatives, HessianOfTheWave) { check_second_order(wave(Memory::store_all, true), 13); }
TEST(ProgramDerivatives, HessianOfTheWaveSqrt) { check_second_order(wave(Memory::sqrt, true), 14); }

TEST(ProgramDerivatives, MemoryPoliciesGiveTheSameGradient) {
    Values inputs;
    std::mt19937 random(15);
    for (const char *name : {"u0", "c"}) {
        Buffer<double> buffer(5, 4);
        buffer.for_each_value([&](double &value) { value = std::uniform_real_distribution<double>(0.3, 1.2)(random); });
        inputs[name] = buffer;
    }
    const std::map<std::string, std::vector<int>> sizes{{"d_loss_d_u0", {5, 4}}, {"d_loss_d_c", {5, 4}}};
    const Values all = run(grad(wave(Memory::store_all, true).program, {"u0", "c"}), inputs, {}, sizes);
    const Values sqrt = run(grad(wave(Memory::sqrt, true).program, {"u0", "c"}), inputs, {}, sizes);
    for (const auto &[name, value] : all) {
        value.for_each_element([&](const int *at) { EXPECT_EQ(value(at), sqrt.at(name)(at)) << name; });
    }
}

}  // namespace
