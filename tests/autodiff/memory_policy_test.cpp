// What a reverse derivative keeps of the states of loops: the same bits under every policy, and how many steps are run again.

#include "program_check.h"

#include "autodiff/program.h"
#include "frontend/print.h"
#include "targets/compile.h"

#include <gtest/gtest.h>

#include <random>

using namespace sylvite;
using namespace sylvite::testing;
using namespace Halide;

namespace {

Var x("x"), y("y");

struct Policy {
    std::string name;
    Memory memory;
};
const std::vector<Policy> &policies() {
    static const std::vector<Policy> all{{"recompute", Memory::recompute},
                                         {"sqrt", Memory::sqrt},
                                         {"binomial_2", Memory::binomial(2)},
                                         {"binomial_5", Memory::binomial(5)}};
    return all;
}

Expr real(double value) { return Internal::make_const(Float(64), value); }

Array row(const char *name, const Expr &value, const Expr &n) {
    Func f(name);
    f(x) = value;
    return Array(f, {n});
}

Array sum_of_squares(const Array &a) {
    Region region;
    for (const Expr &extent : a.extents()) {
        region.emplace_back(0, extent);
    }
    RDom r(region);
    std::vector<Expr> at;
    for (int d = 0; d < a.dimensions(); d++) {
        at.push_back(r[d]);
    }
    Func loss("loss");
    loss() = real(0);
    loss() += a(at) * a(at);
    return Array(loss, {});
}

// The wave equation; the derivative by the speed reads all states, that by u0 none.
Program wave(const Memory &memory) {
    const int n = 3, m = 2;
    Param<int> steps("steps");
    Array u0 = input<double>("u0", {n, m}), c = input<double>("c", {n, m});
    Array u = loop(steps, {u0, u0},
                   [&](Expr, Array now, Array before) {
                       Func next("next"), w = zero_outside(now);
                       next(x, y) =
                           2 * now(x, y) - before(x, y) +
                           c(x, y) * real(0.1) * (w(x - 1, y) + w(x + 1, y) + w(x, y - 1) + w(x, y + 1) - 4 * w(x, y));
                       return Arrays{Array(next, {n, m}), now};
                   },
                   {.memory = memory})[0];
    return Program("wave", {u0, c, steps}, {{"loss", sum_of_squares(u)}});
}

// Two states of different ranks, not linear, that read the number of the step, a size and a scalar.
Program two_states(const Memory &memory) {
    Param<int> steps("steps");
    Param<double> c("c");
    Array u0 = input<double>("u0", {3, 2});
    Array b0 = row("b0", u0(x, 0) * c, 3);
    auto [a, b] = loop(steps, {u0, b0},
                       [&](Expr t, Array a, Array b) {
                           Func next("next");
                           next(x, y) = a(x, y) + real(0.1) * sin(a(2 - x, y) * b(x)) * c;
                           return Arrays{Array(next, {3, 2}),
                                         row("b", b(x) * cos(b(2 - x)) + real(0.01) * cast<double>(t) * a(x, 1), 3)};
                       },
                       {.memory = memory});
    Func both("both");
    both(x, y) = a(x, y) * b(x);
    return Program("two_states", {u0, c, steps}, {{"loss", sum_of_squares(Array(both, {3, 2}))}});
}

// A loop in a loop, which reads the states and the step around it; the inner one makes 0, 1, 2, ... steps.
Program nested(const Memory &outer, const Memory &inner) {
    Param<int> steps("steps");
    Array u0 = input<double>("u0", {3, 2}), c = input<double>("c", {3, 2});
    const Array start = row("start", u0(x, 0), 3);
    Array u = loop(steps, {start},
                   [&](Expr t, const Arrays &p) {
                       Array end =
                           loop(t, {row("z", p[0](x) * real(0.5), 3)},
                                [&](Expr s, const Arrays &z) {
                                    return Arrays{row("z",
                                                      z[0](x) + real(0.1) * sin(z[0](2 - x)) * c(x, 0) * p[0](x) +
                                                          real(0.01) * cast<double>(s + t),
                                                      3)};
                                },
                                {.name = "inner", .memory = inner, .capacity = steps})[0];
                       return Arrays{row("next", sin(end(x)) * p[0](2 - x) + c(x, 1), 3)};
                   },
                   {.name = "outer", .memory = outer})[0];
    return Program("nested", {u0, c, steps}, {{"loss", sum_of_squares(u)}});
}

Buffer<double> numbers(std::vector<int> sizes, unsigned seed) {
    std::mt19937 random(seed);
    Buffer<double> buffer(sizes);
    buffer.for_each_value([&](double &value) { value = std::uniform_real_distribution<double>(0.3, 1.2)(random); });
    return buffer;
}

// Runs a program of which every array that is no scalar has 3 x 2 elements.
Values run(const Executable &code, const Program &program, int steps) {
    NamedArguments arguments;
    Values outputs;
    unsigned seed = 1;
    for (const ProgramInput &input : program.inputs()) {
        if (input.is_array()) {
            const bool is_scalar = input.array().dimensions() == 0;
            arguments.emplace_back(input.name(),
                                   numbers(is_scalar ? std::vector<int>() : std::vector<int>{3, 2}, seed++));
        } else if (input.type().is_float()) {
            arguments.emplace_back(input.name(), 0.7);
        } else {
            arguments.emplace_back(input.name(), steps);
        }
    }
    for (const ProgramOutput &output : program.outputs()) {
        outputs[output.name] = Buffer<double>(output.array.dimensions() ? std::vector<int>{3, 2} : std::vector<int>());
        arguments.emplace_back(output.name, outputs[output.name]);
    }
    code.run(arguments);
    return outputs;
}

void expect_same(const Values &expected, const Values &is, const std::string &where) {
    for (const auto &[name, value] : expected) {
        value.for_each_element(
            [&](const int *at) { EXPECT_EQ(value(at), is.at(name)(at)) << name << " of " << where; });
    }
}

const TargetRow &baseline() { return find_target("x86-64"); }

using Derivative = std::function<Program(const Program &)>;
Program gradient(const Program &program) { return grad(program, {"u0", "c"}); }
Program second(const Program &program) { return hvp(program, {"u0", "c"}); }

// The same bits as by store_all, for run-time numbers of steps.
void check_all(const std::function<Program(const Memory &)> &make, const Derivative &derivative,
               const std::vector<int> &trips) {
    const Program all = derivative(make(Memory::store_all));
    const Executable expected = compile(all, baseline());
    std::vector<Values> values;
    for (int n : trips) {
        values.push_back(run(expected, all, n));
    }
    for (const Policy &policy : policies()) {
        const Program program = derivative(make(policy.memory));
        const Executable code = compile(program, baseline());
        for (size_t i = 0; i < trips.size(); i++) {
            expect_same(values[i], run(code, program, trips[i]), policy.name + ", " + std::to_string(trips[i]));
        }
    }
}

TEST(MemoryPolicies, GiveTheSameGradientOfTheWave) { check_all(wave, gradient, {0, 1, 2, 7, 100}); }
TEST(MemoryPolicies, GiveTheSameGradientOfTwoStates) { check_all(two_states, gradient, {0, 1, 2, 7, 100}); }
TEST(MemoryPolicies, GiveTheSameSecondDerivatives) { check_all(two_states, second, {0, 1, 7}); }
TEST(MemoryPolicies, OfNestedLoopsDiffer) {
    const std::vector<int> trips{0, 1, 2, 7};
    const Program all = gradient(nested(Memory::store_all, Memory::store_all));
    const Executable expected = compile(all, baseline());
    const std::vector<std::pair<Memory, Memory>> pairs{{Memory::recompute, Memory::store_all},
                                                       {Memory::binomial(3), Memory::sqrt},
                                                       {Memory::store_all, Memory::binomial(2)},
                                                       {Memory::binomial(2), Memory::binomial(2)}};
    for (size_t k = 0; k < pairs.size(); k++) {
        const Program program = gradient(nested(pairs[k].first, pairs[k].second));
        const Executable code = compile(program, baseline());
        for (int n : trips) {
            expect_same(run(expected, all, n), run(code, program, n),
                        "pair " + std::to_string(k) + ", " + std::to_string(n) + " steps");
        }
    }
}

// A loop of while_loops, which share its budget if they say nothing themselves.
Program with_while_loops(const Memory &memory, const Memory &inner_memory) {
    Param<int> steps("trips");
    Array u0 = input<double>("u0", {3, 2}), c = input<double>("c", {3, 2});
    const LoopBody inner = [&](const Expr &, const Arrays &s) {
        return Arrays{row("u", s[0](x) * (1 + real(0.01) * s[0](2 - x) * c(x, 1)), 3), row("n", s[1](0) + 1, 1)};
    };
    const LoopBody outer = [&](const Expr &t, const Arrays &s) {
        return Arrays{while_loop([&](const Arrays &now) { return now[1](0) < t % 3; }, {s[0], row("n", 0, 1)}, inner,
                                 {.memory = inner_memory})
                          .state[0]};
    };
    const Array u = loop(steps, {row("u", u0(x, 0), 3)}, outer, {.memory = memory})[0];
    return Program("while_loops", {u0, c, steps}, {{"loss", sum_of_squares(u)}});
}

TEST(MemoryPolicies, WhileLoopsShareABudget) {
    const Program all = gradient(with_while_loops(Memory::binomial(3), Memory::binomial(2))),
                  shared = gradient(with_while_loops(Memory::budget(2000), {}));
    expect_same(run(compile(all, baseline()), all, 7), run(compile(shared, baseline()), shared, 7), "7 steps");
}

// Two states of which one is an integer that a step permutes, so that it is undone without rounding.
Program permuted(const Memory &memory, bool while_) {
    Param<int> steps("trips");
    Array u0 = input<double>("u0", {3, 2}), c = input<double>("c", {3, 2});
    Array key = row("key", x, 3);
    const LoopBody step = [&](const Expr &t, const Arrays &s) {
        const Expr weight = cast<double>(s[1](x) % 16) * real(0.01);
        Arrays next{row("u", s[0](2 - x) * (1 + weight) + c(x, 1) * weight, 3), row("k", s[1](x) * 5 + 3 + t, 3)};
        if (while_) {
            next.push_back(row("n", s[2](0) + 1, 1));
        }
        return next;
    };
    LoopOptions options{.memory = memory};
    if (memory.way == Memory::Way::reversible) {
        options.memory = Memory::reversible([](const Expr &t, const Arrays &s) {  // 5 * 0xcccccccd = 1 modulo 2^32
            Arrays before(s.size());
            before[1] = row("k", (s[1](x) - 3 - t) * Internal::make_const(Int(32), -858993459), 3);
            return before;
        });
    }
    Arrays init{row("u", u0(x, 0), 3), key};
    if (while_) {
        init.push_back(row("n", 0, 1));
    }
    const Array u = while_ ? while_loop([&](const Arrays &s) { return s[2](0) < steps; }, init, step,
                                        {.memory = options.memory,
                                         .capacity = memory.way == Memory::Way::store_all ? Expr(100) : Expr()})
                                 .state[0]
                           : loop(steps, init, step, options)[0];
    return Program("permuted", {u0, c, steps}, {{"loss", sum_of_squares(u)}});
}

TEST(MemoryPolicies, WhatIsUndoneExactlyIsReversedExactly) {
    const Program all = gradient(permuted(Memory::store_all, false));
    const Executable expected = compile(all, baseline());
    for (const bool while_ : {false, true}) {
        for (const Memory &memory :
             {Memory::reversible([](const Expr &, const Arrays &s) { return s; }), Memory::binomial(2)}) {
            const Program program = gradient(permuted(memory, while_));
            const Executable code = compile(program, baseline());
            for (int n : {0, 1, 7, 100}) {
                expect_same(run(expected, all, n), run(code, program, n), std::to_string(n));
            }
        }
    }
}

int steps_run(const Program &program, int n, const std::string &loop) {
    int count = 0;
    NamedArguments arguments;
    const Executable code = compile(program, baseline());
    const std::vector<int> sizes{3, 2};
    Buffer<double> in[] = {numbers(sizes, 1), numbers(sizes, 2), Buffer<double>(sizes), Buffer<double>(sizes)};
    Buffer<double> loss = Buffer<double>::make_scalar();
    code.run({{"u0", in[0]}, {"c", in[1]}, {"steps", n}, {"loss", loss}, {"d_loss_d_u0", in[2]}, {"d_loss_d_c", in[3]}},
             [&](const LoopStep &step) {
                 count += step.loop == loop || step.loop.starts_with(loop + ".");
                 return true;
             });
    return count;
}

// How many of 100 steps a budget lets run again; the state has 48 bytes, which the driver gives 64.
std::string chosen(int64_t bytes) {
    Array u0 = input<double>("u0", {3, 2}), c = input<double>("c", {3, 2});
    Array u = loop(100, {u0},
                   [&](Expr, const Arrays &s) {
                       Func next("next");
                       next(x, y) = sin(s[0](x, y)) * c(x, y);
                       return Arrays{Array(next, {3, 2})};
                   },
                   {.memory = Memory::budget(bytes)})[0];
    Param<int> steps("steps");
    return std::to_string(steps_run(gradient(Program("p", {u0, c, steps}, {{"loss", sum_of_squares(u)}})), 0, "step") -
                          100);
}

TEST(MemoryPolicies, ABudgetTakesWhatRunsTheFewestStepsAgain) {
    EXPECT_EQ(chosen(101 * 64), "0");
    EXPECT_EQ(chosen(101 * 64 - 1), "100");
    EXPECT_EQ(chosen(24 * 64), "100");
    EXPECT_EQ(chosen(24 * 64 - 1), std::to_string(again_with(100, 8)));
    EXPECT_EQ(chosen(10 * 64), "316");
    EXPECT_EQ(chosen(2 * 64), std::to_string(100 * 99 / 2));
}

// What fits is known for sizes that are parameters too, and there without what the driver adds to align arrays.
TEST(MemoryPolicies, ABudgetMayReadSizes) {
    const auto chosen_for = [](int states) {
        Param<int> n("n");
        Array u0 = input<double>("u0", {n});
        Array u = loop(100, {u0}, [&](Expr, const Arrays &s) { return Arrays{row("u", sin(s[0](x)), n)}; },
                       {.memory = Memory::budget(cast<int64_t>(n) * (8 * states))})[0];
        const std::string text = print(grad(Program("p", {u0, n}, {{"loss", sum_of_squares(u)}}), {"u0"}));
        return text.find("step_segment") != std::string::npos     ? "sqrt"
               : text.find("step_reverse_2") != std::string::npos ? "binomial"
                                                                  : "other";
    };
    EXPECT_STREQ(chosen_for(101), "other");
    EXPECT_STREQ(chosen_for(100), "sqrt");
    EXPECT_STREQ(chosen_for(10), "binomial");
}

// Leapfrog runs backwards up to rounding.
TEST(MemoryPolicies, AReversibleWaveHasTheGradientOfAllStates) {
    const auto wave_with = [](bool reversible) {
        Param<int> steps("steps");
        Array u0 = input<double>("u0", {3, 2}), c = input<double>("c", {3, 2});
        const auto onward = [&](const Array &now, const Array &before) {
            Func next("next"), w = zero_outside(now);
            next(x, y) = 2 * now(x, y) - before(x, y) +
                         c(x, y) * real(0.1) * (w(x - 1, y) + w(x + 1, y) + w(x, y - 1) + w(x, y + 1) - 4 * w(x, y));
            return Array(next, {3, 2});
        };
        LoopOptions options;
        if (reversible) {
            options.memory = Memory::reversible([&](const Expr &, const Arrays &after) {
                return Arrays{after[1], onward(after[1], after[0])};
            });
        }
        const Array u = loop(steps, {u0, u0}, LoopBody([&](const Expr &, const Arrays &s) {
                                 return Arrays{onward(s[0], s[1]), s[0]};
                             }),
                             options)[0];
        return gradient(Program("wave", {u0, c, steps}, {{"loss", sum_of_squares(u)}}));
    };
    const Program all = wave_with(false), undone = wave_with(true);
    const Values expected = run(compile(all, baseline()), all, 200), is = run(compile(undone, baseline()), undone, 200);
    for (const auto &[name, value] : expected) {
        value.for_each_element([&](const int *at) {
            EXPECT_NEAR(value(at), is.at(name)(at), 1e-10 * std::abs(value(at)) + 1e-10) << name;
        });
    }
}

TEST(MemoryPolicies, BinomialIsOptimal) {
    EXPECT_EQ(again_with(100, 5), 316);
    EXPECT_EQ(steps_run(gradient(wave(Memory::binomial(5))), 100, "step"), 100 + 316);
    // The optimum by dynamic programming: the head of the right part is a snapshot, then the left part has it.
    constexpr int most = 60;
    std::vector<std::vector<int>> optimum(5, std::vector<int>(most + 1));
    for (int s = 1; s < 5; s++) {
        for (int n = 2; n <= most; n++) {
            optimum[s][n] = n * (n - 1) / 2;
            for (int left = 1; s > 1 && left < n; left++) {
                optimum[s][n] = std::min(optimum[s][n], left + optimum[s][left] + optimum[s - 1][n - left]);
            }
        }
    }
    for (int s = 1; s < 5; s++) {
        const Program program = gradient(wave(Memory::binomial(s)));
        for (int n : {1, 2, 3, 8, 13, 35, 60}) {
            EXPECT_EQ(again_with(n, s), optimum[s][n]) << n << " steps, " << s << " snapshots";
        }
        EXPECT_EQ(steps_run(program, 37, "step"), 37 + optimum[s][37]) << s;
    }
}

// A linear step reads no states: nothing is run again.
TEST(MemoryPolicies, WhatNeedsNoStatesRunsNothingAgain) {
    const auto doubled = [](const Memory &memory) {
        Param<int> steps("steps");
        Array u0 = input<double>("u0", {3, 2}), c = input<double>("c", {3, 2});
        Array u = loop(steps, {u0},
                       [&](Expr, const Arrays &s) {
                           Func next("next");
                           next(x, y) = s[0](x, y) * real(0.5) + c(2 - x, y);
                           return Arrays{Array(next, {3, 2})};
                       },
                       {.memory = memory})[0];
        return Program("doubled", {u0, c, steps}, {{"loss", sum_of_squares(u)}});
    };
    EXPECT_EQ(steps_run(gradient(doubled(Memory::binomial(3))), 20, "step"), 20);
    EXPECT_EQ(
        steps_run(gradient(doubled(Memory::reversible([](const Expr &, const Arrays &s) { return s; }))), 20, "step"),
        20);
}

std::string error_of(const std::function<void()> &f) {
    try {
        f();
    } catch (const CompileError &error) {
        return error.what();
    }
    return "none";
}

TEST(MemoryPolicies, RefuseWhatCannotHold) {
    EXPECT_EQ(error_of([] { Memory::binomial(0); }),
              "Error: Memory::binomial() needs 1 to 16 snapshots; it was given 0.\n");
    EXPECT_EQ(
        error_of([] { gradient(permuted(Memory::sqrt, true)); }),
        "Error: while_loop() does not know its number of steps before it ends, as Memory::sqrt and Memory::budget "
        "ask; step has one of them: use Memory::binomial, or set LoopOptions::capacity and store all.\n");
    EXPECT_EQ(error_of([] { gradient(wave(Memory::budget(127))); }),
              "Error: Memory::budget() needs bytes for the states of one step at least; step has a budget of "
              "127 and states of 128, and that they fit is not known: give it more, in terms of the same "
              "sizes.\n");
    const auto with_inverse = [](const LoopBody &inverse) {
        return error_of([&] {
            const Array u0 = input<double>("u0", {3, 2});
            const Array u = loop(2, {row("u", u0(x, 0), 3)},
                                 [](Expr, const Arrays &s) { return Arrays{row("u", sin(s[0](x)), 3)}; },
                                 {.memory = Memory::reversible(inverse)})[0];
            grad(Program("p", {u0}, {{"loss", sum_of_squares(u)}}), {"u0"});
        });
    };
    EXPECT_EQ(with_inverse([](const Expr &, const Arrays &) { return Arrays{}; }),
              "Error: loop() needs an inverse that returns as many states as it is given; that of step was given 1 and "
              "returns 0.\n");
    EXPECT_EQ(
        with_inverse([](const Expr &, const Arrays &) { return Arrays{row("v", real(0), 4)}; }),
        "Error: loop() needs an inverse that keeps type and extents of states; that of step returns float64 on {4} "
        "for state 0 (u), which is float64 on {3}.\n");
    EXPECT_EQ(with_inverse([](const Expr &, const Arrays &) { return Arrays{Array()}; }),
              "Error: The reverse derivative of step needs state 0 (u) before each step, which its inverse does not "
              "give: use Memory::binomial.\n");
}

}  // namespace
