#include "autodiff/custom_rule.h"
#include "autodiff/program.h"
#include "derivative_check.h"
#include "targets/compile.h"

#include <gmock/gmock.h>

#include <cmath>

using namespace sylvite;
using namespace sylvite::testing;
using namespace Halide;

extern "C" double sylvite_test_bessel(double x) { return std::cyl_bessel_j(0., x); }
extern "C" double sylvite_test_bessel1(double x) { return std::cyl_bessel_j(1., x); }
HalideExtern_1(double, sylvite_test_bessel, double);
HalideExtern_1(double, sylvite_test_bessel1, double);

// out(x) = in(x)^2 + in(x + 1), as an extern stage.
extern "C" int sylvite_test_square(halide_buffer_t *in, halide_buffer_t *out) {
    Runtime::Buffer<double> from(*in), to(*out);
    if (from.is_bounds_query()) {
        from.raw_buffer()->dim[0].min = to.dim(0).min();
        from.raw_buffer()->dim[0].extent = to.dim(0).extent() + 1;
        in->dim[0] = from.raw_buffer()->dim[0];
        return 0;
    }
    for (int i = to.dim(0).min(); i <= to.dim(0).max(); i++) {
        to(i) = from(i) * from(i) + from(i + 1);
    }
    return 0;
}

