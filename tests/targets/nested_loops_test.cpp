// Loops three deep, whose place is not seen from what their bodies read themselves.

#include "frontend/print.h"
#include "targets/compile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

}  // namespace

}  // namespace sylvite
