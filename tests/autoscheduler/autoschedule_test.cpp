#include "autoscheduler/autoschedule.h"

#include "autodiff/program.h"
#include "tests/support/golden.h"
#include "tests/support/kernels.h"
#include "tests/support/run_on_targets.h"

#include <gtest/gtest.h>

#include <random>

namespace sylvite {

namespace {

using namespace test;
using Halide::Buffer;
using Halide::Func;
using Halide::Param;
using Halide::Var;

// Whole numbers from -8 to 23, different for each input; scalar inputs are 5.
NamedArguments arguments_for(const Program &program) {
    NamedArguments arguments;
    int seed = 3;
    for (const ProgramInput &input : program.inputs()) {
        if (!input.is_array()) {
            arguments.emplace_back(input.name(), 5);
            continue;
        }
        std::vector<int> sizes;
        for (const Expr &extent : input.array().extents()) {
            sizes.push_back(static_cast<int>(*Halide::Internal::as_const_int(extent)));
        }
        Buffer<float> values(sizes);
        int count = seed++;
        values.for_each_value([&](float &v) { v = static_cast<float>((count = (count * 37 + 11) % 1021) % 32 - 8); });
        values.set_host_dirty();
        arguments.emplace_back(input.name(), Buffer<>(values));
    }
    for (const ProgramOutput &output : program.outputs()) {
        std::vector<int> sizes;
        for (const Expr &extent : output.array.extents()) {
            sizes.push_back(static_cast<int>(*Halide::Internal::as_const_int(extent)));
        }
        arguments.emplace_back(output.name, Buffer<>(output.array.type(), sizes));
    }
    return arguments;
}

// The wave equation on n x n cells, how far its surface is from another after `steps` steps, and that surface.
Program wave(int n) {
    const Var x("x"), y("y");
    Array surface = input<float>("surface", {n, n}), seen = input<float>("seen", {n, n});
    Param<int> steps("steps");
    auto [last, before_last] = loop(steps, {surface, surface},
                                    [&](const Expr &, const Array &now, const Array &before) {
                                        Func water = zero_outside(now), next("next");
                                        Expr curvature = water(x - 1, y) + water(x + 1, y) + water(x, y - 1) +
                                                         water(x, y + 1) - 4 * water(x, y);
                                        next(x, y) = 2 * water(x, y) - before(x, y) + 0.2f * curvature;
                                        return Arrays{Array(next, now.extents()), now};
                                    },
                                    {.name = "wave"});
    Halide::RDom cell(0, n, 0, n, "cell");
    Func loss("loss");
    Expr difference = last(cell.x, cell.y) - seen(cell.x, cell.y);
    loss() = 0.0f;
    loss() += difference * difference;
    return Program("wave", {surface, seen, steps}, {{"loss", Array(loss, {})}, {"formed", last}});
}

class OnTarget : public testing::TestWithParam<std::tuple<std::string, int>> {};

constexpr int small = 45;

TEST_P(OnTarget, KeepsTheValues) {
    const auto &[target, index] = GetParam();
    const Program program = one_of_each_kind(small)[index].program;
    const NamedArguments arguments = arguments_for(program);
    const TargetRow &row = find_target(target);
    const Schedule schedule = autoschedule(program, row);
    SCOPED_TRACE(print(schedule));
    check_on_target(row, program, schedule, arguments, run_here(program, find_target("x86-64"), {}, arguments), 1e-6);
}

std::string name_of(const testing::TestParamInfo<std::tuple<std::string, int>> &info) {
    std::string name = std::get<0>(info.param) + "_" + one_of_each_kind(small)[std::get<1>(info.param)].name;
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
}

const int kinds = static_cast<int>(one_of_each_kind(small).size());
INSTANTIATE_TEST_SUITE_P(Kinds, OnTarget, testing::Combine(testing::Values("x86-64"), testing::Range(0, kinds)),
                         name_of);
INSTANTIATE_TEST_SUITE_P(Host, OnTarget, testing::Combine(testing::Values("host"), testing::Values(0, 4, 9)), name_of);
// Of what is too small or must stay in order, GPU targets leave all to the host.
INSTANTIATE_TEST_SUITE_P(Gpus, OnTarget,
                         testing::Combine(testing::Values("vulkan", "cuda-75"), testing::Values(2, 3, 6, 7, 11)),
                         name_of);

TEST(Autoschedule, RandomProgramsKeepTheirValues) {
    const TargetRow &row = find_target("x86-64");
    for (unsigned seed = 1; seed <= 8; seed++) {
        const Program program = random_program(seed, 70);
        const NamedArguments arguments = arguments_for(program);
        const Schedule schedule = autoschedule(program, row);
        SCOPED_TRACE("seed " + std::to_string(seed) + "\n" + print(schedule));
        expect_same(run_here(program, row, schedule, arguments), run_here(program, row, {}, arguments), 0);
    }
}

TEST(Autoschedule, TheSameProgramGetsTheSameText) {
    const std::string first = print(autoschedule(random_program(3, 300), find_target("x86-64-avx2")));
    one_of_each_kind(10);
    EXPECT_EQ(print(autoschedule(random_program(3, 300), find_target("x86-64-avx2"))), first);
    EXPECT_NE(print(autoschedule(random_program(4, 300), find_target("x86-64-avx2"))), first);
}

// The schedules of the wave app and of its gradient on four targets, for people to read when rules change.
TEST(Autoschedule, WaveSchedules) {
    std::string text;
    for (const Program &program : {wave(256), wave(2048)}) {
        for (const char *target : {"x86-64-avx512", "aarch64", "cuda-80", "vulkan"}) {
            text += print(autoschedule(program, find_target(target))) + "\n";
        }
    }
    expect_golden("schedules_of_wave.txt", text);
}

// Loops of a lowered kernel: those that have no loop in them, with what their bodies hold, and the others on one core.
class InnermostLoops : public Halide::Internal::IRVisitor {
public:
    int loops = 0, outer = 0, without_tests = 0;

private:
    bool inner_ = false, tests_ = false;

