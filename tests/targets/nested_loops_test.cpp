// Loops three deep, whose place is not seen from what their bodies read themselves; names that are alike.

#include "frontend/print.h"
#include "targets/compile.h"
#include "targets/rings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <memory>

namespace sylvite {

namespace {

using Halide::Buffer;
using testing::Each;

const Halide::Var x("x");
constexpr int n = 3;

Array row(const char *name, const Expr &value) {
    Func f(name);
    f(x) = value;
    return Array(f, {n});
}

std::vector<float> run(const Program &program, const std::string &output) {
    Buffer<float> start(n);
    start.fill(1.f);
    NamedArguments arguments{{"start", start}};
    std::vector<Buffer<float>> results;
    for (const ProgramOutput &o : program.outputs()) {
        arguments.emplace_back(o.name, results.emplace_back(n));
    }
    compile(program, find_target("x86-64"))(arguments);
    for (size_t i = 0; i < results.size(); i++) {
        if (program.outputs()[i].name == output) {
            return {results[i].begin(), results[i].end()};
        }
    }
    return {};
}

// Loops are kept in sets that are ordered by their addresses. Pieces of memory that are taken between makes of the same
// program change that order, which must not change its kernels.
void expect_same_kernels_wherever_nodes_lie(Program (*make)()) {
    const std::string first = print(make());
    std::vector<std::unique_ptr<char[]>> pieces;
    for (size_t i = 0; i < 40; i++) {
        EXPECT_EQ(print(make()), first);
        for (size_t k = 0; k <= i % 7; k++) {
            pieces.push_back(std::make_unique<char[]>(64 + 24 * k));
        }
    }
}

// The outer state is the start of the middle loop and nothing else; the inner body reads the middle state and its own
// step, so the outer loop is not among what it depends on directly.
Program state_of_the_loop_between() {
    const Array start = input<float>("start", {n});
    const Array end = loop(
        2, {start},
        [&](Expr, const Arrays &outer) {
            return loop(2, outer,
                        [&](Expr, const Arrays &middle) {
                            return loop(3, middle,
                                        [&](Expr step, const Arrays &) {
                                            return Arrays{row("next", middle[0](x) + Halide::cast<float>(step) + 1.f)};
                                        },
                                        {.name = "inner"});
                        },
                        {.name = "middle"});
        },
        {.name = "outer"})[0];
    return Program("between", {start}, {{"end", end}});
}

// The innermost of three loops reads the result of a loop that must run before the outermost.
Program result_of_a_loop_before() {
    const Array start = input<float>("start", {n});
    const Array first =
        loop(2, {start}, [&](Expr, const Arrays &state) { return Arrays{row("grow", state[0](x) * 2.f)}; },
             {.name = "first"})[0];
    const Array end =
        loop(2, {start},
             [&](Expr, const Arrays &outer) {
                 return loop(2, outer,
                             [&](Expr, const Arrays &middle) {
                                 return loop(3, middle,
                                             [&](Expr step, const Arrays &inner) {
                                                 return Arrays{
                                                     row("next", inner[0](x) + first(x) + Halide::cast<float>(step))};
                                             },
                                             {.name = "inner"});
                             },
                             {.name = "middle"});
             },
             {.name = "outer"})[0];
    return Program("before", {start}, {{"first", first}, {"end", end}});
}

TEST(NestedLoops, TheInnermostReadsTheStateOfTheOneBetween) {
    expect_same_kernels_wherever_nodes_lie(state_of_the_loop_between);
    EXPECT_THAT(run(state_of_the_loop_between(), "end"), Each(1.f + 4 * (2 + 1)));  // the last inner step stands
}

TEST(NestedLoops, TheInnermostReadsTheResultOfALoopBeforeTheOutermost) {
    expect_same_kernels_wherever_nodes_lie(result_of_a_loop_before);
    EXPECT_THAT(run(result_of_a_loop_before(), "end"), Each(1.f + 4 * (3 * 4 + 0 + 1 + 2)));
}

// Within a kernel the state `a` is told apart from the input `a` by a number, which other names may have.
// A pair of states that an outer loop hands on through inner ones, with 0, 1 and 2 steps in turn, as a program and in C++.
enum class Handed { on, with_a_read_later, swapped, through_three };
using Row = std::array<int, n>;

Program handed(Handed how) {
    const Array start = input<int>("start", {n});
    const auto leap = [](const Expr &trips, const Arrays &pair) {
        return loop(trips, pair, LoopBody([](const Expr &t, const Arrays &s) {
                        return Arrays{row("next", s[0]((x + 1) % n) * 3 - s[1](n - 1 - x) + t), s[0]};
                    }),
                    {.name = "inner"});
    };
    const Arrays ends =
        loop(7, {start, start}, LoopBody([&](const Expr &t, const Arrays &s) {
                 Arrays pair = leap(t % 3, s);
                 if (how == Handed::with_a_read_later) {
                     pair[1] = row("later", pair[1](x) + s[0](n - 1 - x));
                 } else if (how == Handed::swapped) {
                     std::swap(pair[0], pair[1]);
                 } else if (how == Handed::through_three) {
                     pair = loop(2, s, LoopBody([&](const Expr &u, const Arrays &r) { return leap((t + u) % 3, r); }));
                 }
                 return pair;
             }),
             {.name = "outer"});
    return Program("handed", {start}, {{"a", ends[0]}, {"b", ends[1]}});
}

std::pair<Row, Row> by_hand(Handed how, const Row &start) {
    Row a = start, b = start;
    const auto leap = [&](int trips) {
        for (int t = 0; t < trips; t++) {
            Row next;
            for (int i = 0; i < n; i++) {
                next[i] = a[(i + 1) % n] * 3 - b[n - 1 - i] + t;
            }
            b = a, a = next;
        }
    };
    for (int t = 0; t < 7; t++) {
        const Row before = a;
        for (int u = 0; u < (how == Handed::through_three ? 2 : 1); u++) {
            leap((t + u) % 3);
        }
        if (how == Handed::swapped) {
            std::swap(a, b);
        }
        for (int i = 0; i < n && how == Handed::with_a_read_later; i++) {
            b[i] += before[n - 1 - i];
        }
    }
    return {a, b};
}

TEST(NestedLoops, StatesThatAreHandedOnKeepTheirValues) {
    for (const Handed how : {Handed::on, Handed::with_a_read_later, Handed::swapped, Handed::through_three}) {
        Row start{1, -2, 5};
        Buffer<int> from(start.data(), n), a(n), b(n);
        compile(handed(how), find_target("x86-64"))({{"start", from}, {"a", a}, {"b", b}});
        const auto [want_a, want_b] = by_hand(how, start);
        for (int i = 0; i < n; i++) {
            EXPECT_EQ(a(i), want_a[i]) << static_cast<int>(how);
            EXPECT_EQ(b(i), want_b[i]) << static_cast<int>(how);
        }
    }
}

std::vector<bool> carried(Handed how) {
    const Block block = blocks_of(handed(how));
    for (const Step &step : block.steps) {
        if (const auto *outer = std::get_if<std::shared_ptr<const Loop>>(&step)) {
            return {is_carried(**outer, 0), is_carried(**outer, 1)};
        }
    }
    return {};
}

// A state lies in the buffers of the loop inside unless that would write over it while it is read.
TEST(NestedLoops, StatesThatAreHandedOnHaveNoBuffersOfTheirOwn) {
    EXPECT_EQ(carried(Handed::on), (std::vector<bool>{true, true}));
    EXPECT_EQ(carried(Handed::with_a_read_later), (std::vector<bool>{false, false}));
    EXPECT_EQ(carried(Handed::swapped), (std::vector<bool>{false, false}));
    EXPECT_EQ(carried(Handed::through_three), (std::vector<bool>{true, true}));
}

// A second state of the loop inside starts from the same array, and is read in all its steps.
TEST(NestedLoops, AStateThatTwoStatesStartFromHasBuffersOfItsOwn) {
    const Array start = input<float>("start", {n});
    const Array end = loop(3, {start}, [&](Expr, const Arrays &u) {
        const Arrays inner = loop(4, {u[0], u[0]}, [&](Expr, const Arrays &p) {
            return Arrays{row("next", p[0](x) + p[1]((x + 1) % n)), p[1]};
        });
        return Arrays{inner[0]};
    })[0];
    Buffer<float> values(n), result(n);
    std::vector<float> u{1, 2, 4};
    std::copy(u.begin(), u.end(), values.data());
    for (int outer = 0; outer < 3; outer++) {
        const std::vector<float> frozen = u;
        for (int inner = 0; inner < 4; inner++) {
            for (int i = 0; i < n; i++) {
                u[i] += frozen[(i + 1) % n];
            }
        }
    }
    compile(Program("frozen", {start}, {{"end", end}}), find_target("x86-64"))({{"start", values}, {"end", result}});
    EXPECT_EQ(std::vector<float>(result.begin(), result.end()), u);
}

TEST(NestedLoops, NamesThatAreAlikeButForNumbers) {
    Func early("a");  // has the name before the input asks for it
    const Halide::Param<float> a_3("a_3");
    const Array a = input<float>("a", {n}), a_2 = input<float>("a_2", {n});
    early(x) = a(x) + a_2(x);
    const Array start(early, {n});
    const Array end = loop(2, {start, a}, [&](Expr, const Arrays &state) {
        Func twice("a");
        twice(x) = 2.f * state[1](x) + a(x);
        return Arrays{row("a_2", state[0](x) + state[1](x) + a_2(x) + a_3 + a(x)), Array(twice, {n})};
    })[0];
    Buffer<float> one(n), ten(n), result(n);
    one.fill(1.f);
    ten.fill(10.f);
    compile(Program("alike", {a, a_2, a_3}, {{"end", end}}),
            find_target("x86-64"))({{"a", one}, {"a_2", ten}, {"a_3", 100}, {"end", result}});
    EXPECT_EQ(result(0), 11.f + (1 + 10 + 100 + 1) + (3 + 10 + 100 + 1));
}

}  // namespace

}  // namespace sylvite
