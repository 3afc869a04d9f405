// Derivatives through while_loop, branch, scan, call and loops whose length depends on data, nested in one another:
// forward against central differences, reverse by <u, Jv> = <J'u, v>.

#include "program_check.h"

#include "autodiff/program.h"
#include "frontend/print.h"

#include <gtest/gtest.h>

using namespace sylvite;
using namespace sylvite::testing;
using namespace Halide;

namespace {

constexpr int n = 3;
const Var x("x"), y("y");

Array row(const std::string &name, const Expr &value) {
    Func f(name);
    f(x) = value;
    return Array(f, {n});
}

Array single(const std::string &name, const Expr &value) {
    Func f(name);
    f() = value;
    return Array(f, {});
}

Expr total(const Array &a) {
    Func sum("total");
    const RDom r(0, n);
    sum() += a(r);
    return sum();
}

LoopOptions named(const std::string &name, int capacity = 0) {
    LoopOptions options;
    options.name = name;
    if (capacity > 0) {
        options.capacity = capacity;
    }
    return options;
}

ProgramCase with_rows(const std::string &name, const Program &program, const std::vector<std::string> &wrt,
                      const std::vector<std::string> &outputs) {
    ProgramCase c{name, program, wrt, {}, {}};
    for (const std::string &array : wrt) {
        c.sizes[array] = {n};
    }
    for (const std::string &array : outputs) {
        c.sizes[array] = {n};
    }
    return c;
}

const Array a = input<double>("a", {n}), b = input<double>("b", {n});

// Newton's method for the square roots of a.
WhileResult roots(const Array &of) {
    return while_loop(
        [&](const Arrays &s) {
            const Array residual = row("residual", abs(s[0](x) * s[0](x) - of(x)));
            return total(residual) > Expr(1e-4);
        },
        {row("start", of(x) + 1)},
        [&](const Expr &, const Arrays &s) { return Arrays{row("root", (s[0](x) + of(x) / s[0](x)) / 2)}; },
        named("newton", 20));
}

TEST(ControlFlow, WhileLoop) {
    check_program(with_rows("newton", Program("newton", {a}, {{"y", roots(a).state[0]}}), {"a"}, {"y"}), 1);
}

TEST(ControlFlow, WhileLoopThatCapturesAndCounts) {
    const WhileResult w = while_loop(
        [](const Arrays &s) { return total(s[0]) < 20; }, {a},
        [](const Expr &t, const Arrays &s) { return Arrays{row("u", s[0](x) * (1 + b(x)) + s[0](n - 1 - x) * t)}; },
        named("growth", 50));
    const Array y = row("y", w.state[0](x) * w.steps());
    check_program(with_rows("growth", Program("growth", {a, b}, {{"y", y}}), {"a", "b"}, {"y"}), 2);
}

// No step is made.
TEST(ControlFlow, WhileLoopWithoutSteps) {
    const WhileResult w =
        while_loop([](const Arrays &s) { return total(s[0]) < -1; }, {row("u", sin(a(x)))},
                   [](const Expr &, const Arrays &s) { return Arrays{row("v", s[0](x) * b(x))}; }, named("none", 4));
    check_program(with_rows("none", Program("none", {a, b}, {{"y", w.state[0]}}), {"a", "b"}, {"y"}), 3);
}

Arrays folded(const Expr &condition, const Array &u) {
    return branch(
        condition, {u}, [](const Arrays &s) { return Arrays{row("then", sin(s[0](x)) * b(x))}; },
        [](const Arrays &s) { return Arrays{row("otherwise", s[0](x) * s[0](x) + a(n - 1 - x))}; });
}

TEST(ControlFlow, BranchTaken) {
    const Array y = folded(total(a) > 0, row("u", a(x) * b(x)))[0];
    check_program(with_rows("taken", Program("taken", {a, b}, {{"y", y}}), {"a", "b"}, {"y"}), 4);
}

TEST(ControlFlow, BranchNotTaken) {
    const Array y = folded(total(a) < 0, row("u", a(x) * b(x)))[0];
    check_program(with_rows("not_taken", Program("not_taken", {a, b}, {{"y", y}}), {"a", "b"}, {"y"}), 5);
}

// A ball falls and bounces: the arm depends on the state of the loop around.
TEST(ControlFlow, BranchInALoop) {
    const Arrays end = loop(40, {a, row("v", 0 * b(x))}, [](const Expr &, const Arrays &s) {
        const Array v = row("v", s[1](x) - Expr(0.1)), h = row("h", s[0](x) + Expr(0.1) * v(x));
        return branch(
            h(0) < 0 && v(0) < 0, {h, v},
            [](const Arrays &s) {
                return Arrays{row("h", -b(x) * s[0](x)), row("v", -b(x) * s[1](x))};
            },
            [](const Arrays &s) { return s; }, named("bounce"));
    });
    check_program(with_rows("ball", Program("ball", {a, b}, {{"h", end[0]}, {"v", end[1]}}), {"a", "b"}, {"h", "v"}),
                  6);
}

TEST(ControlFlow, Scan) {
    const Array xs = input<double>("xs", {n, 5});
    const Scanned s = scan(5, {a}, {xs}, [](const Expr &t, const Arrays &state, const Arrays &now) {
        const Array next = row("next", sin(state[0](x)) + b(x) * now[0](x) * t);
        return Scanned{{next}, {row("squared", next(x) * state[0](n - 1 - x)), single("sum", total(next))}};
    });
    ProgramCase c = with_rows(
        "scan", Program("scan", {a, b, xs}, {{"y", s.state[0]}, {"ys", s.outputs[0]}, {"sums", s.outputs[1]}}),
        {"a", "b"}, {"y"});
    c.wrt.push_back("xs");
    c.sizes["xs"] = c.sizes["ys"] = {n, 5};
    c.sizes["sums"] = {5};
    check_program(c, 7);
}

ProgramCase running(const Expr &capacity, int count) {
    const Array xs = input<double>("xs", {n, 5});
    const Param<int> steps("steps");
    LoopOptions options = named("running");
    options.capacity = capacity;
    const Scanned s = scan(
        steps, {a}, {xs},
        [](const Expr &, const Arrays &state, const Arrays &now) {
            const Array next = row("next", sin(state[0](x)) * now[0](x));
            return Scanned{{next}, {next}};
        },
        options);
    std::vector<ProgramOutput> outputs{{"y", s.state[0]}};
    if (capacity.defined()) {
        outputs.push_back({"ys", s.outputs[0]});
    }
    ProgramCase c = with_rows("running", Program("running", {a, xs, steps}, outputs), {"a"}, {"y"});
    c.wrt.push_back("xs");
    c.sizes["xs"] = c.sizes["ys"] = {n, 5};
    c.integers["steps"] = count;
    return c;
}

TEST(ControlFlow, ScanOfFewerStepsThanItHasInputs) {
    for (const int count : {0, 1, 5}) {
        check_program(running(5, count), 8 + count);
        check_program(running(Expr(), count), 18 + count);
    }
}

// The adjoint of an input of which step t reads element t is found element by element; a sum over all elements would
// cost as much in each step.
TEST(ControlFlow, AdjointsOfInputsOfAScanAreNotSummedUp) {
    const auto sum_is_a_state = [](const Expr &at) {
        const Array xs = input<double>("xs", {n, 5});
        const Arrays last = loop(5, {a}, [&](const Expr &t, const Arrays &s) {
            return Arrays{row("u", sin(s[0](x)) * xs(x, clamp(t + at, 0, 4)))};
        });
        const Program program("sums", {a, xs}, {{"y", last[0]}});
        ProgramCase c = with_rows("sums", program, {"a"}, {"y"});
        c.wrt.push_back("xs");
        c.sizes["xs"] = {n, 5};
        check_program(c, 30);
        return print(vjp(program, {"xs"})).find(": float64 [3, 5] = adjoint_xs") != std::string::npos;
    };
    EXPECT_TRUE(sum_is_a_state(0));  // the clamp hides that it is the step
    const Array xs = input<double>("xs", {n, 5});
    const Scanned s = scan(5, {a}, {xs}, [](const Expr &, const Arrays &u, const Arrays &now) {
        return Scanned{{row("v", sin(u[0](x)) * now[0](x))}, {}};
    });
    const std::string text = print(vjp(Program("scan", {a, xs}, {{"y", s.state[0]}}), {"xs"}));
    EXPECT_NE(text.find(": float64 [3] = adjoint_xs"), std::string::npos) << text;
    EXPECT_EQ(text.find(": float64 [3, 5] = adjoint_xs"), std::string::npos) << text;
}

// Two reads, one of them at another step; a read by the Array itself; one within an inner loop.
TEST(ControlFlow, InputsThatAreReadInSeveralWays) {
    const Array xs = input<double>("xs", {n, 4});
    const Array same(xs.func(), {n, 4});
    const auto check = [&](const char *name, const std::function<Expr(const Expr &, const Array &)> &value) {
        const Arrays last = loop(4, {a}, [&](const Expr &t, const Arrays &s) {
            return Arrays{row("u", sin(s[0](x)) * xs(x, t) + value(t, s[0]))};
        });
        ProgramCase c = with_rows(name, Program(name, {a, b, xs}, {{"y", last[0]}}), {"a", "b"}, {"y"});
        c.wrt.push_back("xs");
        c.sizes["xs"] = {n, 4};
        check_program(c, 40);
    };
    check("mirrored", [&](const Expr &t, const Array &) { return xs(x, 3 - t); });
    check("all", [&](const Expr &, const Array &) { return same(x, 2) * b(x); });
    check("inner", [&](const Expr &t, const Array &u) {
        return loop(
            2, {u}, [&](const Expr &, const Arrays &s) { return Arrays{row("v", s[0](x) * xs(x, t) * b(x))}; },
            named("inner"))[0](x);
    });
}

// What a body reads is made of other things that it reads: each has the adjoint of its own reads only.
TEST(ControlFlow, CapturesThatAreMadeOfOneAnother) {
    const Array xs = input<double>("xs", {n, 4}), of_b = row("of_b", sin(b(x)) * xs(x, 0));
    Func squares("squares");
    squares(x, y) = xs(x, y) * xs(x, y);
    const Array of_xs(squares, {n, 4});
    const auto check = [&](const char *name, const std::function<Array(const Expr &, const Array &)> &next) {
        const Arrays last = loop(4, {a}, [&](const Expr &t, const Arrays &s) { return Arrays{next(t, s[0])}; });
        ProgramCase c = with_rows(name, Program(name, {a, b, xs}, {{"y", last[0]}}), {"a", "b"}, {"y"});
        c.wrt.push_back("xs");
        c.sizes["xs"] = {n, 4};
        check_program(c, 45);
    };
    check("whole", [&](const Expr &, const Array &u) { return row("u", sin(u(x)) * b(x) + of_b(x)); });
    check("elements", [&](const Expr &t, const Array &u) { return row("u", u(x) * of_xs(x, t) + xs(x, t) * b(x)); });
    check("inner", [&](const Expr &t, const Array &u) {
        return loop(
            2, {u},
            [&](const Expr &, const Arrays &s) { return Arrays{row("v", s[0](x) * b(x) + of_b(x) * xs(x, t))}; },
            named("inner"))[0];
    });
}

// An Array of which each step reads an element is also the start of an inner loop, or of a branch.
TEST(ControlFlow, InputsThatInnerLoopsBeginWith) {
    const Array xs = input<double>("xs", {n, n});
    const auto table = [](const char *name, const Expr &value) {
        Func f(name);
        f(x, y) = value;
        return Array(f, {n, n});
    };
    const auto check = [&](const char *name, const std::function<Array(const Expr &, const Array &)> &whole) {
        const Arrays end = loop(n, {a}, [&](const Expr &t, const Arrays &s) {
            const Array w = whole(t, s[0]);
            return Arrays{row("u", sin(s[0](x)) * xs(x, t) + w(x, 1))};
        });
        ProgramCase c = with_rows(name, Program(name, {a, xs}, {{"y", end[0]}}), {"a"}, {"y"});
        c.wrt.push_back("xs");
        c.sizes["xs"] = {n, n};
        check_program(c, 50);
    };
    check("start", [&](const Expr &, const Array &u) {
        return loop(
            2, {xs}, [&](const Expr &, const Arrays &s) { return Arrays{table("m", sin(s[0](x, y)) * u(x))}; },
            named("inner"))[0];
    });
    check("arm", [&](const Expr &t, const Array &u) {
        return branch(
            t % 2 == 0, {xs}, [&](const Arrays &s) { return Arrays{table("m", s[0](x, y) * u(x))}; },
            [](const Arrays &s) { return s; })[0];
    });
    check("carried", [&](const Expr &, const Array &) { return xs; });
}

// Elements that steps read at a distance, or from the last one on, need no sum either.
TEST(ControlFlow, ElementsAtADistanceAndBackwards) {
    const Array xs = input<double>("xs", {n, 8});
    const Param<int> first("first");
    for (const auto &[name, element] : std::map<std::string, std::function<Expr(const Expr &)>>{
             {"later", [&](const Expr &t) { return t + first; }}, {"backwards", [](const Expr &t) { return 6 - t; }}}) {
        const Arrays last = loop(5, {a}, [&](const Expr &t, const Arrays &s) {
            return Arrays{row("u", sin(s[0](x)) * xs(x, element(t)) + xs(n - 1 - x, element(t)))};
        });
        const Program program(name, {a, xs, first}, {{"y", last[0]}});
        ProgramCase c = with_rows(name, program, {"a"}, {"y"});
        c.wrt.push_back("xs");
        c.sizes["xs"] = {n, 8};
        c.integers["first"] = 2;
        check_program(c, 60);
        EXPECT_EQ(print(vjp(program, {"xs"})).find(": float64 [3, 8] = adjoint_xs"), std::string::npos) << name;
    }
}

// The state is read as a length after the kernel that makes its next value could have run.
TEST(ControlFlow, LengthFromAState) {
    const Arrays end = loop(
        3, {single("many", Expr(5.)), b},
        [](const Expr &, const Arrays &s) {
            const Array length = single("length", cast<int>(s[0]()));
            const Array inner = loop(
                length(), {s[1]},
                [](const Expr &t, const Arrays &u) { return Arrays{row("v", sin(u[0](x)) + a(x) * t)}; },
                named("inner", 9))[0];
            return Arrays{single("less", s[0]() - 1), inner};
        },
        named("outer"));
    check_program(with_rows("state", Program("state", {a, b}, {{"y", end[1]}}), {"a", "b"}, {"y"}), 70);
}

TEST(ControlFlow, LengthFromData) {
    const Expr steps = cast<int>(total(a) * 2);
    const Arrays last = loop(
        steps, {a}, [](const Expr &t, const Arrays &s) { return Arrays{row("u", sin(s[0](x)) + b(x) * t)}; },
        named("data", 20));
    check_program(with_rows("data", Program("data", {a, b}, {{"y", last[0]}}), {"a", "b"}, {"y"}), 14);
    const Arrays none = loop(
        steps - 100, {a}, [](const Expr &, const Arrays &s) { return Arrays{row("u", s[0](x) * s[0](x) * b(x))}; },
        named("negative", 20));
    check_program(with_rows("negative", Program("negative", {a, b}, {{"y", none[0]}}), {"a", "b"}, {"y"}), 15);
}

TEST(ControlFlow, CalledPrograms) {
    const Param<double> k("k");
    const Array u = input<double>("u", {n});
    const Arrays grown = loop(
        3, {u}, [&](const Expr &, const Arrays &s) { return Arrays{row("grown", s[0](x) + k * s[0](x) * s[0](x))}; },
        named("grow"));
    const Program grow("grow", {u, k}, {{"grown", grown[0]}});
    const Param<double> c("c");
    const Array once = call(grow, {a, c})[0];
    const Array twice = call(grow, {once, Expr(0.1) * c})[0];
    const Program program("called", {a, b, c}, {{"y", row("y", twice(x) * once(x) * b(x))}});
    ProgramCase called = with_rows("called", program, {"a", "b", "c"}, {"y"});
    called.sizes.erase("c");
    check_program(called, 16);
}

// A while_loop whose start depends on a step, in a branch, in a loop.
TEST(ControlFlow, NestedThreeDeep) {
    const Arrays last = loop(
        4, {a},
        [](const Expr &t, const Arrays &outer) {
            return branch(
                t % 2 == 0, outer,
                [](const Arrays &s) {
                    const Array root = roots(row("shifted", s[0](x) * s[0](x) + b(x))).state[0];
                    return Arrays{row("next", root(x) / 2)};
                },
                [](const Arrays &s) {
                    const Scanned inner = scan(3, s, {}, [](const Expr &, const Arrays &u, const Arrays &) {
                        return Scanned{{row("v", u[0](x) * b(x))}, {single("m", total(u[0]))}};
                    });
                    const Array sums = inner.outputs[0];
                    return Arrays{row("w", inner.state[0](x) + sin(sums(0) * sums(x)))};
                },
                named("either"));
        },
        named("outer"));
    check_program(with_rows("nested", Program("nested", {a, b}, {{"y", last[0]}}), {"a", "b"}, {"y"}), 17);
}

TEST(ControlFlow, SecondOrder) {
    const WhileResult w = while_loop(
        [](const Arrays &s) { return total(s[0]) < 9; }, {a},
        [](const Expr &, const Arrays &s) { return folded(total(s[0]) > 5, row("u", s[0](x) * (1 + b(x)))); },
        named("growth", 50));
    ProgramCase c =
        with_rows("second", Program("second", {a, b}, {{"loss", single("loss", total(w.state[0]))}}), {"a", "b"}, {});
    check_second_order(c, 18);
}

// The reverse of a loop that is known to make no steps would read elements before the first.
TEST(ControlFlow, ElementsOfNoSteps) {
    const Array xs = input<double>("xs", {n, 4});
    const Arrays last = loop(2, {a}, [&](const Expr &, const Arrays &s) {
        const LoopBody step = [&](const Expr &t, const Arrays &u) {
            return Arrays{row("v", sin(u[0](x)) * xs(x, t) + b(x))};
        };
        const Array none = loop(0, s, step, named("none"))[0];
        return Arrays{row("u", sin(none(x)) * b(x) + xs(x, 1))};
    });
    ProgramCase c = with_rows("none", Program("none", {a, b, xs}, {{"y", last[0]}}), {"a", "b"}, {"y"});
    c.wrt.push_back("xs");
    c.sizes["xs"] = {n, 4};
    check_program(c, 72);
}

TEST(ControlFlow, SecondOrderWithoutSteps) {
    const Param<int> steps("steps");
    const Arrays end = loop(steps, {a}, [](const Expr &, const Arrays &s) { return Arrays{row("u", sin(s[0](x)))}; });
    const Program reverse = vjp(Program("none", {a, steps}, {{"y", end[0]}}), {"a"});
    const Program pulled = Program::derived("none", reverse.inputs(), {{"z", reverse.output("adjoint_a")}});
    for (const int made : {0, -1, 2}) {
        ProgramCase c = with_rows("none", pulled, {"a", "adjoint_y"}, {"z"});
        c.integers["steps"] = made;
        check_program(c, 70);
    }
}

// How often a step is run again is found by a power, of which Halide knows no bounds.
TEST(ControlFlow, SecondOrderOfElementsUnderBinomial) {
    const Param<int> steps("steps");
    const Array xs = input<double>("xs", {n, steps});
    LoopOptions options = named("scan");
    options.memory = Memory::binomial(2);
    const ScanBody step = [](const Expr &, const Arrays &state, const Arrays &now) {
        return Scanned{{row("u", sin(state[0](x) * now[0](x)))}, {}};
    };
    const Scanned s = scan(steps, {a}, {xs}, step, options);
    const Program reverse = vjp(Program("scan", {a, xs, steps}, {{"y", s.state[0]}}), {"xs"});
    const Program pulled = Program::derived("scan", reverse.inputs(), {{"z", reverse.output("adjoint_xs")}});
    ProgramCase c = with_rows("scan", pulled, {"a", "adjoint_y"}, {});
    c.wrt.push_back("xs");
    c.sizes["xs"] = c.sizes["z"] = {n, 5};
    c.integers["steps"] = 5;
    check_program(c, 71);
}

TEST(ControlFlow, ReverseOfAWhileLoopNeedsACapacity) {
    const WhileResult w =
        while_loop([](const Arrays &s) { return total(s[0]) < 9; }, {a},
                   [](const Expr &, const Arrays &s) { return Arrays{row("u", s[0](x) * s[0](x) + 1)}; });
    const Program program("unbounded", {a}, {{"y", w.state[0]}});
    EXPECT_NO_THROW(jvp(program, {"a"}));
    try {
        vjp(program, {"a"});
        FAIL();
    } catch (const CompileError &error) {
        EXPECT_NE(std::string(error.what()).find("set LoopOptions::capacity"), std::string::npos) << error.what();
    }
}

}  // namespace
