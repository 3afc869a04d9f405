// The driver: loops, states, histories and memory, against plain C++.

#include "targets/compile.h"
#include "tests/targets/programs.h"

#include <gtest/gtest.h>

#include <cmath>
#include <thread>

namespace sylvite {

namespace {

using Halide::Buffer;
using Halide::Param;

const Halide::Var x("x"), y("y");

const TargetRow &baseline() { return find_target("x86-64"); }

Buffer<float> numbers(std::vector<int> extents, float scale = 1.f) {
    Buffer<float> b(extents);
    float i = 0;
    b.for_each_value([&](float &v) { v = scale * std::sin(1.7f * i++); });
    return b;
}

Array array1(const char *name, const Expr &value, const Expr &n) {
    Func f(name);
    f(x) = value;
    return Array(f, {n});
}

std::vector<float> values(const Buffer<float> &b) { return {b.begin(), b.end()}; }

Buffer<float> row_of(const std::vector<float> &v) {
    Buffer<float> b(static_cast<int>(v.size()));
    std::copy(v.begin(), v.end(), b.begin());
    return b;
}

// The wave equation in plain C++.
Buffer<float> wave_by_hand(const Buffer<float> &u0, const Buffer<float> &c, int steps) {
    Buffer<float> now = u0.copy(), before = u0.copy();
    const int n = u0.width(), m = u0.height();
    for (int t = 0; t < steps; t++) {
        Buffer<float> next(n, m);
        const auto at = [&](int i, int j) { return i < 0 || j < 0 || i >= n || j >= m ? 0.f : now(i, j); };
        next.for_each_element([&](int i, int j) {
            next(i, j) = 2 * now(i, j) - before(i, j) +
                         c(i, j) * (at(i - 1, j) + at(i + 1, j) + at(i, j - 1) + at(i, j + 1) - 4 * at(i, j));
        });
        before = now;
        now = next;
    }
    return now;
}

void expect_near(const Buffer<float> &a, const Buffer<float> &b, float tolerance) {
    a.for_each_element([&](const int *at) { EXPECT_NEAR(a(at), b(at), tolerance); });
}

// Schedules under which the kernel works in place, and under which it must not: the last vector is shifted inwards.
const char *const wave_schedules[] = {
    "sylvite-schedule 1\n", "sylvite-schedule 1\nkernel step\n  stage next\n    vectorize x 4 guard_with_if\n",
    "sylvite-schedule 1\nkernel step\n  stage next\n    vectorize x 4 shift_inwards\n"};

class WaveUnder : public testing::TestWithParam<const char *> {};

TEST_P(WaveUnder, AnyNumberOfSteps) {
    const Executable run = compile(test::wave("wave", 13, 7), baseline(), parse_schedule(GetParam()));
    const Buffer<float> u0 = numbers({13, 7}), c = numbers({13, 7}, 0.1f);
    for (int steps : {5, 0, 1, 2, 3, -4}) {
        Buffer<float> u(13, 7);
        run({{"u0", u0}, {"c", c}, {"steps", steps}, {"u", u}});
        expect_near(u, wave_by_hand(u0, c, steps), 1e-5f);
    }
    EXPECT_EQ(values(u0), values(numbers({13, 7})));  // initial states are never written to
}
INSTANTIATE_TEST_SUITE_P(Schedules, WaveUnder, testing::ValuesIn(wave_schedules));

TEST(Driver, StatesThatSwapAndStatesThatStay) {
    // (a, b, k) -> (b, a, k): nothing is computed, three pointers go round.
    Array a = input<float>("a", {3}), b = input<float>("b", {3}), k = input<float>("k", {3});
    Param<int> n("n");
    const Arrays r = loop(n, {a, b, k}, [&](Expr, const Arrays &s) { return Arrays{s[1], s[0], k}; });
    const Executable run = compile(Program("swap", {a, b, k, n}, {{"p", r[0]}, {"q", r[1]}, {"r", r[2]}}), baseline());
    Buffer<float> one = row_of({1, 2, 3}), two = row_of({4, 5, 6}), three = row_of({7, 8, 9}), p(3), q(3), s(3);
    for (int steps = 0; steps < 4; steps++) {
        run({{"a", one}, {"b", two}, {"k", three}, {"n", steps}, {"p", p}, {"q", q}, {"r", s}});
        EXPECT_EQ(values(p), values(steps % 2 ? two : one));
        EXPECT_EQ(values(q), values(steps % 2 ? one : two));
        EXPECT_EQ(values(s), values(three));
    }
}

TEST(Driver, OneValueForTwoStatesAndAChainOfThree) {
    // (a, b, c, d) -> (f, f, b, c) with f = a + 10 d.
    Array a = input<float>("a", {1});
    Param<int> n("n");
    const Arrays r = loop(n, {a, a, a, a}, [&](Expr, const Arrays &s) {
        Array f = array1("f", s[0](x) + 10.f * s[3](x), 1);
        return Arrays{f, f, s[1], s[2]};
    });
    const Executable run =
        compile(Program("chain", {a, n}, {{"p", r[0]}, {"q", r[1]}, {"r", r[2]}, {"s", r[3]}}), baseline());
    for (int steps = 0; steps < 9; steps++) {
        float p = 1, q = 1, c = 1, d = 1;
        for (int t = 0; t < steps; t++) {
            const float f = p + 10 * d;
            d = c, c = q, p = q = f;
        }
        Buffer<float> P(1), Q(1), C(1), D(1);
        run({{"a", row_of({1})}, {"n", steps}, {"p", P}, {"q", Q}, {"r", C}, {"s", D}});
        EXPECT_EQ((std::vector<float>{P(0), Q(0), C(0), D(0)}), (std::vector<float>{p, q, c, d})) << steps;
    }
}

TEST(Driver, StatesOfDifferentTypeRankAndExtent) {
    Array a = input<float>("a", {4}), total = input<double>("total", {}), hits = input<uint8_t>("hits", {2, 3});
    Param<int> n("n");
    const Arrays r = loop(n, {a, total, hits}, [&](Expr t, const Arrays &s) {
        Func sum("sum"), more("more");
        Halide::RDom i(0, 4);
        sum() = s[1]();
        sum() += Halide::cast<double>(s[0](i));
        more(x, y) = s[2](x, y) + Halide::cast<uint8_t>(Halide::select(x == t % 2, 1, 0));
        return Arrays{array1("half", s[0](x) / 2, 4), Array(sum, {}), Array(more, {2, 3})};
    });
    const Executable run =
        compile(Program("mixed", {a, total, hits, n}, {{"b", r[0]}, {"sum", r[1]}, {"seen", r[2]}}), baseline());
    Buffer<float> b(4);
    Buffer<double, 0> zero = Buffer<double, 0>::make_scalar(), sum = Buffer<double, 0>::make_scalar();
    Buffer<uint8_t> none(2, 3), seen(2, 3);
    zero() = 0;
    none.fill(0);
    run({{"a", row_of({8, 16, 24, 32})},
         {"total", zero},
         {"hits", none},
         {"n", 3},
         {"b", b},
         {"sum", sum},
         {"seen", seen}});
    EXPECT_EQ(values(b), (std::vector<float>{1, 2, 3, 4}));
    EXPECT_EQ(sum(), 80 + 40 + 20);
    EXPECT_EQ(seen(0, 0), 2);
    EXPECT_EQ(seen(1, 2), 1);
}

TEST(Driver, KernelsWhoseNamesDifferInPunctuationOnly) {
    // The second loop's kernel is step.2, the third's step_2: each a different formula.
    Array a = input<float>("a", {1});
    const auto twice = [](const Array &from, const char *name, float k) {
        return loop(2, {from}, [&](Expr, const Arrays &s) { return Arrays{array1("next", 2 * s[0](x) + k, 1)}; },
                    {.name = name})[0];
    };
    const Array last = twice(twice(twice(a, "step", 1), "step", 10), "step_2", 100);
    const Executable run = compile(Program("alike", {a}, {{"b", last}}), baseline());
    Buffer<float> b(1);
    run({{"a", row_of({1})}, {"b", b}});
    EXPECT_EQ(b(0), 64 * 1 + 16 * 3 * 1 + 4 * 3 * 10 + 3 * 100);
}

TEST(Driver, NestedLoopsWithTripCountsOfTheOuterStep) {
    // for t < n: for i < t: a = 2 a + k
    Array a = input<float>("a", {2}), k = input<float>("k", {2});
    Param<int> n("n");
    const Arrays r = loop(n, {a}, [&](Expr t, const Arrays &outer) {
        return loop(t, outer, [&](Expr, const Arrays &s) { return Arrays{array1("next", 2 * s[0](x) + k(x), 2)}; },
                    {.name = "inner"});
    });
    const Executable run = compile(Program("nested", {a, k, n}, {{"b", r[0]}}), baseline());
    for (int steps : {0, 1, 2, 3, 5}) {
        float p = 1, q = 2;
        for (int t = 0; t < steps; t++) {
            for (int i = 0; i < t; i++) {
                p = 2 * p + 3, q = 2 * q + 4;
            }
        }
        Buffer<float> b(2);
        run({{"a", row_of({1, 2})}, {"k", row_of({3, 4})}, {"n", steps}, {"b", b}});
        EXPECT_EQ(values(b), (std::vector<float>{p, q})) << steps;
    }
}

TEST(Driver, ALoopWithinALoopThatMixesItsResult) {
    // The inner result is an outer state and is read by a kernel of the same step.
    Array a = input<float>("a", {2});
    const Arrays r = loop(3, {a, a}, [&](Expr t, const Arrays &outer) {
        const Array inner = loop(2, {outer[0]},
                                 [&](Expr i, const Arrays &s) {
                                     return Arrays{array1("next", s[0](x) + Halide::cast<float>(10 * t + i), 2)};
                                 },
                                 {.name = "inner"})[0];
        return Arrays{inner, array1("mix", outer[1](x) + inner(x) * outer[0](x), 2)};
    });
    const Executable run = compile(Program("mix", {a}, {{"b", r[0]}, {"c", r[1]}}), baseline());
    float p = 1, q = 1;
    for (int t = 0; t < 3; t++) {
        const float inner = p + 10.f * t + (10.f * t + 1);
        q += inner * p;
        p = inner;
    }
    Buffer<float> b(2), c(2);
    run({{"a", row_of({1, 2})}, {"b", b}, {"c", c}});
    EXPECT_EQ(b(0), p);
    EXPECT_EQ(c(0), q);
}

TEST(Driver, HistoriesHoldTheStateAtTheStartOfEachStep) {
    // Of a computed state, of one that takes the other's value, and of one that is computed with the first.
    Array a = input<float>("a", {2}), b = input<float>("b", {2});
    Param<int> n("n");
    const Arrays r = loop(n, {a, b, a}, [&](Expr t, const Arrays &s) {
        const Array next = array1("next", s[0](x) + s[1](x) + Halide::cast<float>(t), 2);
        return Arrays{next, s[0], next};
    });
    Func weighted("weighted");
    Halide::RDom t(0, n);
    weighted(x) = 0.f;
    weighted(x) +=
        history(r[0])(x, t) * Halide::cast<float>(t + 1) + 100.f * history(r[1])(x, t) + 10000.f * history(r[2])(x, t);
    const Program program("recall", {a, b, n}, {{"w", Array(weighted, {2})}, {"last", r[0]}});
    const Executable run = compile(program, baseline());
    for (int steps : {0, 1, 2, 3, 6}) {
        float now = 1, before = 2, w = 0;
        for (int i = 0; i < steps; i++) {
            w += now * (i + 1) + 100 * before + 10000 * now;
            const float next = now + before + i;
            before = now;
            now = next;
        }
        Buffer<float> W(2), last(2);
        run({{"a", row_of({1, 1})}, {"b", row_of({2, 2})}, {"n", steps}, {"w", W}, {"last", last}});
        EXPECT_EQ(W(0), w) << steps;
        EXPECT_EQ(last(1), now) << steps;
    }
}

TEST(Driver, HistoriesOfInnerLoopsAreFilledAnew) {
    // The sum of all states of an inner loop whose length is that of the outer step.
    Array a = input<float>("a", {1});
    const Arrays r = loop(4, {a}, [&](Expr t, const Arrays &outer) {
        const Array inner =
            loop(t, {outer[0]}, [&](Expr, const Arrays &s) { return Arrays{array1("next", s[0](x) + 1.f, 1)}; },
                 {.name = "inner", .capacity = 4})[0];
        Func sum("sum");
        Halide::RDom i(0, t);
        sum(x) = outer[0](x);
        sum(x) += history(inner)(x, i);
        return Arrays{Array(sum, {1})};
    });
    const Executable run = compile(Program("sums", {a}, {{"b", r[0]}}), baseline());
    float s = 1;
    for (int t = 0; t < 4; t++) {
        float inner = s, sum = s;
        for (int i = 0; i < t; i++) {
            sum += inner++;
        }
        s = sum;
    }
    Buffer<float> b(1);
    run({{"a", row_of({1})}, {"b", b}});
    EXPECT_EQ(b(0), s);
}

TEST(Driver, ALoopLongerThanItsHistoryIsRefused) {
    Array a = input<float>("a", {1});
    Param<int> n("n");
    const Array r = loop(n, {a}, [&](Expr, const Arrays &s) { return Arrays{array1("next", s[0](x) + 1.f, 1)}; },
                         {.capacity = 4})[0];
    Func first("first");
    first(x) = history(r)(x, 3);
    const Executable run = compile(Program("short", {a, n}, {{"b", Array(first, {1})}}), baseline());
    Buffer<float> b(1);
    EXPECT_TRUE(run.try_run({{"a", row_of({1})}, {"n", 4}, {"b", b}}).ok());
    EXPECT_EQ(b(0), 4);
    EXPECT_EQ(run.try_run({{"a", row_of({1})}, {"n", 5}, {"b", b}}).text,
              "short: loop step makes 5 steps but declares a capacity of 4");
}

TEST(Driver, ExtentsMayBeArgumentsAndZero) {
    Param<int> n("n"), m("m");
    Array a = input<float>("a", {n, m});
    const Array r = loop(3, {a}, [&](Expr, const Arrays &s) {
        Func next("next");
        next(x, y) = s[0](n - 1 - x, y) + 1.f;
        return Arrays{Array(next, {n, m})};
    })[0];
    const Executable run = compile(Program("sized", {n, m, a}, {{"b", r}}), baseline());
    for (auto [w, h] : {std::pair{3, 2}, {1, 1}, {17, 5}, {0, 3}, {4, 0}}) {
        Buffer<float> in = w * h > 0 ? numbers({w, h}) : Buffer<float>(w, h), out(w, h);
        run({{"n", w}, {"m", h}, {"a", in}, {"b", out}});
        for (int j = 0; j < h; j++) {
            for (int i = 0; i < w; i++) {
                EXPECT_EQ(out(i, j), in(w - 1 - i, j) + 1 + 1 + 1);
            }
        }
    }
}

TEST(Driver, OutputsThatAreInputsResultsOrTheSame) {
    Array a = input<float>("a", {2});
    const Array twice = array1("twice", 2 * a(x), 2);
    const Program program("outputs", {a}, {{"same", a}, {"p", twice}, {"q", twice}});
    Buffer<float> same(2), p(2), q(2);
    compile(program, baseline())({{"a", row_of({1, 2})}, {"same", same}, {"p", p}, {"q", q}});
    EXPECT_EQ(values(same), (std::vector<float>{1, 2}));
    EXPECT_EQ(values(p), (std::vector<float>{2, 4}));
    EXPECT_EQ(values(q), (std::vector<float>{2, 4}));
}

TEST(Driver, ScalarsOfAllTypes) {
    Param<float> f("f");
    Param<double> d("d");
    Param<int16_t> i("i");
    Param<uint64_t> u("u");
    Param<bool> b("b");
    Func out("out");
    out() = Halide::cast<double>(f) + d + Halide::cast<double>(i) + Halide::cast<double>(u) +
            Halide::select(b, Halide::cast<double>(0.5f), Halide::cast<double>(0));
    const Executable run = compile(Program("scalars", {f, d, i, u, b}, {{"y", Array(out, {})}}), baseline());
    Buffer<double, 0> sum = Buffer<double, 0>::make_scalar();
    run({{"f", 0.25}, {"d", 1}, {"i", -7}, {"u", 1 << 20}, {"b", true}, {"y", sum}});
    EXPECT_EQ(sum(), 0.25 + 1 - 7 + (1 << 20) + 0.5);
    EXPECT_EQ(run.try_run({{"f", 1}, {"d", 1}, {"i", 40000}, {"u", 1}, {"b", true}, {"y", sum}}).text,
              "scalars: argument i must be a number of type int16");
    EXPECT_EQ(run.try_run({{"f", 1}, {"d", 1}, {"i", 4.5}, {"u", 1}, {"b", true}, {"y", sum}}).text,
              "scalars: argument i must be a number of type int16");
    EXPECT_EQ(run.try_run({{"f", 1}, {"d", 1}, {"i", 4}, {"u", -1}, {"b", true}, {"y", sum}}).text,
              "scalars: argument u must be a number of type uint64");
}

TEST(Driver, StrictFloatStaysStrict) {
    Array a = input<float>("a", {1}), big = input<float>("big", {1});
    const Array b = array1("b", Halide::strict_float((a(x) + big(x)) - big(x)), 1);
    const Executable run = compile(Program("strict", {a, big}, {{"b", b}}), baseline());
    Buffer<float> out(1);
    run({{"a", row_of({1})}, {"big", row_of({1e8f})}, {"b", out}});
    EXPECT_EQ(out(0), 0);
}

TEST(Driver, ManyThreadsMayRunItAtOnce) {
    const Executable run = compile(test::wave("wave", 13, 7), baseline());
    const Buffer<float> u0 = numbers({13, 7}), c = numbers({13, 7}, 0.1f);
    std::vector<Buffer<float>> results(4);
    std::vector<std::thread> threads;
    for (Buffer<float> &u : results) {
        u = Buffer<float>(13, 7);
        threads.emplace_back([&run, &u0, &c, &u] {
            for (int i = 0; i < 50; i++) {
                run({{"u0", u0}, {"c", c}, {"steps", 20}, {"u", u}});
            }
        });
    }
    for (std::thread &thread : threads) {
        thread.join();
    }
    for (const Buffer<float> &u : results) {
        EXPECT_EQ(values(u), values(results[0]));
    }
}

}  // namespace

}  // namespace sylvite
