#include "frontend/print.h"

#include "frontend/dot.h"
#include "tests/support/golden.h"

#include <gtest/gtest.h>

namespace sylvite {

namespace {

using namespace Halide;

Var x("x"), y("y");
Param<int> n("n");

TEST(PrintExpr, UsesNoMoreParenthesesThanNeeded) {
    Expr a = Var("a"), b = Var("b"), c = Var("c");
    Expr f = cast<float>(a);
    EXPECT_EQ(print(a + b * c), "a + b*c");
    EXPECT_EQ(print((a + b) * c), "(a + b)*c");
    EXPECT_EQ(print(a - b - c), "a - b - c");
    EXPECT_EQ(print(a - (b - c)), "a - (b - c)");
    EXPECT_EQ(print(a / b / c), "a/b/c");
    EXPECT_EQ(print(a * (b / c) % 7), "a*(b/c) % 7");
    EXPECT_EQ(print(a < b && (b < c || !(a == c))), "a < b && (b < c || !(a == c))");
    EXPECT_EQ(print(-1 * a + -2), "(-1)*a + (-2)");
    EXPECT_EQ(print(a * -1), "a*(-1)");
    EXPECT_EQ(print(select(a > 0, min(a, b), max(b, c))), "select(a > 0, min(a, b), max(b, c))");
    EXPECT_EQ(print(sin(f) + pow(f, 2.5f)), "sin(float32(a)) + pow(float32(a), 2.5f)");
    EXPECT_EQ(print(abs(a) + likely(b)), "int32(abs(a)) + likely(b)");
}

TEST(PrintExpr, ShowsConstantsWithTheirTypesAndAllTheirDigits) {
    EXPECT_EQ(print(Expr(0.1f)), "0.1f");
    EXPECT_EQ(print(Expr(0.1)), "0.1");
    EXPECT_EQ(print(Expr(1.0f)), "1.0f");
    EXPECT_EQ(print(Expr(1e30)), "1e+30");
    EXPECT_EQ(print(Expr(float16_t(0.5f))), "float16(0.5)");
    EXPECT_EQ(print(Expr(7)), "7");
    EXPECT_EQ(print(Internal::make_const(Int(64), 7)), "int64(7)");
    EXPECT_EQ(print(Internal::make_const(UInt(8), 200)), "uint8(200)");
    EXPECT_EQ(print(Internal::const_true()), "true");
}

TEST(PrintExpr, NumbersLets) {
    using namespace Internal;
    const Expr t917 = Variable::make(Int(32), "t917"), t12 = Variable::make(Int(32), "t12$4");
    EXPECT_EQ(print(Let::make("t917", x + 1, Let::make("t12$4", t917 * 2, t917 + t12))),
              "let t0 = x + 1 in let t1 = t0*2 in t0 + t1");
    EXPECT_EQ(print(2 * Let::make("t917", x + 1, t917 * t917)), "2*(let t0 = x + 1 in t0*t0)");
}

TEST(PrintExpr, NamesThingsWithoutRunningNumbers) {
    Func first("f"), second("f");
    first(x) = x;
    second(x) = first(x);
    EXPECT_EQ(print(Expr(second(x + 1))), "f(x + 1)");
    EXPECT_EQ(print(Expr(second(x)), {{{second.name(), "g"}}, {}, {}}), "g(x)");
    Buffer<float> image(5, "image");
    RDom r(0, 5), k(0, 5, "k");
    EXPECT_EQ(print(image(r + n)), "image[r.x + n]");
    EXPECT_EQ(print(image(k)), "image[k.x]");
    EXPECT_EQ(print(Expr(Var())), "v");
}

// One of each: a stencil, a scan with two Funcs of one name, a reduction with a predicate, a Tuple, a scatter, anonymous
// variables and domains, a histogram of integers, an extern stage.
std::vector<Func> every_kind_of_stage() {
    Array u = input<float>("u", {n, 7});
    Func edge = repeat_edge(u), blur("blur"), scan("f"), again("f"), total("total"), best("best"),
         histogram("histogram");
    blur(x, y) = (edge(x - 1, y) + edge(x, y) + edge(x + 1, y)) / 3.0f;
    Array kept(blur, {n, 7});
    RDom r(1, n - 1), k(0, n, 0, 7, "k");
    scan(x, y) = kept(x, y);
    scan(r, y) = scan(r - 1, y) * 0.5f + scan(r, y);
    again(x, y) = scan(y, x) + 0.125f;
    k.where(k.x < k.y);
    total() = 0.0f;
    total() += again(k.y, k.x);
    Var v, w;
    best(v, w) = Tuple(again(v, w), v + w);
    best(v, 0) = Tuple(best(v, 0)[0] * 2, best(v, 1)[1]);
    histogram(x) = cast<uint8_t>(0);
    histogram(clamp(best(k.x, k.y)[1], 0, 9)) += cast<uint8_t>(k.x);
    Func outside("outside");
    outside.define_extern("from_c", {histogram, n}, Float(32), {x});
    Func result("result");
    result(x) = outside(x) + total() + best(x, x)[0];
    return {result, histogram};
}

TEST(PrintFuncs, EveryKindOfStage) { expect_golden("every_kind_of_stage.txt", print(every_kind_of_stage())); }

TEST(PrintFuncs, AnonymousFuncsAreNumberedByTheGraph) {
    Func a, b, named("f7");
    a(x) = x;
    b(x) = a(x) + 1;
    named(x) = b(x);
    EXPECT_EQ(print(std::vector<Func>{named}), "f: int32 (x)\n  f(x) = x\nf.2: int32 (x)\n  f.2(x) = f(x) + 1\n"
                                               "f7: int32 (x)\n  f7(x) = f.2(x)\n");
}

TEST(PrintFuncs, TheTextDoesNotDependOnWhatWasBuiltBefore) {
    const std::string first = print(every_kind_of_stage());
    every_kind_of_stage();
    EXPECT_EQ(print(every_kind_of_stage()), first);
    EXPECT_EQ(first.find('$'), std::string::npos);
}

// Nested loops, two states of one name, a captured array, a history, two kernels, a scalar.
Program every_kind_of_block() {
    Array u0 = input<float>("u", {n, n}), c = input<double>("c", {n});
    Param<float> dt("dt");
    Func square("square");
    square(x) = c(x) * c(x);
    Array speed(square, {n});
    auto [u, v] = loop(20, {u0, u0},
                       [&](Expr t, Array now, Array before) {
                           Func next("next");
                           Func edge = zero_outside(now);
                           next(x, y) = 2 * now(x, y) - before(x, y) +
                                        dt * cast<float>(speed(x)) * (edge(x - 1, y) + edge(x, y - 1)) + t;
                           Array stepped(next, now.extents());
                           Arrays smooth = loop(3, {stepped},
                                                [&](Expr, const Arrays &s) {
                                                    Func half("half");
                                                    half(x, y) = s[0](x, y) * 0.5f;
                                                    return Arrays{Array(half, now.extents())};
                                                },
                                                {.name = "smooth"});
                           return Arrays{smooth[0], now};
                       },
                       {.name = "wave"});
    Func energy("energy");
    RDom r(0, n, 0, n, "r");
    energy() = 0.0f;
    energy() += u(r.x, r.y) * v(r.x, r.y) + history(u)(r.x, r.y, 2);
    return Program("every_kind", {u0, c, n, dt}, {{"surface", u}, {"energy", Array(energy, {})}});
}

TEST(PrintProgram, EveryKindOfBlock) {
    const std::string text = print(every_kind_of_block());
    expect_golden("every_kind_of_block.txt", text);
    EXPECT_EQ(print(every_kind_of_block()), text);
    EXPECT_EQ(text.find('$'), std::string::npos);
}

TEST(DrawProgram, EveryKindOfBlock) {
    const std::string text = to_dot(every_kind_of_block());
    expect_golden("every_kind_of_block.dot", text);
    EXPECT_EQ(to_dot(every_kind_of_block()), text);
}

TEST(DrawProgram, LoopsWhoseLengthArraysDecideOn) {
    Array a = input<int>("a", {});
    const auto up = [](const Expr &, const Arrays &s) {
        Func f("up");
        f() = s[0]() + 1;
        return Arrays{Array(f, {})};
    };
    Array counted = loop(a(), {a}, up, {.name = "counted"})[0];
    WhileResult round = while_loop([](const Arrays &s) { return s[0]() < 9; }, {counted}, up, {.name = "round"});
    const std::string text = to_dot(Program("lengths", {a}, {{"b", round.state[0]}, {"steps", round.steps}}));
    EXPECT_NE(text.find("label=\"loop counted: "), std::string::npos) << text;
    EXPECT_NE(text.find("label=\"loop round: while going\""), std::string::npos) << text;
    EXPECT_NE(text.find("-> \"state counted 0\" [label=\"a\", style=dotted]"), std::string::npos) << text;
}

}  // namespace

}  // namespace sylvite
