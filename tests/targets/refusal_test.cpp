// Schedules that a target cannot have: one error, where the directive stands.

#include "targets/compile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sylvite {

namespace {

const Halide::Var x("x"), y("y");
constexpr int n = 64;

// Two stages: blur reads one element more than result has.
Program example() {
    const Array a = input<float>("a", {n, n});
    Func blur("blur"), result("result");
    blur(x, y) = zero_outside(a)(x, y) + 1.f;
    result(x, y) = blur(x, y) + blur(x, y + 1);
    return Program("example", {a}, {{"out", Array(result, {n, n})}});
}

// No stage of the program continues the input beyond its array.
Program without_edges() {
    const Array a = input<float>("a", {n, n});
    Func copy("copy"), result("result");
    copy(x, y) = a(x, y) * 2.f;
    result(x, y) = copy(x, y) + 1.f;
    return Program("without_edges", {a}, {{"out", Array(result, {n, n})}});
}

// The text of the error when the program is lowered with that schedule, without "Error: "; what Halide prints as
// warnings is in `warnings`.
std::string refusal(const Program &program, const std::string &target, const std::string &stages,
                    std::string *warnings = nullptr) {
    testing::internal::CaptureStderr();
    std::string text;
    try {
        lower(program, find_target(target), parse_schedule("sylvite-schedule 1\nkernel main\n" + stages, "a.sched"));
    } catch (const Halide::CompileError &error) {
        text = error.what();
        text = text.substr(7, text.find_last_not_of("\n ") - 6);
    }
    const std::string printed = testing::internal::GetCapturedStderr();
    if (warnings) {
        *warnings = printed;
    } else {
        EXPECT_EQ(printed, "");
    }
    return text;
}

std::string refusal(const std::string &target, const std::string &stages) { return refusal(example(), target, stages); }

TEST(Refusal, OutputsThatWouldBeComputedBeyondTheirEnds) {
    const std::string result = "  stage result\n";
    EXPECT_EQ(refusal("x86-64", result + "    vectorize x 1024\n"),
              "a.sched:4:5: vectorize of stage result would make every run fail: the loop x of an output has 64 "
              "iterations, fewer than one piece of 1024: make smaller pieces, or use the tail guard_with_if.");
    EXPECT_EQ(
        refusal("x86-64", result + "    parallel y\n    split x xo xi 16\n    split xi xio xii 24 shift_inwards\n"),
        "a.sched:6:5: split of stage result would make every run fail: the loop xi of an output has 16 iterations, "
        "fewer than one piece of 24: make smaller pieces, or use the tail guard_with_if.");
    EXPECT_EQ(refusal("x86-64", result + "    fuse x y xy\n    vectorize xy 24 round_up\n"),
              "a.sched:5:5: vectorize of stage result would make every run fail: the loop xy of an output has 4096 "
              "iterations, which pieces of 24 do not divide: use the tail guard_with_if.");
    EXPECT_EQ(refusal("x86-64", result + "    bound x 0 10\n"),
              "a.sched:4:5: bound of stage result would make every run fail: dimension x of an output has 64 elements "
              "from 0 on, which must be all that is computed.");
    EXPECT_EQ(refusal("x86-64", result + "    align_bounds y 24\n"),
              "a.sched:4:5: align_bounds of stage result would make every run fail: dimension y of an output has 64 "
              "elements from 0 on, which is no multiple of 24.");
    EXPECT_EQ(refusal("x86-64", result + "    bound x 0 64\n    bound_extent y 64\n    align_bounds y 16\n"), "");
    EXPECT_EQ(refusal("x86-64", result + "    vectorize x 1024 guard_with_if\n    split y yo yi 24\n"), "");
    EXPECT_EQ(refusal("x86-64", result + "    split x xo xi 32 round_up\n    vectorize xi\n"), "");
    // Loops under a condition that does not hold.
    EXPECT_EQ(refusal("x86-64", result + "    specialize 1 > 2\n      vectorize x 1024\n"), "");
    // An earlier split holds these within the output.
    for (const std::string first : {"split x xo xi 16", "split x xo xi 16 guard_with_if"}) {
        EXPECT_EQ(refusal("x86-64", result + "    " + first + "\n    split xo a b 3 round_up\n"), "") << first;
    }
    EXPECT_EQ(refusal("x86-64", result + "    split x xo xi 24 guard_with_if\n    split xi a b 16 round_up\n"), "");
}

TEST(Refusal, StagesThatWouldReadBeyondTheEndsOfAnArray) {
    std::string warnings;
    EXPECT_THAT(
        refusal(without_edges(), "x86-64", "  stage copy\n    compute_root\n    vectorize x 1024\n", &warnings),
        testing::StartsWith("a.sched:5:5: target x86-64 cannot have `vectorize x 1024` for stage copy: Every run "
                            "of kernel main would fail: "));
    EXPECT_THAT(
        refusal(without_edges(), "x86-64", "  stage copy\n    bound x 0 10\n    compute_root\n", &warnings),
        testing::StartsWith("a.sched:4:5: target x86-64 cannot have `bound x 0 10` for stage copy: Every run of "
                            "kernel main would fail: "));
}

TEST(Refusal, DirectivesOfGpusOnOtherTargets) {
    const std::string tile = "  stage result\n    gpu_tile x y xo yo xi yi 8 8\n";
    EXPECT_EQ(refusal("x86-64", tile),
              "a.sched:4:5: gpu_tile needs a GPU; target x86-64 has none: leave it out, or compile for one of cuda-75, "
              "cuda-80, cuda-86, vulkan.");
    EXPECT_EQ(refusal("vulkan", "  stage result\n    gpu_blocks y cuda\n    gpu_threads x cuda\n"),
              "a.sched:4:5: gpu_blocks says cuda, which target vulkan is not: leave that word out.");
    EXPECT_EQ(refusal("x86-64", "  stage result\n    specialize 1 > 0\n      gpu_single_thread\n").substr(0, 13),
              "a.sched:5:7: ");
}

TEST(Refusal, GridsThatAGpuCannotHave) {
    EXPECT_THAT(
        refusal("cuda-80", "  stage result\n    gpu_tile x y xo yo xi yi 64 64\n"),
        testing::StartsWith("a.sched:4:5: target cuda-80 cannot have `gpu_tile x y xo yo xi yi 64 64` for stage "
                            "result: A thread block needs at most 1024 threads on this target; kernel main has "
                            "4096 at "));
    const std::string threads = "  stage blur\n    compute_root\n    gpu_tile x y xo yo xi yi 32 32\n";
    EXPECT_EQ(refusal("cuda-80", threads), "");
    EXPECT_THAT(refusal("vulkan", threads + "  stage result\n    gpu_tile x y xo yo xi yi 8 8\n"),
                testing::StartsWith("a.sched:5:5: target vulkan cannot have `gpu_tile x y xo yo xi yi 32 32`"));
    EXPECT_THAT(refusal("cuda-80", "  stage result\n    parallel y\n    gpu_threads x\n"),
                testing::StartsWith("a.sched:5:5: target cuda-80 cannot have `gpu_threads x` for stage result: "));
    // Each is refused with the other: the first is named, also where others need its loops.
    EXPECT_THAT(refusal("cuda-80",
                        "  stage blur\n    compute_root\n    gpu_tile x y xo yo xi yi 64 64\n    unroll xi 2\n"
                        "  stage result\n    gpu_threads x\n"),
                testing::StartsWith("a.sched:5:5: target cuda-80 cannot have `gpu_tile"));
}

}  // namespace

}  // namespace sylvite
