// What a caller sees of a running program, and how it ends one.

#include "targets/compile.h"
#include "targets/runtime/sylvite_runtime.h"
#include "tests/targets/programs.h"

#include <gtest/gtest.h>

#include <malloc.h>
#include <stdexcept>
#include <thread>

namespace sylvite {

namespace {

using Halide::Buffer;
using Halide::Var;

const Var x("x");

Array row(const char *name, const Expr &value) {
    Func f(name);
    f(x) = value;
    return Array(f, {4});
}

// Two steps of an outer loop, each with a loop of three steps and a while_loop.
Program nested() {
    const Array a = input<int>("a", {4});
    const Array end =
        loop(2, {a},
             [](const Expr &, const Arrays &outer) {
                 const Array counted =
                     loop(3, {outer[0]}, [](const Expr &, const Arrays &s) { return Arrays{row("more", s[0](x) + 1)}; },
                          {.name = "inner"})[0];
                 return while_loop([](const Arrays &s) { return s[0](0) % 4 != 0; }, {counted},
                                   [](const Expr &, const Arrays &s) { return Arrays{row("up", s[0](x) + 1)}; },
                                   {.name = "round"})
                     .state;
             },
             {.name = "outer"})[0];
    return Program("nested", {a}, {{"b", end}});
}

TEST(Observer, IsToldOfEachStep) {
    const Executable run = compile(nested(), find_target("x86-64"));
    Buffer<int> a(4), b(4);
    a.fill(0);
    std::string seen;
    run.run({{"a", a}, {"b", b}}, [&](const LoopStep &s) {
        seen += s.loop + " " + std::to_string(s.step) + "/" + std::to_string(s.steps) + ", ";
        return true;
    });
    EXPECT_EQ(b(0), 8);
    EXPECT_EQ(seen, "outer 0/2, inner 0/3, inner 1/3, inner 2/3, round 0/-1, "
                    "outer 1/2, inner 0/3, inner 1/3, inner 2/3, round 0/-1, ");
}

TEST(Observer, EndsAProgramThatRunsAgain) {
    const Program wave = test::wave("wave", 100, 80);
    const Executable run = compile(wave, find_target("x86-64"));
    Buffer<float> u0(100, 80), c(100, 80), u(100, 80), want(100, 80);
    u0.fill(1);
    c.fill(0.1f);
    run.run({{"u0", u0}, {"c", c}, {"steps", 20}, {"u", want}});
    const NamedArguments arguments{{"u0", u0}, {"c", c}, {"steps", 20}, {"u", u}};
    const auto stop = [](const LoopStep &s) { return s.step < 7; };
    const Status cancelled = run.try_run(arguments, stop);
    EXPECT_EQ(cancelled.code, sylvite_cancelled);
    EXPECT_EQ(cancelled.text, "wave: cancelled at step 7 of loop step");
    const auto used = mallinfo2().uordblks;
    for (int i = 0; i < 20; i++) {
        run.try_run(arguments, stop);
    }
    EXPECT_LT(mallinfo2().uordblks, used + 100 * 80 * sizeof(float));
    EXPECT_THROW(run.run(arguments, stop), Halide::RuntimeError);
    run.run(arguments);
    want.for_each_element([&](int i, int j) { ASSERT_EQ(u(i, j), want(i, j)); });
}

TEST(Observer, ReadsStates) {
    const Executable run = compile(test::wave("wave", 5, 4), find_target("x86-64"));
    Buffer<float> u0(5, 4), c(5, 4), u(5, 4), half(5, 4), seen, before;
    u0.for_each_element([&](int i, int j) { u0(i, j) = static_cast<float>(i * j); });
    c.fill(0.1f);
    run.run({{"u0", u0}, {"c", c}, {"steps", 3}, {"u", half}});
    run.run({{"u0", u0}, {"c", c}, {"steps", 6}, {"u", u}}, [&](const LoopStep &s) {
        EXPECT_EQ(s.states(), (std::vector<std::string>{"u0", "u0.2"}));
        if (s.step == 3 || s.step == 4) {
            (s.step == 3 ? seen : before) = Buffer<float>(s.state(s.step == 3 ? "u0" : "u0.2").copy());
        }
        return true;
    });
    half.for_each_element([&](int i, int j) { ASSERT_EQ(seen(i, j), half(i, j)); });
    half.for_each_element([&](int i, int j) { ASSERT_EQ(before(i, j), half(i, j)); });
    try {
        run.run({{"u0", u0}, {"c", c}, {"steps", 1}, {"u", u}}, [&](const LoopStep &s) {
            s.state("u1");
            return true;
        });
        FAIL() << "there is no such state";
    } catch (const Halide::RuntimeError &error) {
        EXPECT_STREQ(error.what(), "state() needs a state of loop step; it has no u1, and its states are u0, u0.2: did "
                                   "you mean u0?");
    }
}

TEST(Observer, MayThrow) {
    const Executable run = compile(nested(), find_target("x86-64"));
    Buffer<int> a(4), b(4);
    a.fill(0);
    const auto fails = [](const LoopStep &) -> bool { throw std::out_of_range("seen"); };
    EXPECT_THROW(run.run({{"a", a}, {"b", b}}, fails), std::out_of_range);
    EXPECT_TRUE(run.try_run({{"a", a}, {"b", b}}).ok());
}

TEST(Observer, BelongsToAThread) {
    const Executable run = compile(nested(), find_target("x86-64"));
    Buffer<int> a(4), b(4), c(4);
    a.fill(0);
    int steps = 0;
    run.run({{"a", a}, {"b", b}}, [&](const LoopStep &) {
        if (steps++ == 0) {
            std::thread([&] { run.run({{"a", a}, {"b", c}}); }).join();
        }
        return true;
    });
    EXPECT_EQ(steps, 10);
    EXPECT_EQ(c(0), 8);
}

}  // namespace

}  // namespace sylvite