namespace {

Var x("x");

Expr bessel1(const Expr &z);
// J0' = -J1 and J1' = J0 - J1 / z.
Expr bessel0(const Expr &z) {
    return custom_rule(sylvite_test_bessel(z), {z},
                       [](const Operands &a, const Expr &) { return std::vector<Partial>{-bessel1(a[0])}; });
}
Expr bessel1(const Expr &z) {
    return custom_rule(sylvite_test_bessel1(z), {z},
                       [](const Operands &a, const Expr &y) { return std::vector<Partial>{bessel0(a[0]) - y / a[0]}; });
}

TEST(CustomRule, OfAnExprThatCallsC) {
    const Case c{"bessel", {7}, {{0, 6}}, [](Func in) {
                     Func f("f");
                     f(x) = bessel0(in(x)*in(x + 1)) * in(x);
                     return f;
                 }};
    for (const Placement placement : {Placement::inlined, Placement::all_roots}) {
        check_derivatives(c, placement, 1);
    }
    check_second_order(c, 2);
}

TEST(CustomRule, TakesThePlaceOfOtherDerivatives) {
    // The straight-through estimator: the value of round, the derivative of the identity.
    ImageParam in(Float(64), 1, "in");
    Func f("f"), one("one");
    f(x) = custom_rule(
               round(in(x)), {in(x)},
               [](const Operands &, const Expr &) { return std::vector<Partial>{Internal::make_one(Float(64))}; }) *
           in(x);
    one(x) = Internal::make_one(Float(64));
    Buffer<double> values(2);
    values(0) = 1.25, values(1) = 2.75;
    in.set(values);
    const Buffer<double> d = jvp(f, {{in, one}}).realize({2}, quick_target());
    EXPECT_EQ(d(0), 1.25 + 1);
    EXPECT_EQ(d(1), 2.75 + 3);
}

// A rule that is transposed, and that leaves a value of its input out.
TEST(CustomRule, OfAFuncMayLeaveOutAValueOfAnInput) {
    const auto build = [](const Func &in) {
        Func pair("pair"), first("first");
        pair(x) = {in(x)*in(x), in(x)};
        first(x) = 3 * pair(x)[0] + 0 * pair(x)[1];
        FuncRule rule;
        rule.jvp = [](const std::vector<Func> &, const Func &, const std::vector<Func> &tangents) {
            Func d("d");
            d(x) = 3 * tangents[0](x)[0];
            return d;
        };
        return custom_rule(first, {pair}, rule);
    };
    check_derivatives({"first", {5}, {{0, 5}}, build}, Placement::inlined, 1);
}

TEST(CustomRule, RefusesAnExprThatReadsMoreThanItsOperands) {
    ImageParam in(Float(64), 1, "in");
    Param<double> p("p");
    Func f("f"), loss("loss");
    f(x) = custom_rule(in(x)*p, {in(x)}, [](const Operands &, const Expr &) {
        return std::vector<Partial>{Internal::make_one(Float(64))};
    });
    RDom r(0, 3);
    loss() += f(r);
    EXPECT_TRUE(grad(loss, in).defined());
    try {
        grad(loss, p);
        FAIL();
    } catch (const CompileError &e) {
        EXPECT_THAT(e.what(), ::testing::HasSubstr("p in f is not, as p, and a derivative by it is asked for"));
    }
}

// f(x) = in(x)^2 + in(x + 1) by the extern stage.
Func squared(Func in, const FuncRule &rule) {
    Func square("square");
    square.define_extern("sylvite_test_square", {in}, Float(64), 1);
    return custom_rule(square, {in}, rule);
}

FuncRule square_rule(bool jvp, bool vjp) {
    FuncRule rule;
    if (jvp) {
        rule.jvp = [](const std::vector<Func> &in, const Func &, const std::vector<Func> &v) {
            Func d("d");
            d(x) = 2 * in[0](x) * v[0](x) + v[0](x + 1);
            return d;
        };
    }
    if (vjp) {
        rule.vjp = [](const std::vector<Func> &in, const Func &, const Func &adjoint, const Region &) {
            Func d("d");
            d(x) = 2 * in[0](x) * adjoint(x) + adjoint(x - 1);
            return std::vector<Func>{d};
        };
        rule.needs = [](const Region &box) { return std::vector<Region>{{{box[0].min, box[0].extent + 1}}}; };
    }
    return rule;
}

TEST(CustomRule, OfAnExternStage) {
    for (const bool vjp : {false, true}) {
        const Case c{"extern", {8}, {{0, 5}}, [=](Func in) {
                         Func before("before"), f("f");
                         before(x) = sin(in(x)) * in(x + 1);
                         before.compute_root();
                         const Func square = squared(before, square_rule(true, vjp));
                         f(x) = square(x) * square(x + 1) + before(x);
                         return f;
                     }};
        check_derivatives(c, Placement::all_roots, 3);
        check_second_order(c, 4);
    }
}

TEST(CustomRule, WithoutJvpIsRefusedInForwardMode) {
    ImageParam in(Float(64), 1, "in");
    const Func f = squared(in, square_rule(false, true));
    Func one("one");
    one(x) = Internal::make_one(Float(64));
    try {
        jvp(f, {{in, one}});
        FAIL();
    } catch (const CompileError &e) {
        EXPECT_THAT(e.what(), ::testing::HasSubstr("has a vjp only"));
    }
}

TEST(CustomRule, RefusesWhatItHides) {
    ImageParam in(Float(64), 1, "in");
    Param<double> p("p");
    Func inner("inner"), f("f"), loss("loss"), one("one");
    one() = Internal::make_one(Float(64));
    inner(x) = in(x)*p;
    f(x) = inner(x) + in(x);
    FuncRule rule;
    rule.jvp = [](const std::vector<Func> &, const Func &, const std::vector<Func> &v) { return v[0]; };
    const Func ruled = custom_rule(f, {in}, rule);
    RDom r(0, 3);
    loss() += ruled(r);
    const auto refused = [](const std::function<void()> &act, const std::string &what) {
        try {
            act();
            ADD_FAILURE() << what;
        } catch (const CompileError &e) {
            EXPECT_THAT(e.what(), ::testing::HasSubstr(what + " is not: add it to them"));
        }
    };
    refused([&] { grad(loss, p); }, "p");
    refused([&] { grad(loss, inner); }, "inner");
    refused([&] { jvp(loss, {{p, one}}); }, "p");
    EXPECT_TRUE(grad(loss, in).defined());
}

TEST(CustomRule, AnInputGivenTwiceCountsTwiceAndNoMore) {
    const Case c{"twice", {6}, {{0, 5}}, [](Func in) {
                     Func f("f");
                     f(x) = in(x)*sin(in(x));
                     FuncRule rule;
                     rule.vjp = [](const std::vector<Func> &a, const Func &, const Func &u, const Region &) {
                         Func first("first"), second("second");
                         first(x) = u(x) * sin(a[1](x));
                         second(x) = u(x) * a[0](x) * cos(a[1](x));
                         return std::vector<Func>{first, second};
                     };
                     rule.jvp = [](const std::vector<Func> &a, const Func &, const std::vector<Func> &v) {
                         Func d("d");
                         d(x) = v[0](x) * sin(a[1](x)) + a[0](x) * cos(a[1](x)) * v[1](x);
                         return d;
                     };
                     return custom_rule(f, {in, in}, rule);
                 }};
    check_derivatives(c, Placement::inlined, 5);
}

TEST(CustomRule, RefusesAnotherElementOfWhatAnOperandReads) {
    ImageParam in(Float(64), 1, "in");
    Func f("f"), one("one");
    one(x) = Internal::make_one(Float(64));
    f(x) = custom_rule(in(x)*in(x + 1), {in(x)},
                       [](const Operands &a, const Expr &y) { return std::vector<Partial>{y / a[0]}; });
    EXPECT_THROW(jvp(f, {{in, one}}), CompileError);
}

TEST(CustomRule, DoesNotHideWhatIsStopped) {
    ImageParam in(Float(64), 1, "in");
    Param<double> p("p");
    Func f("f"), loss("loss");
    f(x) = in(x)*stop_gradient(p);
    const Func ruled = custom_rule(f, {in}, square_rule(true, false));
    RDom r(0, 2);
    loss() += ruled(r) * p;
    EXPECT_TRUE(grad(loss, p).defined());
}

TEST(CustomRule, OfAnExternStageOfAnImage) {
    ImageParam in(Float(64), 1, "in");
    Func square("square"), one("one");
    one(x) = Internal::make_one(Float(64));
    square.define_extern("sylvite_test_square", {in}, Float(64), 1);
    const Func f = custom_rule(square, {in}, square_rule(true, true));
    Buffer<double> values(3);
    values(0) = 1, values(1) = 2, values(2) = 3;
    in.set(values);
    square.compute_root();
    const Buffer<double> d = jvp(f, {{in, one}}).realize({2}, quick_target());
    const Buffer<double> g = vjp(f, one, {{0, 2}})(in).realize({3}, quick_target());
    EXPECT_EQ(d(1), 5);
    EXPECT_EQ(g(0), 2);
    EXPECT_EQ(g(1), 5);
    EXPECT_EQ(g(2), 1);
}

TEST(CustomRule, RefusesWhatDoesNotFit) {
    ImageParam in(Float(64), 1, "in");
    Func f("f"), other("other"), loss("loss"), scalar("scalar");
    f(x) = in(x)*in(x);
    other(x) = cast<double>(x);
    scalar() = Internal::make_one(Float(64));
    EXPECT_THROW(custom_rule(f, {in}, {}), CompileError);
    EXPECT_THROW(custom_rule(f, {other}, square_rule(true, false)), CompileError);
    FuncRule wrong;
    wrong.vjp = [&](const std::vector<Func> &, const Func &, const Func &, const Region &) {
        return std::vector<Func>{scalar};
    };
    RDom r(0, 3);
    loss() += custom_rule(f, {in}, wrong)(r);
    EXPECT_THROW(grad(loss, in), CompileError);
    FuncRule nonlinear;
    nonlinear.jvp = [](const std::vector<Func> &, const Func &, const std::vector<Func> &v) {
        Func d("d");
        d(x) = v[0](x) * v[0](x);
        return d;
    };
    Func second("second");
    second() += custom_rule(f, {in}, nonlinear)(r);
    EXPECT_THROW(grad(second, in), CompileError);
}

TEST(CustomRule, RefusesARuleThatAsksForItself) {
    ImageParam in(Float(64), 1, "in");
    Func f("f"), loss("loss");
    f(x) = in(x)*in(x);
    FuncRule rule;
    rule.vjp = [&](const std::vector<Func> &, const Func &output, const Func &adjoint, const Region &box) {
        return std::vector<Func>{vjp(output, adjoint, box)(in)};
    };
    RDom r(0, 3);
    loss() += custom_rule(f, {in}, rule)(r);
    try {
        grad(loss, in);
        FAIL() << "the rule has no end";
    } catch (const CompileError &error) {
        EXPECT_THAT(error.what(), ::testing::HasSubstr("that of f_ruled does: read its values"));
    }
}

TEST(CustomRule, MayReadItsOutput) {
    ImageParam in(Float(64), 1, "in");
    Func f("f"), once("once"), twice("twice");
    f(x) = exp(in(x));
    FuncRule rule;
    rule.jvp = [](const std::vector<Func> &, const Func &output, const std::vector<Func> &v) {
        Func d("d");
        d(x) = output(x) * v[0](x);
        return d;
    };
    RDom r(0, 3);
    once() += custom_rule(f, {in}, rule)(r);
    twice() += grad(once, in)(r) * r;
    Buffer<double> values(3);
    values.fill(0.5);
    in.set(values);
    const Buffer<double> g = grad(twice, in).realize({3});
    for (int i = 0; i < 3; i++) {
        EXPECT_NEAR(g(i), i * std::exp(0.5), 1e-12);
    }
}

TEST(CustomRule, IsCopiedWithTheBodyOfALoop) {
    // u <- sin(u) p five times, with a rule for the sine that is twice the true one in u.
    const Array u = input<double>("u", {3});
    Param<double> p("p");
    FuncRule doubled;
    doubled.jvp = [](const std::vector<Func> &in, const Func &, const std::vector<Func> &v) {
        Func d("d");
        d(x) = 2 * cos(in[0](x)) * v[0](x);
        return d;
    };
    const Arrays result = loop(5, Arrays{u}, [&](Expr, const Arrays &state) {
        Func sine("sine"), next("next");
        sine(x) = sin(state[0](x));
        next(x) = custom_rule(sine, {state[0]}, doubled)(x) * p;
        return Arrays{Array(next, {3})};
    });
    Func loss("loss");
    RDom r(0, 3);
    loss() += result[0](r);
    const Program program("program", {u, p}, {{"loss", Array(loss, {})}});
    Buffer<double> start(3);
    double expected[3];
    for (int i = 0; i < 3; i++) {
        start(i) = 0.5 + i;
        double value = start(i), slope = 1;
        for (int step = 0; step < 5; step++) {
            slope *= 2 * std::cos(value) * 0.9;
            value = std::sin(value) * 0.9;
        }
        expected[i] = slope;
    }
    Buffer<double> gradient(3), tangent(3), value = Buffer<double>::make_scalar(),
                                            moved = Buffer<double>::make_scalar();
    tangent.fill(1);
    compile(grad(program, {"u"})).run({{"u", start}, {"p", 0.9}, {"loss", value}, {"d_loss_d_u", gradient}});
    compile(jvp(program, {"u"})).run({{"u", start}, {"p", 0.9}, {"d_u", tangent}, {"loss", value}, {"d_loss", moved}});
    for (int i = 0; i < 3; i++) {
        EXPECT_NEAR(gradient(i), expected[i], 1e-12);
    }
    EXPECT_NEAR(moved(), expected[0] + expected[1] + expected[2], 1e-12);
}

}  // namespace
