// Kernels that are C functions, those of tests/support/extern_kernels.c: in all control flow, in this process and in
// static libraries, on every target.

#include "frontend/dot.h"
#include "frontend/extern_kernel.h"
#include "frontend/print.h"
#include "tests/support/run_on_targets.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <malloc.h>

extern "C" int test_calls;

namespace sylvite {

namespace {

using Halide::Buffer;
using Halide::Param;
using Halide::Var;

const Var x("x");
constexpr int n = 4, steps = 3;
const TargetRow &baseline() { return find_target("x86-64"); }

Array row(const char *name, const Expr &value) {
    Func f(name);
    f(x) = value;
    return Array(f, {n});
}

Array mirror(const Array &u, const Array &k, const Expr &s) {
    return extern_kernel<double>("test_mirror", {u, k, s}, {n});
}

// What test_mirror does, in C++.
using Row = std::vector<double>;
Row mirrored(const Row &u, const Row &k, double s) {
    Row out(n);
    for (int i = 0; i < n; i++) {
        out[i] = s * u[i] + k[n - 1 - i];
    }
    return out;
}
Row times(const Row &u, double by) {
    Row out = u;
    std::transform(u.begin(), u.end(), out.begin(), [&](double value) { return by * value; });
    return out;
}

// In a loop after a kernel and before another, with what the kernel made, a captured array, and as a scalar one that a
// step of the loop, a parameter and an element of the state decide on; then with its own result for both.
Program looped() {
    const Array u = input<double>("u", {n}), k = input<double>("k", {n});
    const Param<double> s("s");
    const Param<int> count("count");
    const Array end = loop(count, {u},
                           [&](const Expr &t, const Arrays &now) {
                               const Array half = row("half", now[0](x) / 2);
                               const Array once = mirror(half, k, s + Halide::cast<double>(t) + now[0](1));
                               const Array twice = mirror(once, once, s);
                               return Arrays{row("next", twice(x) + half(x))};
                           },
                           {.name = "turn"})[0];
    return Program("looped", {u, k, s, count}, {{"end", end}});
}

NamedArguments looped_arguments(int count, test::Results &want) {
    Row u{0.25, -0.5, 0.75, 0.125}, k{0.1, 0.2, 0.3, 0.4};
    const double s = 0.5;
    Buffer<double> start(n), more(n), end(n);
    std::copy(u.begin(), u.end(), start.begin());
    std::copy(k.begin(), k.end(), more.begin());
    for (int t = 0; t < count; t++) {
        const Row half = times(u, 0.5), once = mirrored(half, k, s + t + u[1]);
        u = mirrored(once, once, s);
        for (int i = 0; i < n; i++) {
            u[i] += half[i];
        }
    }
    std::copy(u.begin(), u.end(), end.begin());
    want = {{"end", end}};
    return {{"u", start}, {"k", more}, {"s", s}, {"count", count}, {"end", end}};
}

class ExternKernelOn : public testing::TestWithParam<TargetRow> {};

TEST_P(ExternKernelOn, BetweenKernelsInALoop) {
    if (GetParam().verified == Verified::ptxas) {
        GTEST_SKIP() << "[SKIP] " << GetParam().name << ": nothing runs";
    }
    test::Results want;
    const NamedArguments arguments = looped_arguments(steps, want);
    const char *schedule = GetParam().is_gpu() ? "sylvite-schedule 1\n"
                                                 "kernel turn\n"
                                                 "  stage half\n"
                                                 "    gpu_tile x bx tx 4\n"
                                                 "kernel turn.2\n"
                                                 "  stage next\n"
                                                 "    gpu_tile x bx tx 4\n"
                                               : "sylvite-schedule 1\n";
    test::check_on_target(GetParam(), looped(), parse_schedule(schedule), arguments, want, 1e-14);
}

INSTANTIATE_TEST_SUITE_P(Targets, ExternKernelOn, testing::ValuesIn(all_targets()), [](const auto &info) {
    std::string name = info.param.name;
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
});

TEST(ExternKernel, AnyNumberOfStepsAndInALibrary) {
    const Executable run = compile(looped(), baseline());
    for (const int count : {0, 1, steps}) {
        test::Results want;
        const NamedArguments arguments = looped_arguments(count, want);
        const auto [fresh, got] = test::with_fresh_outputs(looped(), arguments);
        run(fresh);
        test::expect_same(got, want, 1e-15);
        test::expect_same(test::run_library(looped(), baseline(), {}, arguments, "cc", ""), got, 0);
    }
}

// Every other number by C, in arms of a branch, then by C again in a while_loop, all in a scan; what C makes of the input
// alone does not change in it.
Program nested() {
    const Array starts = input<int>("starts", {steps}), u = input<int>("u", {n});
    const auto added = [](const Array &to, const Expr &more) {
        return extern_kernel<int>("test_add", {to, more}, {n});
    };
    added(u, 1);  // nobody reads it
    const Scanned all = scan(steps, {u}, {starts}, [&](const Expr &t, const Arrays &state, const Arrays &start) {
        const Array base = added(u, 100);
        const Arrays chosen = branch(
            t % 2 == 0, {state[0]}, [&](const Arrays &s) { return Arrays{added(s[0], start[0]())}; },
            [](const Arrays &s) {
                Func f("doubled");
                f(x) = 2 * s[0](x);
                return Arrays{Array(f, {n})};
            });
        const WhileResult risen =
            while_loop([](const Arrays &s) { return s[0](0) < 7; }, chosen,
                       [&](const Expr &, const Arrays &s) { return Arrays{added(s[0], 3)}; }, {.name = "rise"});
        Func seen("seen");
        seen(x) = base(x) + risen.state[0](x);
        return Scanned{risen.state, {Array(seen, {n})}};
    });
    return Program("nested", {starts, u}, {{"last", all.state[0]}, {"seen", all.outputs[0]}});
}

TEST(ExternKernel, InScansBranchesAndWhileLoops) {
    Buffer<int> starts(steps), u(n), last(n), seen(n, steps);
    const int numbers[steps] = {2, 50, -20};
    int now[n], calls = 1;
    for (int i = 0; i < n; i++) {
        u(i) = now[i] = i + 1;
    }
    Buffer<int> want(n, steps);
    for (int t = 0; t < steps; t++) {
        starts(t) = numbers[t];
        int *const end = now + n;
        std::transform(now, end, now, [&](int v) { return t % 2 == 0 ? v + numbers[t] : 2 * v; });
        calls += t % 2 == 0;
        for (; now[0] < 7; calls++) {
            std::transform(now, end, now, [](int v) { return v + 3; });
        }
        for (int i = 0; i < n; i++) {
            want(i, t) = now[i] + u(i) + 100;
        }
    }
    const NamedArguments arguments{{"starts", starts}, {"u", u}, {"last", last}, {"seen", seen}};
    test_calls = 0;
    compile(nested(), baseline()).run(arguments);
    EXPECT_EQ(test_calls, calls);
    EXPECT_EQ(last(0), now[0]);
    test::expect_same({{"seen", seen}}, {{"seen", want}}, 0);
    test::expect_same(test::run_library(nested(), baseline(), {}, arguments, "cc", ""), {{"seen", want}}, 0);
}

// What an arm makes of arrays that it is not given as states, by C, in a while_loop too.
TEST(ExternKernel, InAnArmThatIsNotTaken) {
    const Array u = input<int>("u", {n});
    const Param<int> way("way");
    const auto risen_from = [](const Array &start) {
        return while_loop([](const Arrays &s) { return s[0](0) < 100; }, {start},
                          [](const Expr &, const Arrays &s) {
                              return Arrays{extern_kernel<int>("test_add", {s[0], Expr(30)}, {n})};
                          })
            .state[0];
    };
    const Arrays chosen = branch(
        way > 0, {u},
        [&](const Arrays &s) {
            const Array more = risen_from(extern_kernel<int>("test_add", {u, Expr(1)}, {n}));
            return Arrays{row("then", s[0](x) + more(x))};
        },
        [&](const Arrays &s) { return Arrays{row("else", s[0](x) - 1)}; });
    const Executable run = compile(Program("arms", {u, way}, {{"out", chosen[0]}}), baseline());
    Buffer<int> start(n), out(n);
    start.fill(7);
    for (const bool taken : {true, false}) {
        test_calls = 0;
        run.run({{"u", start}, {"way", taken ? 1 : 0}, {"out", out}});
        EXPECT_EQ(test_calls, taken ? 5 : 0);
        EXPECT_EQ(out(2), taken ? 7 + 8 + 4 * 30 : 6);
    }
}

TEST(ExternKernel, ItsCodeEndsTheProgram) {
    const Executable run = compile(looped(), baseline());
    test::Results want;
    const NamedArguments right = looped_arguments(steps, want);
    NamedArguments wrong = right;
    for (NamedArgument &argument : wrong) {
        argument = argument.name == "s" ? NamedArgument("s", -9) : argument;
    }
    size_t used = 0;
    for (int i = 0; i < 60; i++) {
        const Status status = run.try_run(wrong);
        EXPECT_EQ(status.code, 7);
        EXPECT_EQ(status.text,
                  "looped: kernel test_mirror: Call to external stage test_mirror returned non-zero value: 7");
        used = i < 30 ? mallinfo2().uordblks : used;
    }
    EXPECT_LE(mallinfo2().uordblks, used);
    const auto [fresh, got] = test::with_fresh_outputs(looped(), right);
    run(fresh);
    test::expect_same(got, want, 1e-15);
}

TEST(ExternKernel, IsShownByName) {
    const std::string text = print(looped()), graph = to_dot(looped());
    EXPECT_NE(text.find("kernel test_mirror: u.2, half, k, s, turn_t -> test_mirror\n"), std::string::npos) << text;
    EXPECT_NE(text.find("test_mirror(i0) = extern test_mirror(half, k, s + float64(turn_t) + u.2[1])\n"),
              std::string::npos)
        << text;
    EXPECT_NE(graph.find("\"kernel turn\" -> \"kernel test_mirror\" [label=\"half\"]"), std::string::npos) << graph;
    Profile profile;
    test::Results want;
    compile(looped(), baseline()).run(looped_arguments(steps, want), Watch{.profile = &profile});
    std::vector<std::string> names;
    for (const Profile::Kernel &kernel : profile.kernels()) {
        names.push_back(kernel.name);
        EXPECT_EQ(kernel.calls, steps);
    }
    std::sort(names.begin(), names.end());
    EXPECT_EQ(names, (std::vector<std::string>{"test_mirror", "test_mirror.2", "turn", "turn.2"}));
}

template<typename Act>
std::string error_of(const Act &act) {
    try {
        act();
    } catch (const Halide::CompileError &error) {
        const std::string text = error.what();
        return text.substr(7, text.find_last_not_of("\n ") - 6);
    }
    return "";
}

TEST(ExternKernel, WhatCannotBeCalledIsRefused) {
    const Array u = input<double>("u", {n});
    EXPECT_EQ(error_of([&] { extern_kernel<double>("a b", {u}, {n}); }),
              "extern_kernel() needs the name of a C function; it was given \"a b\".");
    EXPECT_EQ(error_of([&] {
                  extern_kernel<double>("f", {u, Expr()}, {n});
              }),
              "extern_kernel() needs defined arguments; argument 1 of f is not.");
    EXPECT_EQ(error_of([&] { extern_kernel<double>("f", {Array()}, {n}); }),
              "extern_kernel() needs defined arguments; argument 0 of f is not.");
    EXPECT_EQ(
        error_of([&] {
            extern_kernel<double>("f", {u, Halide::cast<int16_t>(3)}, {n});
        }),
        "extern_kernel() needs numbers that C passes as they are, int32 to float64; argument 1 of f is int16: cast "
        "it.");
    EXPECT_EQ(error_of([&] { extern_kernel<double>("f", {u}, {-1}); }),
              "Array() needs extents that are not negative; f has -1.");
    const Program missing("missing", {u}, {{"y", extern_kernel<double>("no_such_function", {u}, {n})}});
    EXPECT_EQ(
        error_of([&] { compile(missing, baseline()); }),
        "compile() needs the C functions of extern kernels in this process; it has no no_such_function, which kernel "
        "no_such_function of missing calls: link it, and export it (-rdynamic; ENABLE_EXPORTS in CMake).");
    const Program itself("test_square", {u}, {{"y", extern_kernel<double>("test_square", {u, u}, {n})}});
    EXPECT_EQ(
        error_of([&] { lower(itself, baseline()); }),
        "lower() needs a program whose name no extern kernel has; test_square calls a C function of that name: rename "
        "the program.");
    const Schedule schedule =
        parse_schedule("sylvite-schedule 1\nkernel test_mirror\n  stage test_mirror\n    vectorize i0 4\n", "x.sched");
    const std::string scheduled = error_of([&] { lower(looped(), baseline(), schedule); });
    EXPECT_TRUE(scheduled.starts_with("x.sched:4:5: target x86-64 cannot have `vectorize i0 4` for stage test_mirror: "
                                      "Externally defined Func test_mirror cannot have loop type vectorized"))
        << scheduled;
}

}  // namespace

}  // namespace sylvite
