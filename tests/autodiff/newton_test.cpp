#include "autodiff/newton.h"

#include "autodiff/program.h"
#include "autodiff/vmap.h"
#include "derivative_check.h"
#include "targets/compile.h"

#include <gmock/gmock.h>

#include <cmath>

using namespace sylvite;
using namespace sylvite::testing;
using namespace Halide;

namespace {

Var x("x");

// Two unknowns at each place, of which the first equation does not read the first: rows must change places.
Func mixed(const Func &in) {
    Func start("start"), a("a"), b("b");
    start(x) = {Internal::make_const(Float(64), 0.5), Internal::make_const(Float(64), 0.7)};
    a(x) = in(x);
    b(x) = {in(x + 1), in(x)*in(x + 1)};
    const Equations equations = [](const Func &z, const std::vector<Func> &p) {
        Func residual("residual");
        residual(x) = {z(x)[1] + z(x)[1] * z(x)[1] * p[0](x) - p[1](x)[0],
                       z(x)[0] + z(x)[0] * z(x)[1] / 5 - p[1](x)[1]};
        return residual;
    };
    const Func z = newton(equations, start, {a, b}, 6).solution;
    Func f("f");
    f(x) = z(x)[0] * z(x)[1];
    return f;
}

TEST(Newton, DerivativesAreThoseOfTheSolution) {
    const Case c{"mixed", {4}, {{0, 3}}, mixed};
    check_derivatives(c, Placement::inlined, 1);
    check_second_order(c, 2);
}

TEST(Newton, FindsRootsAndSaysHowNearTheyAre) {
    Param<double> p("p");
    Func start("start"), at("at");
    start() = p;
    at() = p;
    const auto found = [&](int iterations) {
        return newton(
            [](const Func &z, const std::vector<Func> &p) {
                Func residual("residual");
                residual() = z() * z() * z() + z() - p[0]();
                return residual;
            },
            start, {at}, iterations);
    };
    const Root rough = found(2), fine = found(7);
    const Func slope = grad(fine.solution, p), curvature = grad(slope, p);
    p.set(3);
    const auto value = [](const Func &f) { return Buffer<double>(Func(f).realize({}, quick_target()))(); };
    const double z = value(fine.solution), s = 1 / (3 * z * z + 1);
    EXPECT_NEAR(z * z * z + z, 3, 1e-14);
    EXPECT_NEAR(value(fine.last_change), 0, 1e-12);
    EXPECT_NEAR(value(rough.last_change), -0.5, 0.3);
    EXPECT_NEAR(value(slope), s, 1e-14);
    EXPECT_NEAR(value(curvature), -6 * z * s * s * s, 1e-13);
}

TEST(Newton, TakesDimensionsByTheirOrder) {
    Var i("i"), u("u");
    Func start("start"), p("p");
    start(x, i) = Internal::make_const(Float(64), 3);
    p(x, i) = Internal::make_one(Float(64)) * (x + 10 * i + 1);
    for (const auto &[first, second] : std::vector<std::pair<Var, Var>>{{i, x}, {u, i}}) {
        const Root root = newton(
            [&, first = first, second = second](const Func &z, const std::vector<Func> &given) {
                Func residual("residual");
                residual(first, second) = z(first, second) * z(first, second) - given[0](first, second);
                return residual;
            },
            start, {p}, 8);
        const Buffer<double> z = Func(root.solution).realize({2, 3}, quick_target());
        EXPECT_NEAR(z(1, 2) * z(1, 2), 22, 1e-12);
        EXPECT_NEAR(z(0, 1) * z(0, 1), 11, 1e-12);
    }
}

// Many elements at once, in a loop of a program, with a parameter that all share.
TEST(Newton, InALoopForManyElements) {
    const Array y0 = input<double>("y0", {}), k = input<double>("k", {});
    const auto [y] = loop(3, {y0}, [&](const Expr &, const Array &now) {  // y' = -k y^2, implicit Euler
        const Func next = newton(
                              [](const Func &z, const std::vector<Func> &p) {
                                  Func residual("residual");
                                  residual() = z() - p[0]() + p[1]() * z() * z();
                                  return residual;
                              },
                              now, {now, k}, 6)
                              .solution;
        return Arrays{Array(next, {})};
    });
    const Program program = vmap(Program("decay", {y0, k}, {{"y", y}}), {"y0"}, 3), reverse = vjp(program, {"y0", "k"});
    Buffer<double> y0s(3), k_value = Buffer<double>::make_scalar(), ys(3), adjoint(3), d_y0(3),
                           d_k = Buffer<double>::make_scalar();
    k_value() = 0.3;
    const auto step = [](double y, double k) { return (std::sqrt(1 + 4 * k * y) - 1) / (2 * k); };
    const auto end = [&](double y, double k) { return step(step(step(y, k), k), k); };
    for (int i = 0; i < 3; i++) {
        y0s(i) = 1 + i;
        adjoint(i) = 2 - i;
    }
    compile(reverse).run(
        {{"y0", y0s}, {"k", k_value}, {"adjoint_y", adjoint}, {"y", ys}, {"adjoint_y0", d_y0}, {"adjoint_k", d_k}});
    double by_k = 0;
    const double h = 1e-5;
    for (int i = 0; i < 3; i++) {
        EXPECT_NEAR(ys(i), end(1 + i, 0.3), 1e-14);
        EXPECT_NEAR(d_y0(i), adjoint(i) * (end(1 + i + h, 0.3) - end(1 + i - h, 0.3)) / (2 * h), 1e-9);
        by_k += adjoint(i) * (end(1 + i, 0.3 + h) - end(1 + i, 0.3 - h)) / (2 * h);
    }
    EXPECT_NEAR(d_k(), by_k, 1e-9);
}

std::string message_of(const std::function<void()> &action) {
    try {
        action();
    } catch (const CompileError &error) {
        return error.what();
    }
    return "no error";
}

TEST(Newton, RefusesWhatItCannotSolveOrDifferentiate) {
    Func start("start"), hidden("hidden");
    Param<double> p("p");
    start() = Internal::make_const(Float(64), 1);
    hidden() = p * p;
    const Equations reads_hidden = [&](const Func &z, const std::vector<Func> &) {
        Func residual("residual");
        residual() = z() * z() - hidden();
        return residual;
    };
    const Equations too_many = [](const Func &z, const std::vector<Func> &) {
        Func residual("residual");
        residual() = {z(), z()};
        return residual;
    };
    EXPECT_THAT(message_of([&] { newton(reads_hidden, start, {}, 0); }),
                ::testing::HasSubstr("newton() needs equations, a defined start and an iteration; iterations are 0."));
    EXPECT_THAT(
        message_of([&] { newton(too_many, start, {}, 1); }),
        ::testing::HasSubstr("newton() needs as many equations as unknowns, of their type and dimensions; those "
                             "for start have others."));
    EXPECT_THAT(message_of([&] { grad(newton(reads_hidden, start, {}, 1).solution, p); }),
                ::testing::HasSubstr("is not: add it to them"));
}

// Directly, by way of another Func, in a sum, at a fixed place; what is put together of reads of the own point may stand.
TEST(Newton, RefusesEquationsThatCouplePoints) {
    Var i("i"), j("j");
    Func start("start");
    start(x, i) = Internal::make_const(Float(64), 1);
    const auto refusal = [&](const std::function<Expr(const Func &z)> &left) {
        return message_of([&] {
            newton(
                [&](const Func &z, const std::vector<Func> &p) {
                    Func residual("residual");
                    residual(x, i) = left(z) - p[0](x - 1, i + 1);
                    return residual;
                },
                start, {start}, 1);
        });
    };
    const RDom r(0, 3, "r");
    const auto refused = [](const std::string &dimension) {
        return ::testing::HasSubstr(
            "newton() needs equations that read the unknowns at their own point only; those for start read them "
            "elsewhere in dimension " +
            dimension + ": solve equations that couple points by fixed_point() or linear_solve().");
    };
    EXPECT_THAT(refusal([&](const Func &z) { return z(x, i) + z(x - 1, i); }), refused("0"));
    EXPECT_THAT(refusal([&](const Func &z) { return z(x, 0) * z(x, i); }), refused("1"));
    EXPECT_THAT(refusal([&](const Func &z) {
                    Func shifted("shifted");
                    shifted(x, i) = z(x, i + 1);
                    return shifted(x, i);
                }),
                refused("1"));
    EXPECT_THAT(refusal([&](const Func &z) {
                    Func sum("sum");
                    sum(x, i) += z(x, i + r);
                    return sum(x, i);
                }),
                refused("1"));
    EXPECT_THAT(refusal([&](const Func &z) {
                    const LoopBody square = [&](const Expr &, const Arrays &s) {
                        Func squared("squared");
                        squared(x, i) = s[0](x, i) * s[0](x, i);
                        return Arrays{Array(squared, {8, 8})};
                    };
                    return z(x, i) + loop(1, {Array(z, {8, 8})}, square)[0](x, i);
                }),
                ::testing::HasSubstr("those for start read them by a loop"));
    EXPECT_THAT(refusal([&](const Func &) { return Internal::make_const(Float(64), 1); }),
                ::testing::HasSubstr("newton() needs equations that read the unknowns; those for start do not."));
    EXPECT_EQ(refusal([&](const Func &z) {
                  Func powers("powers"), both("both");
                  powers(x, i, j) = pow(z(x, i), j);
                  both(i, x) += powers(x, i, r + 1) * r;
                  return both(i, x);
              }),
              "no error");
}

}  // namespace
