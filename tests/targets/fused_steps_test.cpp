// Loops whose steps a schedule fuses: the values are those of the loop as it stands, bit by bit.

#include "targets/compile.h"
#include "tests/support/example.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace sylvite {

namespace {

using Halide::Buffer;
using testing::HasSubstr;

const Halide::Var x("x"), y("y");

Program fused(const Program &program, const std::string &text) {
    return with_fused_steps(program, parse_schedule("sylvite-schedule 1\n" + text, "x.sched"));
}

constexpr int n = 7;

Executable compiled(const Program &program, const std::string &text) {
    return compile(program, find_target("x86-64"), parse_schedule("sylvite-schedule 1\n" + text, "x.sched"));
}

// The values of all outputs, one after the other; arrays have n elements each way, scalars are numbers of steps.
std::vector<float> run(const Program &program, const Executable &executable, int steps = 0) {
    NamedArguments arguments;
    const auto numbers = [&](const Array &like) { return Buffer<float>(std::vector<int>(like.dimensions(), n)); };
    for (const ProgramInput &input : program.inputs()) {
        if (!input.is_array()) {
            arguments.emplace_back(input.name(), steps);
            continue;
        }
        Buffer<float> buffer = numbers(input.array());
        float *values = buffer.data();
        for (size_t i = 0; i < buffer.number_of_elements(); i++) {
            values[i] = std::sin(1.3f * static_cast<float>(i) + static_cast<float>(arguments.size())) / 3;
        }
        arguments.emplace_back(input.name(), buffer);
    }
    std::vector<Buffer<float>> outputs;
    for (const ProgramOutput &output : program.outputs()) {
        arguments.emplace_back(output.name, outputs.emplace_back(numbers(output.array)));
    }
    executable(arguments);
    std::vector<float> all;
    for (const Buffer<float> &output : outputs) {
        all.insert(all.end(), output.begin(), output.end());
    }
    return all;
}

void expect_same(const Program &program, const std::string &text, const std::vector<int> &counts) {
    const Executable plain = compiled(program, ""), fused = compiled(program, text);
    for (const int steps : counts) {
        EXPECT_EQ(run(program, fused, steps), run(program, plain, steps)) << steps << " steps";
    }
}

// The wave of programs.h with floats that LLVM must not sum in another order.
Program strict_wave() {
    const Halide::Param<int> steps("steps");
    const Array u0 = input<float>("u0", {n, n}), c = input<float>("c", {n, n});
    const auto [u, before] = loop(steps, {u0, u0}, [&](const Expr &, const Array &now, const Array &before) {
        Func next("next"), w = zero_outside(now);
        const Expr around = w(x - 1, y) + w(x + 1, y) + w(x, y - 1) + w(x, y + 1) - 4 * w(x, y);
        next(x, y) = Halide::strict_float(2 * w(x, y) - before(x, y) + c(x, y) * around);
        return Arrays{Array(next, now.extents()), now};
    });
    return Program("wave", {u0, c, steps}, {{"u", u}, {"before", before}});
}

// Tiles that do not divide the grid; each holds what the steps before the last need around it.
const char *const tiled = R"(loop step
  fuse_steps 4
kernel step
  stage step_states
    tile i0 i1 i0o i1o i0i i1i 4 3 guard_with_if
    vectorize i0i 4
  stage next
    compute_at step_states i0o
  stage next.2
    compute_at step_states i0o
    vectorize x 4
  stage next.3
    compute_at step_states i0o
)";

TEST(FusedSteps, KeepTheValuesForEachNumberOfSteps) {
    expect_same(strict_wave(), tiled, {-1, 0, 1, 3, 4, 5, 9});
    expect_same(strict_wave(), "loop step\n  fuse_steps 2\n", {0, 1, 2, 5});
}

// The states of a leapfrog are two of the values of the last steps; one loop nest writes both.
TEST(FusedSteps, MakeOneKernelOfSeveralStepsThatWritesTheStatesTogether) {
    const Program program = fused(strict_wave(), "loop step\n  fuse_steps 3\n");
    const std::vector<Kernel> kernels = kernels_of(program);
    ASSERT_EQ(kernels.size(), 2u);
    EXPECT_EQ(kernels[0].name, "step");
    EXPECT_EQ(kernels[0].outputs.size(), 2u);
    EXPECT_EQ(kernels[1].name, "step_rest");
    const KernelPipeline pipeline = instantiate(kernels[0]);
    ASSERT_EQ(pipeline.outputs.size(), 1u);
    EXPECT_EQ(pipeline.outputs[0].outputs(), 2);
    EXPECT_EQ(pipeline.first_outputs, (std::vector<size_t>{0}));
}

Array row(const char *name, const Expr &value) {
    Func f(name);
    f(x) = Halide::strict_float(value);
    return Array(f, {n});
}

