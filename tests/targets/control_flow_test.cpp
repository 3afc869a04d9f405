// while_loop, branch, scan, call and loops whose length depends on data, on every target, against plain code.

#include "tests/support/run_on_targets.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace sylvite {

namespace {

using Halide::Buffer;
using Halide::cast;
using Halide::Param;
using Halide::Var;

const Var x("x");
constexpr int n = 4, steps = 5;

Array single(const char *name, const Expr &value) {
    Func f(name);
    f() = value;
    return Array(f, {});
}

Array row(const char *name, const Expr &value) {
    Func f(name);
    f(x) = value;
    return Array(f, {n});
}

LoopOptions named(const char *name) {
    LoopOptions options;
    options.name = name;
    return options;
}

// The way of a number down to 1: halved if it is even, else tripled and one more; the largest number on the way.
// A branch in a while_loop in a scan, the outputs of which are the lengths of the ways of the inputs.
Program collatz() {
    const Array starts = input<int>("starts", {steps});
    const Array none = single("none", 0);
    const Scanned ways = scan(steps, {none}, {starts}, [](const Expr &, const Arrays &state, const Arrays &start) {
        const WhileResult way = while_loop(
            [](const Arrays &s) { return s[0]() != 1; }, {start[0], state[0]},
            [](const Expr &, const Arrays &s) {
                const Arrays next = branch(
                    s[0]() % 2 == 0, {s[0]}, [](const Arrays &v) { return Arrays{single("half", v[0]() / 2)}; },
                    [](const Arrays &v) { return Arrays{single("more", 3 * v[0]() + 1)}; });
                return Arrays{next[0], single("largest", Halide::max(s[1](), next[0]()))};
            },
            named("way"));
        return Scanned{{way.state[1]}, {way.steps}};
    });
    return Program("collatz", {starts}, {{"largest", ways.state[0]}, {"lengths", ways.outputs[0]}});
}

NamedArguments collatz_arguments(test::Results &want) {
    Buffer<int> starts(steps), lengths(steps), largest = Buffer<int>::make_scalar();
    const int numbers[steps] = {1, 2, 27, 7, 97};
    largest() = 0;
    for (int i = 0; i < steps; i++) {
        starts(i) = numbers[i];
        lengths(i) = 0;
        for (int v = numbers[i]; v != 1; lengths(i)++) {
            v = v % 2 == 0 ? v / 2 : 3 * v + 1;
            largest() = std::max(largest(), v);
        }
    }
    want = {{"largest", largest}, {"lengths", lengths}};
    return {{"starts", starts}, {"largest", largest}, {"lengths", lengths}};
}

// What a loop of a(0) steps does, done twice by a program that is called; and how a scan of `count` steps goes.
Program mixed() {
    const Array a = input<int>("a", {n}), u = input<int>("u", {n});
    const Param<int> count("count"), k("k");
    const Array grown =
        loop(u(0), {u}, [&](const Expr &t, const Arrays &s) { return Arrays{row("grown", s[0](x) + k * t)}; })[0];
    const Program grow("grow", {u, k}, {{"grown", grown}});
    const Array once = call(grow, {a, Expr(2)})[0], twice = call(grow, {once, k})[0];
    LoopOptions options = named("running");
    options.capacity = steps;
    const Scanned sums = scan(
        count, {twice}, {},
        [&](const Expr &t, const Arrays &s, const Arrays &) {
            const Array next = row("next", s[0](x) + s[0](n - 1 - x) + t);
            return Scanned{{next}, {next, s[0]}};
        },
        options);
    return Program("mixed", {a, k, count},
                   {{"twice", twice}, {"last", sums.state[0]}, {"ends", sums.outputs[0]}, {"starts", sums.outputs[1]}});
}

NamedArguments mixed_arguments(test::Results &want, int first, int count) {
    Buffer<int> a(n), twice(n), last(n), ends(n, steps), starts(n, steps);
    for (int i = 0; i < n; i++) {
        twice(i) = a(i) = first + 3 * i;
    }
    for (const int k : {2, 5}) {
        for (int t = 0, trips = twice(0); t < trips; t++) {
            for (int i = 0; i < n; i++) {
                twice(i) += k * t;
            }
        }
    }
    last.copy_from(twice);
    ends.fill(0);
    starts.fill(0);
    for (int t = 0; t < count; t++) {
        const Buffer<int> before = last.copy();
        for (int i = 0; i < n; i++) {
            starts(i, t) = before(i);
            ends(i, t) = last(i) = before(i) + before(n - 1 - i) + t;
        }
    }
    want = {{"twice", twice}, {"last", last}, {"ends", ends}, {"starts", starts}};
    return {{"a", a}, {"k", 5}, {"count", count}, {"twice", twice}, {"last", last}, {"ends", ends}, {"starts", starts}};
}

class ControlFlowOn : public testing::TestWithParam<TargetRow> {};

TEST_P(ControlFlowOn, BranchInWhileInScan) {
    test::Results want;
    const NamedArguments arguments = collatz_arguments(want);
    const char *schedule = GetParam().is_gpu() ? "sylvite-schedule 1\n"
                                                 "kernel way.2\n"
                                                 "  stage going\n"
                                                 "    gpu_single_thread\n"
                                                 "kernel branch_then\n"
                                                 "  stage half\n"
                                                 "    gpu_single_thread\n"
                                               : "sylvite-schedule 1\n";
    test::check_on_target(GetParam(), collatz(), parse_schedule(schedule), arguments, want);
}

TEST_P(ControlFlowOn, LengthsFromDataAndCalls) {
    test::Results want;
    const NamedArguments arguments = mixed_arguments(want, 3, 4);
    const char *schedule = GetParam().is_gpu() ? "sylvite-schedule 1\n"
                                                 "kernel running\n"
                                                 "  stage next\n"
                                                 "    gpu_tile x bx tx 4\n"
                                               : "sylvite-schedule 1\n";
    test::check_on_target(GetParam(), mixed(), parse_schedule(schedule), arguments, want);
}

INSTANTIATE_TEST_SUITE_P(Targets, ControlFlowOn, testing::ValuesIn(all_targets()), [](const auto &info) {
    std::string name = info.param.name;
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
});

TEST(ControlFlow, AnyNumberOfSteps) {
    const Executable run = compile(mixed(), find_target("x86-64"));
    for (const int first : {-2, 0, 1, 4}) {
        for (const int count : {-1, 0, 1, steps}) {
            test::Results want;
            const NamedArguments arguments = mixed_arguments(want, first, count);
            const auto [fresh, got] = test::with_fresh_outputs(mixed(), arguments);
            run(fresh);
            for (const auto &[name, values] : want) {
                const Buffer<int> expected = values, found = got.at(name);
                expected.for_each_element([&](const int *at) {
                    ASSERT_EQ(found(at), expected(at)) << name << ", " << first << ", " << count;
                });
            }
        }
    }
    test::Results want;
    EXPECT_EQ(run.try_run(mixed_arguments(want, 1, steps + 1)).text,
              "mixed: loop running makes 6 steps but declares a capacity of 5");
}

// 5, 4 and 3 steps: the next value must not take the state's place before the inner loop has read it.
TEST(ControlFlow, AStateThatIsALength) {
    const Array many = input<int>("many", {}), none = input<int>("none", {});
    const Arrays end = loop(
        3, {many, none},
        [](const Expr &, const Arrays &s) {
            const Array inner = loop(
                s[0](), {s[1]}, [](const Expr &, const Arrays &c) { return Arrays{single("more", c[0]() + 1)}; })[0];
            return Arrays{single("less", s[0]() - 1), inner};
        },
        named("outer"));
    Buffer<int> five = Buffer<int>::make_scalar(), zero = Buffer<int>::make_scalar(), sum = Buffer<int>::make_scalar();
    five() = 5;
    zero() = 0;
    compile(Program("lengths", {many, none}, {{"sum", end[1]}}), find_target("x86-64"))
        .run({{"many", five}, {"none", zero}, {"sum", sum}});
    EXPECT_EQ(sum(), 12);
}

TEST(ControlFlow, ANegativeCapacityIsNone) {
    const Array a = input<int>("a", {1000});
    const Param<int> capacity("capacity"), count("count");
    LoopOptions options = named("kept");
    options.capacity = capacity;
    const auto increased = [](const Expr &, const Arrays &s) {
        Func f("more");
        f(x) = s[0](x) + 1;
        return Arrays{Array(f, {1000})};
    };
    const Array end = loop(count, {a}, LoopBody(increased), options)[0];
    Func kept("kept");
    const Halide::RDom r(0, count);
    kept() += history(end)(0, r);
    const Executable run = compile(Program("negative", {a, capacity, count}, {{"b", end}, {"sum", Array(kept, {})}}),
                                   find_target("x86-64"));
    Buffer<int> start(1000), b(1000), sum = Buffer<int>::make_scalar();
    start.fill(1);
    const auto status = [&](int c, int n) {
        return run.try_run({{"a", start}, {"capacity", c}, {"count", n}, {"b", b}, {"sum", sum}}).text;
    };
    EXPECT_EQ(status(-1, 0), "");
    EXPECT_EQ(status(3, 3), "");
    EXPECT_EQ(sum(), 6);
    EXPECT_EQ(status(-5, 2), "negative: loop kept makes 2 steps but declares a capacity of 0");
}

TEST(ControlFlow, ACallWithALengthFromAnArray) {
    const Param<int> count("count");
    const Array a = input<int>("a", {n}), m = input<int>("m", {});
    const Array more =
        loop(count, {a}, [](const Expr &t, const Arrays &s) { return Arrays{row("more", s[0](x) + t)}; })[0];
    const Program add("add", {a, count}, {{"more", more}});
    const Program program("called", {a, m}, {{"b", call(add, {a, m()})[0]}});
    Buffer<int> start(n), b(n), steps = Buffer<int>::make_scalar();
    start.fill(1);
    steps() = 4;
    compile(program, find_target("x86-64")).run({{"a", start}, {"m", steps}, {"b", b}});
    EXPECT_EQ(b(n - 1), 1 + 0 + 1 + 2 + 3);

    Func ones("ones");
    ones(x) = 1;
    const Program sized("sized", {count}, {{"ones", Array(ones, {count})}});
    try {
        call(sized, {m()});
        FAIL();
    } catch (const Halide::CompileError &error) {
        EXPECT_NE(
            std::string(error.what()).find("extents that are known before the program runs; ones has one that reads"),
            std::string::npos)
            << error.what();
    }
}

TEST(ControlFlow, AScanNeedsAnElementForEachStep) {
    const Array a = input<int>("a", {n}), xs = input<int>("xs", {n, 3});
    EXPECT_THROW(scan(4, {a}, {xs},
                      [](const Expr &, const Arrays &s, const Arrays &) {
                          return Scanned{s, {}};
                      }),
                 Halide::CompileError);
}

TEST(ControlFlow, AWhileLoopLongerThanItsHistoryIsRefused) {
    const Array a = input<int>("a", {});
    LoopOptions options = named("way");
    options.capacity = 3;
    const Array end =
        while_loop([](const Arrays &s) { return s[0]() > 0; }, {a},
                   [](const Expr &, const Arrays &s) { return Arrays{single("less", s[0]() - 1)}; }, options)
            .state[0];
    Func first("first");
    first() = history(end)(0);
    const Executable run = compile(Program("count_down", {a}, {{"b", Array(first, {})}}), find_target("x86-64"));
    Buffer<int> start = Buffer<int>::make_scalar(), b = Buffer<int>::make_scalar();
    start() = 3;
    EXPECT_TRUE(run.try_run({{"a", start}, {"b", b}}).ok());
    EXPECT_EQ(b(), 3);
    start() = 4;
    EXPECT_EQ(run.try_run({{"a", start}, {"b", b}}).text,
              "count_down: loop way makes 4 steps but declares a capacity of 3");
}

// Halide tells memory from a scalar by name alone; the Funcs of loops are none that the user has named.
TEST(ControlFlow, AScalarMayHaveTheNameOfAFunc) {
    for (const char *name : {"steps", "going", "way", "less", "table", "b"}) {
        const Param<int> scalar(name);
        const Array a = input<int>("a", {});
        Func table("table"), result("b");
        table(x) = scalar * x;
        table(x) += 1;  // kept in memory, and so not read in place
        const WhileResult end = while_loop(
            [&](const Arrays &s) { return s[0]() > scalar; }, {a},
            [&](const Expr &, const Arrays &s) { return Arrays{single("less", s[0]() - scalar)}; }, named("way"));
        result(x) = table(n - 1 - x) + 100 * end.state[0]() + 1000 * end.steps();
        const Program program("clash", {a, scalar}, {{"c", Array(result, {n})}, {"result_steps", end.steps}});
        Buffer<int> start = Buffer<int>::make_scalar(), c(n), steps_made = Buffer<int>::make_scalar();
        start() = 11;
        compile(program, find_target("x86-64")).run({{"a", start}, {name, 3}, {"c", c}, {"result_steps", steps_made}});
        EXPECT_EQ(c(0), 3 * (n - 1) + 1 + 100 * 2 + 1000 * 3) << name;
        EXPECT_EQ(steps_made(), 3) << name;
    }
}

}  // namespace

}  // namespace sylvite
