#include "frontend/blocks.h"

#include <gmock/gmock.h>

using namespace sylvite;
using Halide::Param;
using Halide::Var;

namespace {

Var x("x"), y("y");

// Kernels and loops as one line, e.g. "main(u -> a) step{step(a, t -> b)}"; scalars are left out.
std::string outline(const Block &block) {
    std::string text;
    for (const Step &step : block.steps) {
        text += text.empty() ? "" : " ";
        if (const auto *kernel = std::get_if<Kernel>(&step)) {
            text += kernel->name + "(";
            for (const Array &array : kernel->inputs) {
                text += array.name() + " ";
            }
            text += "->";
            for (const Array &array : kernel->outputs) {
                text += " " + array.name();
            }
            text += ")";
        } else {
            const auto &loop = std::get<std::shared_ptr<const Loop>>(step);
            text += loop->name + "{" + outline(loop->body) + "}";
        }
    }
    return text;
}

Array scaled(const std::string &name, const Array &a, const Expr &factor) {
    Func f(name);
    f(x) = factor * a(x);
    return Array(f, a.extents());
}

TEST(Blocks, StraightProgramIsOneKernel) {
    Array u = input<float>("u", {8});
    Array v = scaled("v", u, 2.f), w = scaled("w", v, 3.f);
    EXPECT_EQ(outline(blocks_of(Program("p", {u}, {{"out", w}}))), "main(u -> w)");
}

TEST(Blocks, StatesAndCapturedArraysAreInputsOfTheBody) {
    Array u = input<float>("u", {8}), c = input<float>("c", {8});
    Array result = loop(5, {u}, [&](Expr, const Arrays &s) {
        Func next("next");
        next(x) = s[0](x) + c(x);
        return Arrays{Array(next, {8})};
    })[0];
    EXPECT_EQ(outline(blocks_of(Program("p", {u, c}, {{"out", result}}))), "step{step(u c -> next)}");
}

TEST(Blocks, WhatDoesNotChangeInTheLoopIsComputedBeforeIt) {
    Array u = input<float>("u", {8});
    Array c = scaled("c", u, 2.f);
    Array result = loop(5, {u}, [&](Expr, const Arrays &s) {
        Func next("next");
        next(x) = s[0](x) + c(x);
        return Arrays{Array(next, {8})};
    })[0];
    Array out = scaled("out", result, 2.f);
    EXPECT_EQ(outline(blocks_of(Program("p", {u}, {{"y", out}}))),
              "main(u -> c) step{step(u c -> next)} main.2(u -> out)");
}

TEST(Blocks, NestedLoopsStandInTheBodyTheyDependOn) {
    Array u = input<float>("u", {8});
    Array result = loop(3, {u}, [&](Expr, const Arrays &outer) {
        Array start = scaled("start", outer[0], 2.f);
        return loop(4, {start}, [&](Expr, const Arrays &inner) { return Arrays{scaled("next", inner[0], 0.5f)}; },
                    {.name = "inner"});
    })[0];
    EXPECT_EQ(outline(blocks_of(Program("p", {u}, {{"y", result}}))),
              "step{step(u -> start) inner{inner(start -> next)}}");
}

TEST(Blocks, AnInnerLoopThatDoesNotChangeRunsOnce) {
    Array u = input<float>("u", {8});
    Array result = loop(3, {u}, [&](Expr, const Arrays &outer) {
        Array fixed = loop(4, {u}, [&](Expr, const Arrays &inner) { return Arrays{scaled("half", inner[0], 0.5f)}; },
                           {.name = "inner"})[0];
        Func next("next");
        next(x) = outer[0](x) + fixed(x);
        return Arrays{Array(next, {8})};
    })[0];
    EXPECT_EQ(outline(blocks_of(Program("p", {u}, {{"y", result}}))),
              "inner{inner(u -> half)} step{step(u u -> next)}");
}

Array sum(const std::string &name, const Array &a, const Array &b) {
    Func f(name);
    f(x) = a(x) + b(x);
    return Array(f, a.extents());
}

TEST(Blocks, WhatOneArmAloneNeedsIsComputedInIt) {
    Array u = input<float>("u", {8}), v = input<float>("v", {8});
    Array both = scaled("both", u, 2.f), of_else = scaled("of_else", u, 3.f), later = scaled("later", u, 4.f);
    const auto halves = [&](const std::string &name, const Array &from) {
        return loop(4, {from}, [](Expr, const Arrays &s) { return Arrays{scaled("half", s[0], 0.5f)}; },
                    {.name = name})[0];
    };
    Array result = branch(
        v(0) > 0, {v},
        [&](const Arrays &s) {
            return Arrays{sum("then", sum("part", s[0], both), halves("halves", scaled("a", u, 5.f)))};
        },
        [&](const Arrays &s) {
            return Arrays{sum("else", sum("part", s[0], both), sum("part", of_else, halves("h", later)))};
        })[0];
    EXPECT_EQ(outline(blocks_of(Program("p", {u, v}, {{"y", sum("y", result, later)}}))),
              "main(v u -> branch_is_taken both branch_else_steps later) "
              "branch_then{branch_then(u -> a) halves{halves(a -> half)} branch_then.2(v both a -> then)} "
              "branch_else{h{h(later -> half)} branch_else(v both u later -> else)} main.2(v later -> y)");
    // Where a loop around a branch does not change it, it is computed before that loop.
    Array often = loop(3, {v}, [&](Expr, const Arrays &outer) {
        return branch(
            outer[0](0) > 0, outer, [&](const Arrays &s) { return Arrays{sum("then", s[0], both)}; },
            [&](const Arrays &s) { return Arrays{sum("else", s[0], halves("h", scaled("b", outer[0], 2.f)))}; });
    })[0];
    EXPECT_EQ(outline(blocks_of(Program("p", {u, v}, {{"y", often}}))),
              "main(u -> both) step{step(v -> branch_is_taken branch_else_steps) "
              "branch_then{branch_then(v both -> then)} "
              "branch_else{branch_else(v -> b) h{h(b -> half)} branch_else.2(v b -> else)}}");
}

TEST(Blocks, AValueReadBeforeAndAfterALoopIsKept) {
    Array u = input<float>("u", {8});
    Array a = scaled("a", u, 2.f);
    Array start = scaled("start", a, 2.f);
    Array r = loop(4, {start}, [&](Expr, const Arrays &s) { return Arrays{scaled("next", s[0], 0.5f)}; })[0];
    Func sum("sum");
    sum(x) = r(x) + a(x);
    EXPECT_EQ(outline(blocks_of(Program("p", {u}, {{"y", Array(sum, {8})}}))),
              "main(u -> start a) step{step(start -> next)} main.2(start a -> sum)");
}

// Values that kernels of different ranks read are kept in an order that addresses do not decide.
TEST(Blocks, AreTheSameWhereverTheArraysLie) {
    std::vector<std::unique_ptr<std::array<char, sizeof(ArrayNode)>>> gaps;
    std::set<std::string> outlines;
    for (int round = 0; round < 20; round++) {
        const Array u = input<float>("u", {8});
        // As large as a node and freed in another order each time, so that nodes lie here and there.
        for (int i = 0; i < 64; i++) {
            gaps.push_back(std::make_unique<std::array<char, sizeof(ArrayNode)>>());
        }
        for (size_t i = round; i < gaps.size(); i += 3) {
            gaps[i * 7 % gaps.size()].reset();
        }
        Arrays shared;
        for (int k = 0; k < 6; k++) {
            shared.push_back(scaled("shared" + std::to_string(k), u, static_cast<float>(k)));
        }
        Func begin("begin"), sum("sum");
        Expr all = 0.f;
        for (const Array &array : shared) {
            all += array(x);
        }
        begin(x) = all;
        const Array end =
            loop(4, {Array(begin, {8})}, [&](Expr, const Arrays &s) { return Arrays{scaled("next", s[0], 0.5f)}; })[0];
        sum(x) = end(x) + all;
        outlines.insert(outline(blocks_of(Program("p", {u}, {{"y", Array(sum, {8})}}))));
    }
    EXPECT_EQ(outlines.size(), 1u) << *outlines.begin() << "\n" << *outlines.rbegin();
}

TEST(Blocks, ScalarsOfAKernelIncludeTheStepAndTheSizes) {
    Param<int> n("n");
    Param<float> dt("dt");
    Array u = input<float>("u", {n});
    Array r = loop(4, {u}, [&](Expr t, const Arrays &s) {
        Func next("next");
        next(x) = s[0](x) + dt * Halide::cast<float>(t);
        return Arrays{Array(next, {n})};
    })[0];
    const Kernel kernel = kernels_of(Program("p", {n, dt, u}, {{"y", r}})).at(0);
    std::vector<std::string> names;
    for (const Halide::Parameter &scalar : kernel.scalars) {
        names.push_back(scalar.name().substr(0, 6));
    }
    EXPECT_THAT(names, testing::UnorderedElementsAre("n", "dt", "step_t"));
}

TEST(Blocks, AnInstantiatedKernelComputesWhatTheProgramSays) {
    Array u = input<float>("u", {8});
    Array v = scaled("v", u, 2.f);
    Func next("next");
    next(x) = zero_outside(v)(x - 1) + zero_outside(v)(x + 1);
    const Kernel kernel = kernels_of(Program("p", {u}, {{"y", Array(next, {8})}})).at(0);
    KernelPipeline pipeline = instantiate(kernel);
    Halide::Buffer<float> in(8);
    in.fill([](int i) { return float(i + 1); });
    pipeline.images[0].set(in);
    Halide::Buffer<float> out = pipeline.outputs[0].realize({8}, Halide::Target("x86-64-linux"));
    for (int i = 0; i < 8; i++) {
        EXPECT_EQ(out(i), (i > 0 ? 2 * in(i - 1) : 0) + (i < 7 ? 2 * in(i + 1) : 0));
    }
    EXPECT_EQ(pipeline.stages.back().name(), pipeline.outputs[0].name());
}

}  // namespace