// States that change places, a captured array, the number of the step and what does not change in the loop.
Program alternating(const Expr &steps, const std::vector<ProgramInput> &more) {
    const Array a = input<float>("a", {n}), b = input<float>("b", {n}), k = input<float>("k", {n});
    const Arrays states = loop(steps, {a, b, a}, [&](const Expr &t, const Arrays &s) {
        const Func edge = repeat_edge(s[0]);
        return Arrays{row("p", edge(x + 1) * k(x) + Halide::cast<float>(t)), row("q", s[2](x) - 0.5f * s[1](x)), s[0]};
    });
    std::vector<ProgramInput> inputs{a, b, k};
    inputs.insert(inputs.end(), more.begin(), more.end());
    return Program("alternating", inputs, {{"p", states[0]}, {"q", states[1]}, {"r", states[2]}});
}

TEST(FusedSteps, TakeStatesThatChangePlacesAndTheNumberOfTheStep) {
    const Halide::Param<int> steps("steps");
    expect_same(alternating(steps, {steps}), "loop step\n  fuse_steps 3\n", {0, 1, 4, 7});
}

TEST(FusedSteps, LeaveNoRestWhereTheNumberOfStepsIsKnownAndDivides) {
    EXPECT_EQ(kernels_of(fused(alternating(8, {}), "loop step\n  fuse_steps 4\n")).size(), 1u);
    EXPECT_EQ(kernels_of(fused(alternating(9, {}), "loop step\n  fuse_steps 4\n")).size(), 2u);
}

// A loop within another, of as many steps as the outer one has made.
TEST(FusedSteps, TakeALoopWithinALoop) {
    const Array a = input<float>("a", {n});
    const Arrays end = loop(4, {a},
                            [&](const Expr &t, const Arrays &outer) {
                                return loop(t, outer, [&](const Expr &, const Arrays &s) {
                                    const Func edge = repeat_edge(s[0]);
                                    return Arrays{row("next", 0.25f * edge(x - 1) + 0.75f * edge(x))};
                                });
                            },
                            {.name = "outer"});
    const Program program("nested", {a}, {{"end", end[0]}});
    expect_same(program, "loop step\n  fuse_steps 2\n", {0});
    EXPECT_THAT(
        error_of([&] { fused(program, "loop outer\n  fuse_steps 2\n"); }),
        HasSubstr("x.sched:3:3: fuse_steps needs a loop whose steps can be made several at a time; outer is a loop "
                  "whose steps are not one kernel."));
}

TEST(FusedSteps, AreSeenByAnObserverAsTheStepsOfTheTwoLoops) {
    const Program program = alternating(9, {});
    const Executable executable = compiled(program, "loop step\n  fuse_steps 4\n");
    Buffer<float> array(n);
    array.fill(0.f);
    std::vector<Buffer<float>> out{Buffer<float>(n), Buffer<float>(n), Buffer<float>(n)};
    std::vector<std::string> seen;
    executable.run({{"a", array}, {"b", array}, {"k", array}, {"p", out[0]}, {"q", out[1]}, {"r", out[2]}},
                   [&](const LoopStep &step) {
                       seen.push_back(step.loop + " " + std::to_string(step.step) + " of " +
                                      std::to_string(step.steps));
                       return true;
                   });
    EXPECT_EQ(seen, (std::vector<std::string>{"step 0 of 2", "step 1 of 2", "step_rest 0 of 1"}));
}

TEST(FusedSteps, AreRefusedWhereStatesOfAllStepsAreKept) {
    const Array a = input<float>("a", {n});
    const Scanned all = scan(6, {a}, {}, [&](const Expr &, const Arrays &s, const Arrays &) {
        const Array next = row("next", s[0](x) * 2);
        return Scanned{{next}, {next}};
    });
    const Program scanned("scanned", {a}, {{"all", all.outputs[0]}});
    EXPECT_THAT(error_of([&] { fused(scanned, "loop scan\n  fuse_steps 2\n"); }),
                HasSubstr("scan is a loop that keeps the values of state next of all steps."));
    const WhileResult until =
        while_loop([](const Arrays &s) { return s[0](0) < 3.f; }, {a},
                   [&](const Expr &, const Arrays &s) { return Arrays{row("next", s[0](x) + 1)}; });
    const Program stops("stops", {a}, {{"end", until.state[0]}});
    EXPECT_THAT(error_of([&] { fused(stops, "loop step\n  fuse_steps 2\n"); }),
                HasSubstr("step is a while_loop, which asks its condition before each step."));
}

TEST(FusedSteps, OfAnUnknownLoopAreRefusedWithTheNearestName) {
    EXPECT_EQ(error_of([&] { fused(strict_wave(), "loop stop\n  fuse_steps 2\n"); }),
              "x.sched:2:6: program wave has no loop stop; its loops are step: did you mean step?");
}

}  // namespace

}  // namespace sylvite
