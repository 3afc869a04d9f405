#include "autodiff/implicit.h"

#include "autodiff/program.h"
#include "autoscheduler/check_gradients/check_gradients.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace sylvite;
using namespace Halide;

namespace {

Var x("x");

Array pointwise(const Array &like, const std::function<Expr(Var)> &value) {
    Func f("f");
    f(x) = value(x);
    return Array(f, like.extents());
}

Buffer<double> filled(int n, double first, double step) {
    Buffer<double> buffer(n);
    for (int i = 0; i < n; i++) {
        buffer(i) = first + step * i;
    }
    return buffer;
}

// x = cos(p x) / 2, whose derivative by p is known in closed form.
TEST(Implicit, DerivativeOfAFixedPointIsThatOfItsEquation) {
    const Array p = input<double>("p", {3}), start = input<double>("start", {3});
    const ArrayMap map = [](const Array &u, const Arrays &p) {
        return pointwise(u, [&](Var x) { return cos(p[0](x) * u(x)) / 2; });
    };
    const Array u = fixed_point(map, start, {p});
    const Program program("fixed", {p, start}, {{"u", u}});
    const Buffer<double> ps = filled(3, 0.4, 0.3), zero = filled(3, 0, 0), ones = filled(3, 1, 0);
    Buffer<double> us(3), d_p(3), d_start(3);
    compile(vjp(program, {"p", "start"}))
        .run({{"p", ps},
              {"start", zero},
              {"adjoint_u", ones},
              {"u", us},
              {"adjoint_p", d_p},
              {"adjoint_start", d_start}});
    for (int i = 0; i < 3; i++) {
        const double s = std::sin(ps(i) * us(i)) / 2;
        EXPECT_NEAR(us(i), std::cos(ps(i) * us(i)) / 2, 1e-14);
        EXPECT_NEAR(d_p(i), -us(i) * s / (1 + ps(i) * s), 1e-13);
        EXPECT_EQ(d_start(i), 0);
    }
    const GradientReport report = check_gradients(program, {{"p", ps}, {"start", zero}}, {"p", "start"}, {.order = 2});
    EXPECT_TRUE(report.ok()) << report.text();
    EXPECT_EQ(report.checked, 24);
}

// A diffusion matrix with coefficients, (1 + k) on the diagonal; not symmetric if it also drifts.
Array diffused(const Array &u, const Array &k, double drift) {
    const Func at = zero_outside(u), k_at = repeat_edge(k);
    return pointwise(u, [&](Var x) {
        const Expr right = (k_at(x) + k_at(x + 1)) * (u(x) - at(x + 1)),
                   left = (k_at(x - 1) + k_at(x)) * (u(x) - at(x - 1));
        return u(x) + right + left + Internal::make_const(Float(64), drift) * (u(x) - at(x - 1));
    });
}

TEST(Implicit, LinearSolves) {
    for (const double drift : {0., 0.6}) {
        const Array k = input<double>("k", {5}), b = input<double>("b", {5});
        const ArrayMap map = [=](const Array &u, const Arrays &p) { return diffused(u, p[0], drift); };
        const Array u = linear_solve(map, b, {k}, {.steps = 12, .symmetric = drift == 0});
        const Program program("solve", {k, b}, {{"u", u}, {"b_again", diffused(u, k, drift)}});
        const Buffer<double> ks = filled(5, 0.3, 0.1), bs = filled(5, 1, -0.4);
        Buffer<double> us(5), again(5);
        compile(program).run({{"k", ks}, {"b", bs}, {"u", us}, {"b_again", again}});
        for (int i = 0; i < 5; i++) {
            EXPECT_NEAR(again(i), bs(i), 1e-12);
        }
        const Program only("solve", {k, b}, {{"u", u}});
        const GradientReport report = check_gradients(only, {{"k", ks}, {"b", bs}}, {}, {.order = drift == 0 ? 2 : 1});
        EXPECT_TRUE(report.ok()) << report.text();
        EXPECT_EQ(report.checked, drift == 0 ? 40 : 20);
    }
}

TEST(Implicit, ASolverOfTheUserIsUsedForDerivativesToo) {
    // A diagonal matrix, and a solver that is right for those only: it counts what map makes of ones.
    const Array d = input<double>("d", {4}), b = input<double>("b", {4});
    const ArrayMap map = [](const Array &u, const Arrays &p) {
        return pointwise(u, [&](Var x) { return p[0](x) * u(x); });
    };
    int solves = 0;
    const LinearSolver solver = [&](const std::function<Array(const Array &)> &map, const Array &b) {
        solves++;
        const Array diagonal = map(pointwise(b, [](Var) { return Internal::make_one(Float(64)); }));
        return pointwise(b, [&](Var x) { return b(x) / diagonal(x); });
    };
    const Program program("diagonal", {d, b}, {{"u", linear_solve(map, b, {d}, {.solver = solver})}});
    const GradientReport report =
        check_gradients(program, {{"d", filled(4, 1, 0.5)}, {"b", filled(4, 2, -0.3)}}, {}, {.order = 2});
    EXPECT_TRUE(report.ok()) << report.text();
    EXPECT_GT(solves, 3);
}

TEST(Implicit, WithinALoop) {
    // Implicit steps of diffusion: each solves (I + K) u' = u + f.
    const Array k = input<double>("k", {4}), u0 = input<double>("u0", {4});
    const Param<double> f("f");
    const auto [u] = loop(3, {u0}, [&](const Expr &, const Array &u) {
        const Array b = pointwise(u, [&](Var x) { return u(x) * u(x) + f; });
        return Arrays{
            linear_solve([](const Array &u, const Arrays &p) { return diffused(u, p[0], 0); }, b, {k}, {.steps = 8})};
    });
    const Program program("implicit_steps", {k, u0, f}, {{"u", u}});
    const GradientReport report =
        check_gradients(program, {{"k", filled(4, 0.3, 0.1)}, {"u0", filled(4, 0.5, 0.2)}, {"f", 0.3}});
    EXPECT_TRUE(report.ok()) << report.text();
    EXPECT_EQ(report.checked, 18);
}

TEST(Implicit, ArraysInSeveralPlaces) {
    // The start is a parameter, which is given twice, and the right-hand side is the coefficient.
    const Array p = input<double>("p", {3});
    const Array u = fixed_point(
        [](const Array &u, const Arrays &p) {
            return pointwise(u, [&](Var x) { return cos(p[0](x) * u(x)) / 2 + p[1](x) * u(x) / 4; });
        },
        p, {p, p});
    const Array v =
        linear_solve([](const Array &u, const Arrays &p) { return diffused(u, p[0], 0); }, p, {p}, {.steps = 6});
    const Program program("several", {p}, {{"u", u}, {"v", v}});
    const GradientReport report = check_gradients(program, {{"p", filled(3, 0.4, 0.2)}});
    EXPECT_TRUE(report.ok()) << report.text();
}

TEST(Implicit, RefusesWhatTheMapHides) {
    const Array p = input<double>("p", {3}), start = input<double>("start", {3});
    const Param<double> hidden("hidden");
    const Array u =
        fixed_point([&](const Array &u,
                        const Arrays &p) { return pointwise(u, [&](Var x) { return cos(p[0](x) * u(x)) * hidden; }); },
                    start, {p});
    const Program program("hiding", {p, start, hidden}, {{"u", u}});
    EXPECT_EQ(vjp(program, {"p"}).outputs().size(), 2u);
    for (const bool forward : {false, true}) {
        try {
            forward ? jvp(program, {"hidden"}) : vjp(program, {"hidden"});
            ADD_FAILURE();
        } catch (const CompileError &e) {
            EXPECT_THAT(e.what(), ::testing::HasSubstr("hidden is not: add it to them"));
        }
    }
    EXPECT_THROW(fixed_point([&](const Array &, const Arrays &) { return Array(); }, start, {p}), CompileError);
}

}  // namespace