    using IRVisitor::visit;
    void visit(const Halide::Internal::For *op) override {
        inner_ = tests_ = false;
        IRVisitor::visit(op);
        loops += !inner_;
        outer += inner_ && !op->is_parallel();
        without_tests += !inner_ && !tests_;
        inner_ = true;
    }
    void visit(const Halide::Internal::Select *op) override {
        tests_ = true;
        IRVisitor::visit(op);
    }
    void visit(const Halide::Internal::IfThenElse *op) override {
        tests_ = true;
        IRVisitor::visit(op);
    }
    void visit(const Halide::Internal::Min *op) override {
        tests_ = true;
        IRVisitor::visit(op);
    }
    void visit(const Halide::Internal::Max *op) override {
        tests_ = true;
        IRVisitor::visit(op);
    }
};

TEST(Autoschedule, TheWaveStepIsOneVectorLoopWithoutTestsInTheInterior) {
    const Program program = wave(1024);
    const TargetRow &row = find_target("x86-64-avx512");
    const Schedule schedule = autoschedule(program, row);
    const Kernel kernel = kernels_of(program)[0];
    const KernelPipeline pipeline = instantiate(kernel);
    apply(schedule, kernel.name, pipeline);
    const Halide::Module module =
        Halide::Pipeline(pipeline.outputs).compile_to_module(pipeline.arguments(kernel), "step", row.halide_target());
    std::ostringstream text;
    InnermostLoops loops;
    for (const Halide::Internal::LoweredFunc &function : module.functions()) {
        function.body.accept(&loops);
        text << function.body;
    }
    EXPECT_GT(loops.without_tests, 0) << text.str();
    EXPECT_EQ(loops.outer, 1) << "pieces at the edge test in all their rows:\n" << text.str();
    EXPECT_NE(text.str().find("ramp("), std::string::npos) << "there are no vectors";
    EXPECT_EQ(text.str().find("allocate"), std::string::npos) << "something is kept that need not be";
}

TEST(Autoschedule, AnEightElementKernelStaysSerial) {
    Array a = input<float>("a", {8});
    Func f("f"), g("g");
    Var x("x");
    f(x) = a(x) * 2;
    g(x) = f(x) + f(7 - x);
    const Program program("tiny", {a}, {{"g", Array(g, {8})}});
    for (const char *target : {"x86-64-avx512", "aarch64"}) {
        EXPECT_TRUE(autoschedule(program, find_target(target)).kernels[0].stages.empty());
    }
}

TEST(Autoschedule, IsRightForSizesThatAreNotExpected) {
    Param<int> n("n");
    Array a = input<float>("a", {n, n});
    Func edge = repeat_edge(a), rows("rows"), blur("blur"), sum("sum");
    Var x("x"), y("y");
    Halide::RDom r(0, n, 0, n, "r");
    rows(x, y) = edge(x - 1, y) * 3 + edge(x, y) + edge(x + 1, y);
    blur(x, y) = rows(x, y - 1) + rows(x, y) + rows(x, y + 1);
    sum() = 0.0f;
    sum() += blur(r.x, r.y);
    const Program program("blur", {a, n}, {{"blur", Array(blur, {n, n})}, {"sum", Array(sum, {})}});
    const TargetRow &row = find_target("x86-64");
    const Schedule schedule = autoschedule(program, row, {.sizes = {{"n", 3000}}});
    SCOPED_TRACE(print(schedule));
    EXPECT_NE(print(schedule).find("parallel"), std::string::npos);
    EXPECT_EQ(print(autoschedule(program, row, {.sizes = {{"n", 12}}})).find("parallel"), std::string::npos);
    const Executable fast = compile(program, row, schedule), plain = compile(program, row);
    for (const int size : {1, 2, 5, 17, 70}) {
        Buffer<float> values(size, size), blurred(size, size), expected(size, size);
        Buffer<float> total = Buffer<float>::make_scalar(), expected_total = Buffer<float>::make_scalar();
        int count = 0;
        values.for_each_value([&](float &v) { v = static_cast<float>(count++ % 11); });
        fast({{"a", values}, {"n", size}, {"blur", blurred}, {"sum", total}});
        plain({{"a", values}, {"n", size}, {"blur", expected}, {"sum", expected_total}});
        EXPECT_EQ(total(), expected_total()) << "n = " << size;
        expected.for_each_element([&](int i, int j) { ASSERT_EQ(blurred(i, j), expected(i, j)) << "n = " << size; });
    }
}

// A machine with caches so small that a chain of stencils does not fit.
TEST(Autoschedule, StencilsThatDoNotFitTheCacheAreComputedInStrips) {
    constexpr int n = 700;
    const Program program = one_of_each_kind(n)[2].program;
    TargetRow row = find_target("x86-64");
    row.machine.l2 = 256 << 10;
    const std::string text = print(autoschedule(program, row));
    EXPECT_NE(text.find("stage rows\n    compute_at blur yo\n    vectorize x 4\n"), std::string::npos) << text;
    EXPECT_NE(text.find("parallel yo"), std::string::npos) << text;
    row.machine.l2 = 64 << 20;
    EXPECT_NE(print(autoschedule(program, row)).find("stage rows\n    compute_root\n"), std::string::npos);

    const NamedArguments arguments = arguments_for(program);
    expect_same(run_here(program, row, parse_schedule(text), arguments), run_here(program, row, {}, arguments), 0);
}

// Elements of a matrix product are summed up a tile at a time, and strips of rows count as work for the cores.
TEST(Autoschedule, TilesMatrixProducts) {
    constexpr int n = 256;
    const Var x("x"), y("y");
    const Array a = input<float>("a", {n, n}), b = input<float>("b", {n, n});
    const Halide::RDom k(0, n, "k");
    Func sum("sum"), product("product");
    sum(x, y) += a(k, y) * b(x, k);
    product(x, y) = sum(x, y);
    const Program program("matmul", {a, b}, {{"product", Array(product, {n, n})}});
    TargetRow row = find_target("x86-64");
    row.machine.l2 = 128 << 10;
    const std::string text = print(autoschedule(program, row));
    EXPECT_NE(text.find("    split x xo xi 8\n    split y yo yi 4\n    reorder xi yi k.x xo yo\n"
                        "    vectorize xi\n    unroll yi\n"),
              std::string::npos)
        << text;
    EXPECT_NE(text.find("parallel yo"), std::string::npos) << text;
    const NamedArguments arguments = arguments_for(program);
    expect_same(run_here(program, row, parse_schedule(text), arguments), run_here(program, row, {}, arguments), 0);
}

// Rows of 4096 bytes put what a definition reads at a point into one set of the cache; with more arrays than it holds, they
// are made longer.
TEST(Autoschedule, ManyArraysAreKeptApartInTheCache) {
    const Var x("x");
    const auto text_for = [&](int n, int arrays) {
        const Array a = input<float>("a", {n});
        Func last("last");
        std::vector<Expr> sums(2, Expr(0.f));
        for (int i = 0; i < arrays; i++) {
            Func part("part");
            part(x) = Halide::sin(a(x) + float(i));
            sums[0] += part(x);
            sums[1] += part(Halide::max(x - 1, 0));
        }
        last(x) = sums[0] * sums[1];
        return print(autoschedule(Program("p", {a}, {{"b", Array(last, {n})}}), find_target("x86-64")));
    };
    EXPECT_NE(text_for(2048, 9).find("stage part\n    compute_root\n    align_storage x 2080\n"), std::string::npos)
        << text_for(2048, 9);
    EXPECT_EQ(text_for(2000, 9).find("align_storage"), std::string::npos);
    EXPECT_EQ(text_for(2048, 8).find("align_storage"), std::string::npos);
}

TEST(Autoschedule, KeepsWhatIsDecidedAndFillsInTheRest) {
    const Program program = one_of_each_kind(400)[7].program;  // a convolution
    const Schedule keep = parse_schedule("sylvite-schedule 1\n"
                                         "kernel main\n"
                                         "  # by hand\n"
                                         "  stage sums\n"
                                         "    compute_root\n"
                                         "    unroll x 2\n");
    const Schedule schedule = autoschedule(program, find_target("x86-64"), {.keep = keep});
    const std::vector<StageSchedule> &stages = schedule.kernels[0].stages;
    EXPECT_EQ(stages[0], keep.kernels[0].stages[0]);
    ASSERT_EQ(stages.size(), 2u) << print(schedule);
    EXPECT_EQ(stages[1].stage, "positive");
    EXPECT_FALSE(stages[1].directives.empty());
    EXPECT_EQ(autoschedule(program, find_target("x86-64"), {.keep = schedule}).kernels, schedule.kernels);
}

// What is decided and cannot be is an error at the directive, not one about the kernel.
TEST(Autoschedule, RefusesWhatIsDecidedWhereItStands) {
    const Program program = one_of_each_kind(64)[2].program;  // a blur
    const auto refusal = [&](const std::string &target, const std::string &directive) -> std::string {
        const Schedule keep =
            parse_schedule("sylvite-schedule 1\nkernel main\n  stage blur\n    " + directive, "a.sched");
        try {
            autoschedule(program, find_target(target), {.keep = keep});
        } catch (const Halide::CompileError &error) {
            return error.what();
        }
        return "";
    };
    EXPECT_EQ(refusal("x86-64", "gpu_tile x y xo yo xi yi 8 8").find("Error: a.sched:4:5: gpu_tile needs a GPU; "), 0u);
    EXPECT_EQ(
        refusal("cuda-80", "gpu_tile x y xo yo xi yi 64 64")
            .find("Error: a.sched:4:5: target cuda-80 cannot have `gpu_tile x y xo yo xi yi 64 64` for stage blur: A "
                  "thread block needs at most 1024 threads on this target; kernel main has 4096"),
        0u);
    EXPECT_EQ(refusal("x86-64", "vectorize x 1024").find("Error: a.sched:4:5: vectorize of stage blur would make"), 0u);
    EXPECT_EQ(refusal("x86-64", "vectorize x 8"), "");
}

// Halide 21 has no square root of doubles on Vulkan.
TEST(Autoschedule, WhatATargetCannotCompileFallsBackWithAComment) {
    Array a = input<double>("a", {64, 64});
    Func roots("roots"), doubled("doubled");
    Var x("x"), y("y");
    Halide::RDom r(0, 5, "r");
    roots(x, y) = Expr(0.0);
    roots(x, y) += sqrt(a(x, y) + Halide::cast<double>(r));
    doubled(x, y) = roots(x, y) * 2;
    const Program program("roots", {a}, {{"doubled", Array(doubled, {64, 64})}});
    const std::string text = print(autoschedule(program, find_target("vulkan")));
    EXPECT_NE(text.find("# plain loops, since Halide refused others: "), std::string::npos) << text;
    EXPECT_NE(text.find("stage doubled\n    gpu_tile"), std::string::npos) << text;
    EXPECT_EQ(text.find('$'), std::string::npos) << text;
    lower(program, find_target("vulkan"), parse_schedule(text));
}

// A kernel on Vulkan has 32 arrays at most: stages whose inlining would make it more are kept, and what has more by itself
// is computed on the host, with loops of its own kind.
TEST(Autoschedule, KernelsOfManyArraysOnVulkan) {
    const Var x("x");
    Arrays inputs;
    for (int i = 0; i < 44; i++) {
        inputs.push_back(input<float>("a" + std::to_string(i), {256}));
    }
    const auto sum_of = [&](const char *name, int from, int to) {
        Func f(name);
        Expr sum = 0.f;
        for (int i = from; i < to; i++) {
            sum += inputs[i](x);
        }
        f(x) = sum;
        return f;
    };
    const Func few = sum_of("few", 0, 22), others = sum_of("others", 22, 44);
    Func both("both");
    both(x) = few(x) - others(x);
    const Program program("sums", {inputs.begin(), inputs.end()},
                          {{"both", Array(both, {256})}, {"many", Array(sum_of("many", 0, 44), {256})}});
    const TargetRow &vulkan = find_target("vulkan");
    const Schedule schedule = autoschedule(program, vulkan);
    const std::string text = print(schedule);
    EXPECT_EQ(text.find("plain loops"), std::string::npos) << text;
    EXPECT_NE(text.find("stage both\n    gpu_tile"), std::string::npos) << text;
    EXPECT_NE(text.find("stage many\n    vectorize x 8"), std::string::npos) << text;
    EXPECT_NE(text.find("compute_root\n    gpu_tile"), std::string::npos) << text;
    const NamedArguments arguments = arguments_for(program);
    const Results want = run_here(program, find_target("x86-64"), {}, arguments);
    check_on_target(vulkan, program, schedule, arguments, want, 0);
}

// Three steps of two or three states that go on from one another at the point, beside it, through sums over thousands of
// elements and by a parameter; of such sizes that sums are split and states may work in place.
Program random_loop(unsigned seed) {
    constexpr int n = 4096;
    std::mt19937 random(seed);
    const auto pick = [&](int options) { return static_cast<int>(random() % static_cast<unsigned>(options)); };
    const int states = 2 + pick(2);
    Arrays start;
    for (int i = 0; i < states; i++) {
        start.push_back(input<float>("s" + std::to_string(i), {n}));
    }
    const Param<float> p("p");
    const Var x("x");
    const Halide::RDom r(0, n, "r");
    const Arrays last = loop(3, start, [&](const Expr &, const Arrays &state) {
        std::vector<Expr> sums;
        Arrays next;
        for (int i = 0; i < states; i++) {
            const Array &u = state[pick(states)], &v = state[pick(states)];
            Func sum("sum"), f("f");
            sum() += u(r) * (pick(2) ? v(r) : Expr(1.f));
            const Func edge = zero_outside(v);
            const Expr kinds[] = {p * u(x), u(x) / 2 + v(x) / 4, 0.3f * (edge(x - 1) + edge(x + 1)) + p * u(x),
                                  u(x) / 2 + sum() / n, v(x) - p * sum() / n};
            f(x) = kinds[pick(5)] + 0.125f * state[i](x);
            next.emplace_back(f, std::vector<Expr>{n});
        }
        return next;
    });
    Func loss("loss");
    for (int i = 0; i < states; i++) {
        loss() += last[i](r) * last[i](r) / n;
    }
    std::vector<ProgramInput> inputs(start.begin(), start.end());
    inputs.emplace_back(p);
    return grad(Program("random_loop", inputs, {{"loss", Array(loss, {})}}), {"p", "s0"});
}

TEST(Autoschedule, RandomLoopsKeepTheirGradients) {
    const TargetRow &row = find_target("x86-64");
    for (unsigned seed = 1; seed <= 4; seed++) {
        const Program program = random_loop(seed);
        const NamedArguments arguments = arguments_for(program);
        const Schedule schedule = autoschedule(program, row);
        SCOPED_TRACE("seed " + std::to_string(seed) + "\n" + print(schedule));
        expect_same(run_here(program, row, schedule, arguments), run_here(program, row, {}, arguments), 1e-3);
    }
}

// u <- p u, three times: d sum(u) / dp = 3 p^2 sum(u). The sum over the state is split by rfactor, and its parts read the
// state that the step of the adjoint would else overwrite.
TEST(Autoschedule, SumsThatAreSplitReadStatesBeforeTheyAreOverwritten) {
    constexpr int n = 4096;
    const Array start = input<float>("start", {n});
    const Param<float> p("p");
    const Var x("x");
    const Array last = loop(3, {start}, [&](const Expr &, const Arrays &u) {
        Func next("next");
        next(x) = p * u[0](x);
        return Arrays{Array(next, {n})};
    })[0];
    Func loss("loss");
    const Halide::RDom r(0, n, "r");
    loss() += last(r);
    const Program gradient = grad(Program("growth", {start, p}, {{"loss", Array(loss, {})}}), {"p"});
    const Schedule schedule = autoschedule(gradient, find_target("x86-64"));
    ASSERT_NE(print(schedule).find("rfactor"), std::string::npos) << print(schedule);
    const Executable executable = compile(gradient, find_target("x86-64"), schedule);
    Buffer<float> u(n), d = Buffer<float>::make_scalar(), value = Buffer<float>::make_scalar();
    u.for_each_element([&](int i) { u(i) = static_cast<float>(i % 4); });  // of sum 6144
    executable({{"start", u}, {"p", 0.5f}, {"loss", value}, {"d_loss_d_p", d}});
    EXPECT_NEAR(value(), 6144 / 8., 1e-3);
    EXPECT_NEAR(d(), 0.75 * 6144, 1e-2);
}

// A gradient like that of a program which reads one element in each iteration.
TEST(Autoschedule, SumsIntoOneElementOfMany) {
    constexpr int n = 300;
    const Var x("x");
    const Array a = input<float>("a", {n});
    const Halide::RDom r(0, n, "r");
    Func f("f");
    f(x) = a(x);
    f(1) += a(r) * a(n - 1 - r);
    const Program program("one_of_many", {a}, {{"f", Array(f, {n})}});
    const NamedArguments arguments = arguments_for(program);
    const Results want = run_here(program, find_target("x86-64"), {}, arguments);
    for (const char *name : {"x86-64", "x86-64-avx2"}) {
        if (const TargetRow &row = find_target(name); why_not_here(row).empty()) {
            expect_same(run_here(program, row, autoschedule(program, row), arguments), want, 0);
        }
    }
}

TEST(Autoschedule, GradientsOfTheWaveProgramOnAllTargets) {
    const Program program = grad(wave(33), {"surface"});
    const NamedArguments arguments = arguments_for(program);
    const Results want = run_here(program, find_target("x86-64"), {}, arguments);
    for (const char *target : {"host", "aarch64", "vulkan", "cuda-75"}) {
        const TargetRow &row = find_target(target);
        check_on_target(row, program, autoschedule(program, row), arguments, want, 1e-5);
    }
}

}  // namespace

}  // namespace sylvite
