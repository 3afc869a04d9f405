#include "interpreter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace sylvite::testing {
namespace {

using namespace Halide;

Var x("x"), y("y");

// --- Numbers ---

const char *const unary_names[] = {"sin",   "cos",   "tan", "asin",  "acos", "atan",         "sinh",
                                   "cosh",  "tanh",  "exp", "log",   "sqrt", "fast_inverse", "fast_inverse_sqrt",
                                   "asinh", "atanh", "abs", "floor", "ceil", "trunc",        "round"};

TEST(InterpreterNumbers, DerivativesAgreeWithDifferences) {
    const double h = 1e-5;
    for (const char *name : unary_names) {
        const UnaryFunction &g = *unary_function(name);
        const auto first = [&](double a) { return g.first(a, g.value(a)); };
        for (const double a : {0.3, 0.7}) {
            EXPECT_NEAR(first(a), (g.value(a + h) - g.value(a - h)) / (2 * h), 1e-7) << name;
            EXPECT_NEAR(g.second(a, g.value(a)), (first(a + h) - first(a - h)) / (2 * h), 1e-6) << name;
        }
    }
    const UnaryFunction &acosh = *unary_function("acosh");
    EXPECT_NEAR(acosh.first(1.5, 0), (std::acosh(1.5 + h) - std::acosh(1.5 - h)) / (2 * h), 1e-7);
    EXPECT_NEAR(acosh.second(1.5, 0), (acosh.first(1.5 + h, 0) - acosh.first(1.5 - h, 0)) / (2 * h), 1e-7);
    for (const char *name : {"+", "-", "*", "/", "%", "min", "max", "pow", "atan2"}) {
        const BinaryFunction &g = *binary_function(name);
        const auto partials = [&](double a, double b) { return g.partials(a, b, g.value(a, b)); };
        const double a = 0.9, b = 0.4;
        const Partials p = partials(a, b), pa = partials(a + h, b), ma = partials(a - h, b), pb = partials(a, b + h),
                       mb = partials(a, b - h);
        EXPECT_NEAR(p.a, (g.value(a + h, b) - g.value(a - h, b)) / (2 * h), 1e-7) << name;
        EXPECT_NEAR(p.b, (g.value(a, b + h) - g.value(a, b - h)) / (2 * h), 1e-7) << name;
        EXPECT_NEAR(p.aa, (pa.a - ma.a) / (2 * h), 1e-6) << name;
        EXPECT_NEAR(p.ab, (pb.a - mb.a) / (2 * h), 1e-6) << name;
        EXPECT_NEAR(p.ab, (pa.b - ma.b) / (2 * h), 1e-6) << name;
        EXPECT_NEAR(p.bb, (pb.b - mb.b) / (2 * h), 1e-6) << name;
    }
}

TEST(InterpreterNumbers, TiesShareAndZerosHideInfinities) {
    const Dual tie = apply_binary(*binary_function("max"), Dual{2, 1}, Dual{2, 5});
    EXPECT_EQ(tie.d, 3);
    EXPECT_EQ(apply_unary(*unary_function("abs"), Dual{0, 1}).d, 0);
    EXPECT_EQ(apply_unary(*unary_function("sqrt"), Dual{0, 0}).d, 0);
    EXPECT_EQ(apply_binary(*binary_function("min"), Dual{1, 2}, Dual{3, INFINITY}).d, 2);
    EXPECT_EQ(apply_binary(*binary_function("pow"), Dual{-2, 1}, Dual{2, 0}).d, -4);
}

TEST(InterpreterNumbers, HyperDualsHaveMixedDerivatives) {
    // d^2/da db of a b^2 in directions (1, 2) and (3, 4): 2b (1*4 + 2*3) + 2a 2*4
    const HyperDual a{0.5, 1, 3, 0}, b{0.25, 2, 4, 0};
    const BinaryFunction &product = *binary_function("*");
    const HyperDual y = apply_binary(product, apply_binary(product, a, b), b);
    EXPECT_DOUBLE_EQ(y.d12, 2 * 0.25 * 10 + 2 * 0.5 * 8);
    // sin(a b)
    const HyperDual z = apply_unary(*unary_function("sin"), apply_binary(product, a, b));
    const double ab = 0.125, d1 = 0.25 + 1, d2 = 0.75 + 2;
    EXPECT_DOUBLE_EQ(z.d12, std::cos(ab) * 10 - std::sin(ab) * d1 * d2);
}

// --- Funcs: what Halide computes ---

void expect_as_halide(Func f, const std::vector<int> &sizes, int min = 0) {
    Interpreter<double> interpreter;
    Buffer<double> expected(sizes);
    expected.set_min(std::vector<int>(sizes.size(), min));
    f.realize(expected, Target("x86-64-linux"));
    expected.for_each_element([&](const int *at) {
        const double got = interpreter.at(f, Point(at, at + sizes.size()));
        EXPECT_DOUBLE_EQ(got, expected(at)) << f.name() << " at " << at[0];
    });
}

Expr as_real(const Expr &e) { return cast<double>(e); }

TEST(Interpreter, IntegersAreHalides) {
    Func f("f");
    f(x) = as_real(x / 3) + 10 * as_real(x % 3) + 100 * as_real(x / -3) + 1000 * as_real((x * 7) % -4) +
           real(1e4) * as_real(x / 0) + real(1e5) * as_real(cast<uint8_t>(x * 100)) +
           real(1e8) * as_real(cast<int8_t>(x * 100)) + real(1e11) * as_real(absd(x, 2)) +
           real(1e13) * as_real((x << 2) ^ (x >> 1)) + real(1e-3) * as_real(cast<int>(as_real(x) * 0.7f)) +
           real(1e-4) * as_real(x & 3);
    expect_as_halide(f, {9}, -4);
    Func g("g");
    g(x) = mux(x, {as_real(x), real(7), as_real(x * x)}) + select(x > 1 && x != 2, real(5), real(6)) +
           as_real(cast<float>(as_real(x) / 3)) + (as_real(x) - 0.5f) % 1.5f + round(as_real(x) / 2) +
           lerp(as_real(x), real(9), cast<uint8_t>(x * 11));
    expect_as_halide(g, {9}, -4);
}

TEST(Interpreter, StagesRunAsWritten) {
    RDom r(1, 6), s(0, 3, 0, 2);
    Func scan("scan");
    scan(x) = as_real(x);
    scan(r) = scan(r - 1) * 0.5f + scan(r);
    expect_as_halide(scan, {8});

    Func histogram("histogram");
    histogram(x) = real(0);
    histogram((r * 5) % 4) += as_real(r);
    expect_as_halide(histogram, {4});

    Func order("order");  // the first variable is the innermost
    order() = real(0);
    order() = order() * 2 + as_real(s.x) + 10 * as_real(s.y);
    Interpreter<double> interpreter;
    EXPECT_DOUBLE_EQ(interpreter.at(order, {}), ((((0 * 2 + 0.0) * 2 + 1) * 2 + 2) * 2 + 10) * 4 + 11 * 2 + 12);

    Func argmax("argmax");
    argmax() = Tuple(real(-1), 0);
    const Expr value = sin(as_real(r) * 2);
    argmax() = Tuple(max(argmax()[0], value), select(value > argmax()[0], r, argmax()[1]));
    Func index("index");
    index(x) = as_real(argmax()[1]);
    expect_as_halide(index, {1});

    Func crossed("crossed");  // stages ask for what earlier ones leave, along either dimension
    crossed(x, y) = as_real(x) + 10 * as_real(y);
    crossed(x, r) += crossed(x, r - 1);
    crossed(r, y) += crossed(r + 1, y);
    crossed(0, y) = crossed(7, y);
    expect_as_halide(crossed, {8, 8});
}

TEST(Interpreter, LetsMayHideNames) {
    const int depth = 30;
    const auto name = [](int i) { return i % 10 ? "t" + std::to_string(i) : "again"; };
    const auto t = [&](int i) { return Internal::Variable::make(Float(64), name(i)); };
    Expr sum = t(depth - 1), half(0.5);
    for (int i = depth - 1; i > 0; i--) {
        sum = Internal::Let::make(name(i), t(i - 1) * half + (t(i - 1) * half + Expr(i % 2 ? 1.0 : -0.5)), sum);
    }
    Func f("f");
    f(x) = Internal::Let::make(name(0), cast<double>(x), sum);
    Interpreter<double> machine;
    EXPECT_EQ(machine.at(f, {3}), 3 + 0.5 * depth / 2 + 0.5);
}

TEST(Interpreter, PredicatesMayReadData) {
    Func data("data"), f("f");
    data(x) = sin(as_real(x));
    RDom r(0, 10);
    r.where(data(r) > 0);
    f(x) = real(0);
    f(x) += data(r) * x;
    expect_as_halide(f, {3});
}

TEST(Interpreter, KnowsTheBoundsOfImages) {
    ImageParam in(Float(64), 2, "in");
    Func f("f");
    f() = in(in.dim(0).min(), in.dim(1).max()) + as_real(in.dim(1).extent());
    Interpreter<double> interpreter;
    interpreter.bind("in", {{{3, 4}, {-1, 1}}, {1, 2, 3, 4, 50, 6}});
    EXPECT_EQ(interpreter.at(f, {}), 53);
}

TEST(Interpreter, NamesTheReadOutsideAnImage) {
    ImageParam in(Float(64), 1, "in");
    Func f("f");
    f(x) = select(x > 0, in(x - 1), real(7));
    Interpreter<double> interpreter;
    interpreter.bind("in", {{{0, 1}}, {3, 4}});
    EXPECT_EQ(interpreter.at(f, {0}), 7);
    EXPECT_EQ(interpreter.at(f, {2}), 4);
    try {
        interpreter.at(f, {3});
        ADD_FAILURE();
    } catch (const InterpreterError &error) {
        EXPECT_STREQ(error.what(), "image in at 2 in dimension 0, outside 0..1");
    }
}

TEST(Interpreter, NamesWhatItDoesNotKnow) {
    Func f("f");
    f(x) = cast<double>(random_float());
    Interpreter<double> interpreter;
    try {
        interpreter.at(f, {0});
        ADD_FAILURE();
    } catch (const InterpreterError &error) {
        EXPECT_THAT(error.what(), ::testing::StartsWith("no such operation: "));
    }
}

TEST(Interpreter, DualsMoveThroughStages) {
    ImageParam in(Float(64), 1, "in");
    Func f("f");
    f(x) = in(x)*in(x);
    RDom r(1, 2);
    f(r) = f(r - 1) * in(r);
    Interpreter<Dual> interpreter;
    interpreter.bind("in", {{{0, 2}}, {{2, 1}, {3, 0}, {5, 0}}});
    const Dual y = interpreter.at(f, {2});  // in(0)^2 in(1) in(2)
    EXPECT_EQ(y.f, 60);
    EXPECT_EQ(y.d, 60);
}

}  // namespace
}  // namespace sylvite::testing
