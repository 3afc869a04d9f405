// Derivatives that are zero by construction: the warning names the input, the way to it and what cuts it; and there is
// none where there is a way without a cut.

#include "autodiff/autodiff.h"
#include "autodiff/custom_rule.h"
#include "autodiff/jacobian.h"
#include "autodiff/program.h"
#include "autodiff/vmap.h"
#include "autodiff/zero_gradient.h"

#include <gmock/gmock.h>

using namespace sylvite;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

namespace {

using Halide::cast;
using Halide::ImageParam;
using Halide::Param;
using Halide::RDom;
using Halide::select;
using Halide::Var;

const Var x("x");

// Collects the warnings of Halide and Sylvite while it lives.
class Warnings : public Halide::CompileTimeErrorReporter {
public:
    Warnings() { Halide::set_custom_compile_time_error_reporter(this); }
    ~Warnings() override { Halide::set_custom_compile_time_error_reporter(nullptr); }
    void warning(const char *text) override { texts.emplace_back(text); }
    void error(const char *text) override { throw Halide::CompileError(text); }
    std::vector<std::string> texts;
};

// `e` as the Func f.
Func f_of(const Expr &e) {
    Func f("f");
    f(x) = e;
    return f;
}

std::string why(const Expr &e, const Input &by) { return why_zero({f_of(e)}, by); }

class ZeroGradient : public testing::Test {
protected:
    Param<float> k{"k"};
    ImageParam a{Halide::Float(32), 1, "a"};
    const std::string begin = "The derivative of f by k is zero by construction: f depends on k, which is cut in f by ";
};

TEST_F(ZeroGradient, NamesTheOperationThatCuts) {
    EXPECT_EQ(why(cast<float>(cast<int>(k * 2)), k), begin + "a cast to int32, int32(k*2.0f).");
    EXPECT_EQ(why(Halide::floor(k + 1) * 3, k), begin + "floor, floor(k + 1.0f).");
    EXPECT_EQ(why(Halide::round(k), k), begin + "round, round(k).");
    EXPECT_EQ(why(select(k < 2, 1.f, 0.f), k), begin + "a comparison, k < 2.0f.");
    EXPECT_EQ(why(a(x) * stop_gradient(k * k), k), begin + "stop_gradient, k*k.");
    EXPECT_EQ(why(a(cast<int>(k)), k), begin + "a cast to int32, int32(k).");
    EXPECT_EQ(why(Halide::sin(cast<float>(Halide::reinterpret<int>(k))), k),
              begin + "an integer, reinterpret<int32>(k).");
}

TEST_F(ZeroGradient, NamesTheOperationNearestToTheInput) {
    EXPECT_EQ(why(select(Halide::floor(k) > 1, 1.f, 0.f), k), begin + "floor, floor(k).");
}

TEST_F(ZeroGradient, SaysThatNothingDependsOnTheInput) {
    EXPECT_EQ(why(a(x) * 2, k), "The derivative of f by k is zero by construction: nothing in f depends on k.");
    EXPECT_EQ(why_zero({f_of(a(x)), f_of(2.f)}, k),
              "The derivative of f, f by k is zero by construction: nothing in f, f depends on k.");
}

TEST_F(ZeroGradient, NamesTheWayAndEveryCutOnIt) {
    Func level("level"), kept("kept"), loss("loss");
    level(x) = cast<int>(a(x) * 4);
    kept(x) = stop_gradient(cast<float>(level(x)) * 2);
    RDom r(0, 8, "r");
    loss() += kept(r) * kept(r);
    EXPECT_EQ(why_zero({loss}, a),
              "The derivative of loss by a is zero by construction: loss depends on a by way of kept, level, which is "
              "cut in level by a cast to int32, int32(a_im(x)*4.0f).");
    Func floored("floored");
    floored(x) = Halide::floor(kept(x) + a(x));
    EXPECT_THAT(why_zero({floored}, kept), HasSubstr("which is cut in floored by floor, floor("));
    Func late("late");
    late(x) = stop_gradient(floored(x));
    EXPECT_THAT(why_zero({late}, a), HasSubstr("by way of floored, which is cut in late by stop_gradient, floored(x) "
                                               "and in floored by floor, floor("));
}

TEST_F(ZeroGradient, NamesUpdatesConditionsAndIndices) {
    Func count("count"), scattered("scattered");
    RDom r(0, 8, "r");
    r.where(a(r) > 0);
    count() = 0.f;
    count() += 1.f;
    count() += select(r >= 0, 1.f, 0.f);
    EXPECT_THAT(why_zero({count}, a), HasSubstr("which is cut in count.update(1) by a comparison, "));
    RDom q(0, 8, "q");
    scattered(x) = 0.f;
    scattered(Halide::clamp(cast<int>(a(q)), 0, 9)) += 1.f;
    EXPECT_THAT(why_zero({scattered}, a), HasSubstr("which is cut in scattered.update(0) by a cast to int32, "));
}

TEST_F(ZeroGradient, TellsTheValuesOfATupleApart) {
    Func best("best"), where("where"), value("value");
    RDom r(0, 8, "r");
    best() = Halide::Tuple(0, a(0));
    best() = Halide::Tuple(select(a(r) > best()[1], r, best()[0]), Halide::max(a(r), best()[1]));
    where() = cast<float>(best()[0]);
    value() = best()[1];
    EXPECT_THAT(why_zero({where}, a), HasSubstr("by way of best, which is cut in best.update(0) by a comparison, "));
    EXPECT_EQ(why_zero({value}, a), "");
}

TEST_F(ZeroGradient, SaysNothingWhereThereIsAWay) {
    EXPECT_EQ(why(k, k), "");
    EXPECT_EQ(why(k - Halide::floor(k), k), "");
    EXPECT_EQ(why(select(k > 0, k, 0.f), k), "");
    EXPECT_EQ(why(a(Halide::clamp(cast<int>(k), 0, 1)) * k, k), "");
    EXPECT_EQ(why(a(Halide::clamp(cast<int>(k), 0, 1)), a), "");
    EXPECT_EQ(why(Halide::fast_log(k), k), "");
    EXPECT_EQ(why(custom_rule(Halide::floor(k), {k},
                              [](const Operands &, const Expr &) { return std::vector<Partial>{Partial(1.f)}; }),
                  k),
              "");
    const Func f = f_of(k);
    EXPECT_EQ(why_zero({f}, f), "");
    // One of several outputs is enough.
    EXPECT_EQ(why_zero({f_of(1.f), f}, k), "");
}

TEST_F(ZeroGradient, BothModesWarnOnce) {
    Func f = f_of(Halide::floor(k)), one("one"), loss("loss");
    one(x) = 1.f;
    loss() = f(0);
    const std::string expected = "The derivative of f by k is zero by construction: f depends on k, which is "
                                 "cut in f by floor, floor(k).\n";
    Warnings warnings;
    const Adjoints adjoints = vjp(f, one, {{0, 4}});
    adjoints(k), adjoints(k);
    EXPECT_THAT(warnings.texts, ElementsAre(HasSubstr(expected)));
    Func tangent("tangent");
    tangent() = 1.f;
    jvp(f, {{k, tangent}});
    EXPECT_THAT(warnings.texts, ElementsAre(HasSubstr(expected), HasSubstr(expected)));
    warnings.texts.clear();
    hvp(loss, k, tangent);
    grad(loss, k);
    EXPECT_THAT(warnings.texts, testing::SizeIs(2));
    EXPECT_THAT(warnings.texts[0], HasSubstr("by way of f, which is cut in f by floor"));
}

// "Warning: FILE:LINE: ..." of a line of this file, or none of an unknown one.
std::string begin_of_warning(int line) {
    return "Warning: " + (line ? __FILE__ + (":" + std::to_string(line)) + ": " : "") + "The derivative of ";
}

TEST_F(ZeroGradient, NamesTheLineThatAskedForTheDerivative) {
    Halide::Buffer<float> b(4);
    Func f = f_of(Halide::floor(k + a(x) + b(x))), one("one"), scalar("scalar");
    one(x) = 1.f;
    scalar() = 1.f;
    const Array in = input<float>("in", {4});
    Func cut("cut"), loss("loss");
    cut(x) = Halide::floor(in(x));
    loss() = cut(0) + cut(1);
    const Program program("program", {in, k}, {{"loss", Array(loss, {})}});
    Warnings warnings;
    std::vector<int> lines;
    const auto here = [&](int times, int line = __builtin_LINE()) { lines.insert(lines.end(), times, line); };
    const Adjoints adjoints = vjp(f, one, {{0, 4}});
    adjoints(k), adjoints(a), adjoints(b), here(3);
    jvp(f, {{b, one}}), here(1);
    jvp(f, {{a, one},  // each input has its own line
            {k, scalar}});
    here(1, __LINE__ - 2), here(1, __LINE__ - 1);
    grad(loss, in), here(1);
    hvp(loss, in, one), here(1);
    jacobian(f, a), here(1);
    jvp(program, {"in"}), vjp(program, {"in"}), grad(program, {"k"}), hvp(program, {"in"}), here(4);
    vjp(program, {"in"}, SourceLine()), here(1, 0);
    ASSERT_EQ(warnings.texts.size(), lines.size());
    for (size_t i = 0; i < lines.size(); i++) {
        EXPECT_THAT(warnings.texts[i], testing::StartsWith(begin_of_warning(lines[i]))) << i;
    }
}

TEST_F(ZeroGradient, AHessianOfZerosIsNoneToWarnOf) {
    Func loss("loss"), tangent("tangent");
    loss() = k * 3;
    tangent() = 1.f;
    Warnings warnings;
    hvp(loss, k, tangent);
    grad(grad(loss, k), k);
    jvp(jvp(loss, {{k, tangent}}), {{k, tangent}});
    EXPECT_THAT(warnings.texts, IsEmpty());
}

TEST_F(ZeroGradient, WhatIsMadeOfConstantDerivativesIsNoneToWarnOf) {
    const auto warnings_of = [&](const Expr &e) {
        Func loss("loss"), tangent("tangent");
        loss() = e;
        tangent() = 1.f;
        Warnings warnings;
        const Func slope = grad(loss, k), pushed = jvp(loss, {{k, tangent}}), curved = jvp(slope, {{k, tangent}});
        Func batch("batch");
        batch(x) = cast<float>(x);
        const Func many = vmap(slope, {{k, batch}});
        std::vector<Func> losses;
        const std::vector<Expr> made_of_them{slope(), pushed() * 2, curved() + slope(), many(3) - many(2)};
        for (const Expr &again : made_of_them) {
            losses.emplace_back("again");
            losses.back()() = 3 * again;
            grad(losses.back(), k);
            grad(losses.back(), k);
            jvp(losses.back(), {{k, tangent}});
        }
        return warnings.texts;
    };
    EXPECT_THAT(warnings_of(k * 3), IsEmpty());
    EXPECT_THAT(warnings_of(Halide::max(k, 2.f)), IsEmpty());
    EXPECT_THAT(warnings_of(Halide::abs(k) + k % 3.f), IsEmpty());
    EXPECT_THAT(warnings_of(k * k * k), IsEmpty());
    EXPECT_THAT(warnings_of(Halide::floor(k)), testing::SizeIs(2));  // of the first derivatives in either mode
}

TEST_F(ZeroGradient, ACutBesideADerivativeIsNamed) {
    // The penalty is a derivative that has nothing to do with k.
    Func u("u"), loss("loss"), slope_of_u("slope_of_u");
    Param<float> t("t");
    u() = t * t;
    loss() = grad(u, t)() + Halide::floor(k);
    EXPECT_EQ(why_zero({loss}, k),
              "The derivative of loss by k is zero by construction: loss depends on k, which is cut "
              "in loss by floor, floor(k).");
    EXPECT_EQ(why_zero({loss}, t), "");
    // What is lost within a derivative is not: there is a way to k.
    Func moving("moving"), both("both");
    moving() = t * Halide::floor(k);
    both() = grad(moving, t)() + Halide::floor(k);
    EXPECT_EQ(why_zero({both}, k), "");
}

// u moves by k in each step; v only counts the steps in which u is above 0.
TEST_F(ZeroGradient, ProgramsWarnThroughTheirLoops) {
    Array u0 = input<float>("u0", {8}), v0 = input<float>("v0", {8});
    auto [u, v] = loop(5, {u0, v0}, [&](Expr, Array now, Array count) {
        Func next("next"), counted("counted");
        next(x) = now(x) + k;
        counted(x) = count(x) + select(now(x) > 0, 1.f, 0.f);
        return Arrays{Array(next, {8}), Array(counted, {8})};
    });
    RDom r(0, 8, "r");
    Func loss("loss"), other("other");
    loss() += v(r);
    other() += v(r) + u(r);
    const Program cut("cut", {u0, v0, k}, {{"loss", Array(loss, {})}});
    Warnings warnings;
    grad(cut, {"v0"});
    grad(Program("whole", {u0, v0, k}, {{"other", Array(other, {})}}), {"u0", "v0", "k"});
    jvp(Program("two", {u0, v0, k}, {{"loss", Array(loss, {})}, {"u", u}}), {"k"});
    EXPECT_THAT(warnings.texts, IsEmpty());
    grad(cut, {"k"});
    ASSERT_THAT(warnings.texts, testing::SizeIs(1));
    EXPECT_THAT(warnings.texts[0],
                HasSubstr("The derivative of loss by k is zero by construction: loss depends on k by "
                          "way of "));
    EXPECT_THAT(warnings.texts[0], HasSubstr("which is cut in counted by a comparison, "));
    vjp(cut, {"u0"});
    jvp(cut, {"u0"});
    EXPECT_THAT(warnings.texts, testing::SizeIs(3));
}

}  // namespace
