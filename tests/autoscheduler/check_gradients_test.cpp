#include "autoscheduler/check_gradients/check_gradients.h"

#include "autodiff/custom_rule.h"
#include "frontend/program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace sylvite;
using namespace Halide;
using ::testing::HasSubstr;

namespace {

Var x("x");
const Target quick("x86-64-linux");

Func smooth(const ImageParam &in, const Expr &p, const Buffer<double> &known) {
    Func f("f");
    RDom r(1, 3);
    f(x) = in(x)*p + known(x);
    f(r) += f(r - 1) * sin(in(r));
    return f;
}

struct Example {
    ImageParam in{Float(64), 1, "in"};
    Param<double> p{"p", 0.7};
    Buffer<double> values{4}, known{4, "known"};
    Example() {
        for (int i = 0; i < 4; i++) {
            values(i) = 0.3 + 0.2 * i;
            known(i) = i;
        }
        in.set(values);
    }
};

TEST(CheckGradients, AgreesWhereTheyAreRight) {
    Example e;
    const GradientReport report =
        check_gradients(smooth(e.in, e.p, e.known), {{0, 4}}, {e.in, e.p, e.known}, {.order = 3, .target = quick});
    EXPECT_TRUE(report.ok()) << report.text();
    EXPECT_EQ(report.checked, 3 * 2 * (4 + 1 + 4));
    EXPECT_THAT(report.text(), HasSubstr("54 of 54 derivatives agree"));
    // Everything is as it was.
    EXPECT_EQ(e.p.get(), 0.7);
    EXPECT_EQ(Buffer<double>(e.in.get()).data(), e.values.data());
    EXPECT_EQ(e.known(2), 2);
}

// in(x)^2, with a derivative that is wrong at elements beyond 1.
Func wrong(const ImageParam &in) {
    Func f("f");
    f(x) = custom_rule(in(x)*in(x), {in(x)}, [](const Operands &a, const Expr &) {
        return std::vector<Partial>{select(a[0] > Expr(0.8), 3 * a[0], 2 * a[0])};
    });
    return f;
}

TEST(CheckGradients, NamesInputElementModeAndBothNumbers) {
    Example e;
    const GradientReport report = check_gradients(wrong(e.in), {{0, 4}}, {e.in}, {.target = quick});
    ASSERT_EQ(report.mismatches.size(), 2u) << report.text();
    EXPECT_EQ(report.mismatches[0].input, "in");
    EXPECT_EQ(report.mismatches[0].element, std::vector<int>{3});
    EXPECT_EQ(report.mismatches[0].mode, "forward");
    EXPECT_EQ(report.mismatches[1].mode, "reverse");
    EXPECT_NEAR(report.mismatches[1].derivative / report.mismatches[1].difference, 1.5, 1e-9);
    EXPECT_THAT(report.text(), HasSubstr("in(3): reverse derivative"));
    EXPECT_THAT(report.text(), HasSubstr("6 of 8 derivatives agree"));
    EXPECT_EQ(check_gradients(wrong(e.in), {{0, 4}}, {e.in}, {.forward = false, .target = quick}).mismatches.size(),
              1u);
    EXPECT_TRUE(check_gradients(wrong(e.in), {{0, 3}}, {e.in}).ok());
}

TEST(CheckGradients, FindsAWrongSecondDerivative) {
    Example e;
    Func f("f");
    // The first derivative is right, but says of itself that it does not change.
    f(x) = custom_rule(e.in(x)*e.in(x), {e.in(x)},
                       [](const Operands &a, const Expr &) { return std::vector<Partial>{stop_gradient(2 * a[0])}; });
    EXPECT_TRUE(check_gradients(f, {{0, 4}}, {e.in}).ok());
    const GradientReport report = check_gradients(f, {{0, 4}}, {e.in}, {.order = 2, .target = quick});
    EXPECT_EQ(report.mismatches.size(), 8u);
    EXPECT_EQ(report.mismatches[0].order, 2);
    EXPECT_THAT(report.text(), HasSubstr("derivative of order 2"));
}

TEST(CheckGradients, TakesSmallerStepsNearAKink) {
    Example e;
    Func f("f");
    f(x) = abs(e.in(x)-Expr(0.3002));  // in(0) is 0.3, and a step 0.001
    const GradientReport report = check_gradients(f, {{0, 4}}, {e.in}, {.target = quick});
    EXPECT_TRUE(report.ok()) << report.text();
    EXPECT_FALSE(check_gradients(f, {{0, 4}}, {e.in}, {.tolerance = 1e-13, .target = quick}).ok());
}

TEST(CheckGradients, InfinityAgreesWithNothing) {
    Example e;
    Param<double> zero("zero", 0.);
    Func f("f");
    f(x) =
        custom_rule(e.in(x), {e.in(x)}, [&](const Operands &, const Expr &) { return std::vector<Partial>{1 / zero}; });
    EXPECT_EQ(check_gradients(f, {{0, 4}}, {e.in}, {.target = quick}).mismatches.size(), 8u);
}

TEST(CheckGradients, WorksInSinglePrecision) {
    ImageParam in(Float(32), 1, "in");
    Buffer<float> values(3);
    values(0) = 0.5f, values(1) = 1, values(2) = 1.5f;
    in.set(values);
    Func f("f");
    f(x) = exp(in(x)) * in(x);
    const GradientReport report = check_gradients(f, {{0, 3}}, {in}, {.elements = 2});
    EXPECT_TRUE(report.ok()) << report.text();
    EXPECT_EQ(report.checked, 4);
}

Program wave(const std::function<Expr(const Expr &)> &force) {
    const Param<int> n("n"), steps("steps");
    const Param<float> stiffness("stiffness");
    const Array u0 = input<float>("u0", {n});
    const auto [u] = loop(steps, {u0}, [&](const Expr &, const Array &u) {
        Func next("next");
        const Func at = zero_outside(u);
        next(x) = u(x) + 0.1f * (at(x - 1) - 2 * u(x) + at(x + 1)) * stiffness + 0.1f * force(u(x));
        return Arrays{Array(next, {n})};
    });
    return Program("wave", {u0, n, steps, stiffness}, {{"u", u}});
}

TEST(CheckGradients, OfPrograms) {
    Buffer<float> u0(5);
    for (int i = 0; i < 5; i++) {
        u0(i) = 0.5f + 0.2f * static_cast<float>(i);
    }
    const NamedArguments arguments{{"u0", u0}, {"n", 5}, {"steps", 3}, {"stiffness", 0.9}};
    const GradientReport report =
        check_gradients(wave([](const Expr &u) { return sin(u); }), arguments, {}, {.order = 2});
    EXPECT_TRUE(report.ok()) << report.text();
    EXPECT_EQ(report.checked, 2 * 2 * 6);

    const Program bad = wave([](const Expr &u) {
        return custom_rule(sin(u), {u},
                           [](const Operands &a, const Expr &) { return std::vector<Partial>{-cos(a[0])}; });
    });
    EXPECT_EQ(check_gradients(bad, arguments, {"u0"}, {.forward = false}).mismatches.size(), 5u);
}

void expect_refusal(const std::function<void()> &act, const std::string &text) {
    try {
        act();
        ADD_FAILURE() << text;
    } catch (const CompileError &e) {
        EXPECT_THAT(e.what(), HasSubstr(text));
    }
}

TEST(CheckGradients, Refuses) {
    Example e;
    ImageParam unset(Float(64), 1, "unset"), integers(Int(32), 1, "integers");
    Func f("f");
    f(x) = unset(x) * e.in(x) + integers(x);
    expect_refusal([&] { check_gradients(f, {{0, 3}}, {unset}); }, "unset has none: set() one first");
    expect_refusal([&] { check_gradients(f, {{0, 3}}, {integers}); }, "integers has type int32");
    expect_refusal([&] { check_gradients(f, {}, {e.in}); }, "0 ranges were given");
    expect_refusal([&] { check_gradients(f, {{0, unset.dim(0).extent()}}, {e.in}); }, "a box of numbers");
    expect_refusal([&] { check_gradients(f, {{0, 3}}, {}); }, "it was given none");
    expect_refusal(
        [&] {
            check_gradients(f, {{0, 3}}, {e.in}, {.forward = false, .reverse = false});
        },
        "needs a mode; forward and reverse are both false");
    expect_refusal([&] { check_gradients(f, {{0, 3}}, {e.in}, {.order = 0}); }, "order has 0");
    expect_refusal([&] { check_gradients(wave([](const Expr &u) { return u; }), {{"n", 5}}, {"u0"}); }, "u0 has none");
}

}  // namespace
