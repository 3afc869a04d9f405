// What the autoscheduler takes the sizes of stages for.

#include "autoscheduler/analysis.h"

#include <gmock/gmock.h>

#include <algorithm>

namespace sylvite {

namespace {

using Halide::RDom;
using Halide::Var;
using testing::ElementsAre;

std::map<std::string, StageInfo> stages_of(const Program &program, const AutoscheduleOptions &options) {
    const Kernel kernel = kernels_of(program)[0];
    const KernelPipeline pipeline = instantiate(kernel);
    std::map<std::string, StageInfo> stages;
    for (const StageInfo &stage : analyse(kernel, pipeline, Estimates(options))) {
        stages.emplace(stage.name, stage);
    }
    return stages;
}

// A copy of a domain in a derivative has the name of its original; a size taken for a constant would be rounded up to
// vectors without a test, and inputs be read beyond their ends.
TEST(Analysis, DomainsOfOneNameHaveTheirOwnRanges) {
    const Halide::Param<int> n("n");
    const Array a = input<float>("a", {100}), b = input<float>("b", {n});
    Func few("few"), many("many"), small("small"), large("large");
    const Var x("x"), c("c");
    few(x) = a(x) * 2;
    many(x) = b(x) * 2;
    small() += few(RDom(0, 10, "r"));
    large(c) += many(RDom(0, n, "r")) * Halide::cast<float>(c);
    const auto stages =
        stages_of(Program("sums", {a, b, n}, {{"small", Array(small, {})}, {"large", Array(large, {3})}}),
                  {.sizes = {{"n", 64}}});
    EXPECT_THAT(stages.at("few").extents, ElementsAre(10));
    EXPECT_THAT(stages.at("few").constant, ElementsAre(true));
    EXPECT_THAT(stages.at("many").extents, ElementsAre(64));
    EXPECT_THAT(stages.at("many").constant, ElementsAre(false));
    EXPECT_THAT(stages.at("large").extents, ElementsAre(3));
}

// The pure stage covers what updates write, also beyond what is read.
TEST(Analysis, AnUpdateMayWriteBeyondWhatIsRead) {
    const Array a = input<int>("a", {100});
    Func counted("counted"), first("first");
    const Var x("x");
    const RDom r(0, 100, "r");
    counted(x) = 0;
    counted(Halide::clamp(a(r), 0, 15)) += 1;
    first(x) = counted(x);
    const auto stages = stages_of(Program("histogram", {a}, {{"first", Array(first, {4})}}), {});
    EXPECT_THAT(stages.at("counted").extents, ElementsAre(16));
}

// What an update reads of its own Func was left there by those before it, the pure stage at last.
TEST(Analysis, AnUpdateMayReadBeyondWhatIsRead) {
    const Array a = input<float>("a", {100});
    Func shifted("shifted"), first("first");
    const Var x("x");
    const RDom r(0, 4, "r");
    shifted(x) = a(x);
    shifted(r + 8) += shifted(r + 12);
    shifted(r) += shifted(r + 6);
    first(x) = shifted(x);
    const auto stages = stages_of(Program("shifts", {a}, {{"first", Array(first, {4})}}), {});
    EXPECT_THAT(stages.at("shifted").extents, ElementsAre(16));
}

// Written out, the ends of a stage's box are several times as long as those of the stage that reads it. They are not written
// out, which would take hours here: they are what they are expected to be, and no constants.
TEST(Analysis, BoundsOfBoundsDoNotGrowWithEachStage) {
    constexpr int depth = 20;
    const Halide::Param<int> n("n"), m("m");
    const Array a = input<float>("a", {n});
    const Var x("x");
    std::vector<Func> chain;
    for (int i = 0; i <= depth; i++) {
        chain.emplace_back("chain" + std::to_string(i));
        chain[i](x) = i == 0 ? a(x) : chain[i - 1](x + n) + chain[i - 1](m - x) + chain[i - 1](n * x);
    }
    int64_t first = 0, last = 3;  // of the stage at hand, for n = 1 and m = 7
    for (int i = depth; i > 0; i--) {
        const int64_t beyond = std::max(last + 1, 7 - first);
        first = std::min(first, 7 - last);
        last = beyond;
    }
    const auto stages =
        stages_of(Program("reads", {a, n, m}, {{"end", Array(chain[depth], {4})}}), {.sizes = {{"n", 1}, {"m", 7}}});
    EXPECT_THAT(stages.at("chain0").extents, ElementsAre(last - first + 1));
    EXPECT_THAT(stages.at("chain0").constant, ElementsAre(false));
}

// The visitor that counts knew Exprs by address: those that lie where earlier ones were freed were free.
TEST(Analysis, EachValueCostsWhatItCostsAlone) {
    using Halide::Internal::Let;
    using Halide::Internal::Variable;
    const Halide::Type f32 = Halide::Float(32);
    std::vector<Expr> values;
    double alone = 0;
    for (int i = 0; i < 50; i++) {
        // Squares of squares, and every one is shared.
        const int depth = 2 + i % 5;
        Expr value = Variable::make(f32, "p" + std::to_string(depth));
        for (int d = depth; d > 0; d--) {
            const Expr before = Variable::make(f32, "p" + std::to_string(d - 1));
            value = Let::make("p" + std::to_string(d), before * before + static_cast<float>(i), value);
        }
        values.push_back(value);
        alone += cost_of({value}).operations;
    }
    EXPECT_EQ(cost_of(values).operations, alone);
}

TEST(Analysis, WhatIsSubtractedIsASum) {
    const Array a = input<float>("a", {100});
    const RDom r(0, 100, "r");
    Func rest("rest"), turned("turned"), pairs("pairs"), second("second");
    rest() -= a(r) * 2;
    turned() = 1.f;
    turned() = a(r) - turned();
    pairs() = Halide::Tuple(0.f, 0.f);
    pairs() = Halide::Tuple(pairs()[0] + a(r), pairs()[1] - pairs()[0]);
    second() = pairs()[1];
    const auto stages =
        stages_of(Program("differences", {a},
                          {{"rest", Array(rest, {})}, {"turned", Array(turned, {})}, {"second", Array(second, {})}}),
                  {});
    EXPECT_TRUE(stages.at("rest").definitions[1].adds_up_vectors);
    EXPECT_FALSE(stages.at("turned").definitions[1].associative);
    EXPECT_FALSE(stages.at("pairs").definitions[1].associative);
}

}  // namespace

}  // namespace sylvite
