// Which buffers loops use: what may work in place, and that memory comes back.

#include "frontend/graph.h"
#include "targets/compile.h"
#include "targets/in_place.h"
#include "targets/rings.h"
#include "targets/runtime/sylvite_runtime.h"
#include "tests/targets/programs.h"

#include <gtest/gtest.h>

#include <malloc.h>

namespace sylvite {

namespace {

using Pairs = std::set<std::pair<int, int>>;
const Halide::Var x("x"), y("y"), xo("xo"), xi("xi");

Kernel only_kernel(const Program &program) {
    const std::vector<Kernel> kernels = kernels_of(program);
    EXPECT_EQ(kernels.size(), 1u);
    return kernels.front();
}

// A kernel over arrays a, b of n elements, made by `body`.
Pairs pairs_of(int n, const std::function<Func(const Array &a, const Array &b)> &body,
               const std::function<void(Func &)> &schedule = nullptr) {
    Array a = input<float>("a", {n}), b = input<float>("b", {n});
    Program program("p", {a, b}, {{"out", Array(body(a, b), {n})}});
    KernelPipeline pipeline = instantiate(only_kernel(program));
    if (schedule) {
        schedule(pipeline.outputs[0]);
    }
    Pairs pairs;
    for (const auto &[output, input] : in_place_pairs(pipeline)) {  // by name of the input: 0 is a, 1 is b
        pairs.insert({output, pipeline.images[input].name() == "a" ? 0 : 1});
    }
    return pairs;
}

Func one_of_each(const Array &a, const Array &b) {  // a at its neighbour, b at the point
    Func out("out");
    out(x) = a(clamp(x + 1, 0, 3)) + b(x);
    return out;
}

TEST(InPlace, OnlyWhatIsReadAtThePointItself) {
    EXPECT_EQ(pairs_of(4, one_of_each), (Pairs{{0, 1}}));
    EXPECT_EQ(pairs_of(4,
                       [](const Array &a, const Array &b) {
                           Func out("out");
                           out(x) = a(x) + b(3 - x);
                           return out;
                       }),
              (Pairs{{0, 0}}));
}

TEST(InPlace, ThroughInlinedFuncsAtThePoint) {
    const auto body = [](const Array &a, const Array &b) {
        Func double_a("double_a"), double_b("double_b"), out("out");
        double_a(x) = 2 * a(x);
        double_b(x) = 2 * b(x);
        out(x) = double_a(x) + double_b(clamp(x - 1, 0, 3));
        return out;
    };
    EXPECT_EQ(pairs_of(4, body), (Pairs{{0, 0}}));
}

TEST(InPlace, NotWhatUpdatesOrStoredStagesRead) {
    EXPECT_EQ(pairs_of(4,
                       [](const Array &a, const Array &b) {
                           Func out("out");
                           out(x) = b(x);
                           out(x) += a(x);
                           return out;
                       }),
              (Pairs{{0, 1}}));
    EXPECT_EQ(pairs_of(4,
                       [](const Array &a, const Array &b) {
                           Func stored("stored"), out("out");
                           stored(x) = a(x);
                           stored.compute_root();
                           out(x) = stored(x) + a(x) + b(x);
                           return out;
                       }),
              (Pairs{{0, 1}}));
}

TEST(InPlace, OnlyLoopsThatComputeEachPointOnce) {
    using Halide::TailStrategy;
    const Pairs yes{{0, 1}}, no;
    const auto split = [&](int n, TailStrategy tail) {
        return pairs_of(n, one_of_each, [&](Func &f) { f.split(x, xo, xi, 4, tail).vectorize(xi); });
    };
    EXPECT_EQ(split(13, TailStrategy::ShiftInwards), no);
    EXPECT_EQ(split(13, TailStrategy::Auto), no);
    EXPECT_EQ(split(13, TailStrategy::RoundUp), no);
    EXPECT_EQ(split(13, TailStrategy::GuardWithIf), yes);
    EXPECT_EQ(split(12, TailStrategy::ShiftInwards), yes);
    EXPECT_EQ(pairs_of(12, one_of_each, [](Func &f) { f.split(x, xo, xi, 4).split(xo, xo, y, 2); }), no);
    EXPECT_EQ(pairs_of(16, one_of_each, [](Func &f) { f.split(x, xo, xi, 4).split(xo, xo, y, 2).fuse(xo, y, xo); }),
              yes);
    EXPECT_EQ(pairs_of(16, one_of_each, [](Func &f) { f.specialize(f.output_buffer().width() > 3); }), no);
}

// Halide hands reads on to a wrapper only when it lowers a kernel, and that may compute more than is read at the point.
TEST(InPlace, NotThroughWrappers) {
    const auto body = [](const Array &, const Array &b) {
        Func same("same"), out("out");
        same(x) = b(x);
        out(x) = 2 * same(x);
        return out;
    };
    EXPECT_EQ(pairs_of(4, body), (Pairs{{0, 1}}));
    const auto wrap = [](Func &out) {
        for (const Halide::Internal::Function &stage : functions_of(std::vector<Func>{out})) {
            if (stage.name().starts_with("same")) {
                Func(stage).in(out);
            }
        }
    };
    EXPECT_EQ(pairs_of(4, body, wrap), Pairs());
}

std::vector<RingPlan> rings_of(const Program &program, bool may) {
    const Block block = blocks_of(program);
    for (const Step &step : block.steps) {
        if (const auto *loop = std::get_if<std::shared_ptr<const Loop>>(&step)) {
            return plan_rings(**loop, [&](const std::string &, int, int) { return may; });
        }
    }
    return {};
}

// What rfactor makes reads the array as well.
TEST(InPlace, NotWhatAStageOfTheScheduleReads) {
    const Array a = input<float>("a", {64});
    Func twice("twice"), total("total");
    twice(x) = 2 * a(x);
    const Halide::RDom r(0, 64, "r");
    total() += a(r);
    const Program program("p", {a}, {{"twice", Array(twice, {64})}, {"total", Array(total, {})}});
    for (const bool split : {false, true}) {
        KernelPipeline pipeline = instantiate(only_kernel(program));
        Func sum = pipeline.outputs[1];
        if (split) {
            Halide::RVar ro("ro"), ri("ri");
            const Halide::Var lane("lane");
            sum.update().split(r, ro, ri, 8).rfactor(ri, lane).compute_root();
        }
        EXPECT_EQ(in_place_pairs(pipeline), Pairs{}) << split;
    }
}

TEST(Rings, TheWaveNeedsThreeBuffersOrTwoInPlace) {
    const Program wave = test::wave("wave", 8, 8);
    ASSERT_EQ(rings_of(wave, false).size(), 1u);
    EXPECT_EQ(rings_of(wave, false)[0].size, 3);
    EXPECT_EQ(rings_of(wave, true)[0].size, 2);
    EXPECT_TRUE(rings_of(wave, true)[0].in_place);
}

TEST(Rings, NotInPlaceWhereAnotherKernelReadsTheState) {
    // With `reads`, an inner loop reads the state that the outer kernel would overwrite.
    const auto program = [](bool reads) {
        Array a = input<float>("a", {4});
        const auto f = [](const char *name, const Expr &value) {
            Func func(name);
            func(x) = value;
            return Array(func, {4});
        };
        const Arrays r = loop(3, {a, a}, [&](Expr, const Arrays &s) {
            const Array next = f("next", s[0](x) + 1.f);
            const Array inner = loop(2, {s[1]}, [&](Expr, const Arrays &i) {
                return Arrays{f("inner", i[0](x) * (reads ? s[0](x) : a(x)))};
            })[0];
            return Arrays{next, inner};
        });
        return Program("p", {a}, {{"b", r[0]}, {"c", r[1]}});
    };
    EXPECT_TRUE(rings_of(program(false), true)[0].in_place);
    EXPECT_FALSE(rings_of(program(true), true)[0].in_place);
}

// Bytes that the process has from the allocator.
size_t bytes_in_use() {
    const auto info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

TEST(Memory, ComesBackAlsoAfterErrors) {
    constexpr int n = 1 << 16;
    Array a = input<float>("a", {n}), k = input<float>("k", {n}), index = input<int>("index", {1});
    const Array r = loop(4, {a}, [&](Expr t, const Arrays &s) {
        Func next("next");
        next(x) = s[0](x) + k(index(0) * t);  // fails in step 1 when the index is bad
        return Arrays{Array(next, {n})};
    })[0];
    const Executable run = compile(Program("leaky", {a, k, index}, {{"b", r}}), find_target("x86-64"));
    Halide::Buffer<float> in(n), out(n);
    Halide::Buffer<int> at(1);
    in.fill(1.f);
    for (int bad : {0, 1}) {
        at(0) = bad ? n : 0;
        run.try_run({{"a", in}, {"k", in}, {"index", at}, {"b", out}});
        const size_t before = bytes_in_use();
        for (int i = 0; i < 100; i++) {
            const Status status = run.try_run({{"a", in}, {"k", in}, {"index", at}, {"b", out}});
            ASSERT_EQ(status.ok(), !bad) << status.text;
        }
        EXPECT_LT(bytes_in_use(), before + n * sizeof(float));
    }
    EXPECT_EQ(
        run.try_run({{"a", in}, {"k", in}, {"index", at}, {"b", out}}).text,
        "leaky: kernel step: Input buffer k is accessed at 65536, which is beyond the max (65535) in dimension 0");
}

TEST(Memory, MoreThanThereIsIsAnError) {
    Halide::Param<int> n("n");
    Array a = input<float>("a", {1});
    const auto column = [&](const Expr &value) {
        Func f("f");
        f(x, y) = value;
        return Array(f, {1 << 30, n});
    };
    const Array big =
        loop(1, {loop(1, {column(a(0))}, [&](Expr, const Arrays &s) { return Arrays{column(s[0](x, y) + 1.f)}; })[0]},
             [&](Expr, const Arrays &s) { return Arrays{column(s[0](x, y))}; })[0];
    Func one("one");
    one(x) = big(0, 0);
    const Executable run = compile(Program("huge", {n, a}, {{"b", Array(one, {1})}}), find_target("x86-64"));
    Halide::Buffer<float> in(1), out(1);
    const Status status = run.try_run({{"n", 1 << 30}, {"a", in}, {"b", out}});
    EXPECT_EQ(status.code, sylvite_out_of_memory);
    EXPECT_NE(status.text.find("huge: no memory for "), std::string::npos) << status.text;
}

}  // namespace

}  // namespace sylvite
