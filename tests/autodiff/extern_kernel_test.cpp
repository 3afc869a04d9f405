// Derivatives of programs with C functions, by rules of their user's; those of tests/support/extern_kernels.c.

#include "frontend/extern_kernel.h"

#include "autodiff/custom_rule.h"
#include "autodiff/program.h"
#include "autodiff/vmap.h"
#include "program_check.h"
#include "targets/compile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace sylvite;
using namespace sylvite::testing;
using Halide::Buffer;
using Halide::RDom;
using Halide::Var;

namespace {

const Var x("x");
constexpr int n = 4;

Array row(const std::string &name, const Expr &value) {
    Func f(name);
    f(x) = value;
    return Array(f, {n});
}

Array sum(const std::string &name, const Array &a) {
    Func f(name);
    const RDom r(0, n);
    f() += a(r);
    return Array(f, {});
}

// u(x)^2 a(n - 1 - x), with the rules that are asked for.
Array square(const Array &u, const Array &a, bool jvp, bool vjp) {
    FuncRule rule;
    if (jvp) {
        rule.jvp = [](const std::vector<Func> &in, const Func &, const std::vector<Func> &v) {
            Func d("d");
            d(x) = 2 * in[0](x) * in[1](n - 1 - x) * v[0](x) + in[0](x) * in[0](x) * v[1](n - 1 - x);
            return d;
        };
    }
    if (vjp) {
        rule.vjp = [](const std::vector<Func> &in, const Func &, const Func &adjoint, const Region &) {
            Func by_u("by_u"), by_a("by_a");
            by_u(x) = 2 * in[0](x) * in[1](n - 1 - x) * adjoint(x);
            by_a(x) = in[0](n - 1 - x) * in[0](n - 1 - x) * adjoint(n - 1 - x);
            return std::vector<Func>{by_u, by_a};
        };
    }
    return custom_rule(extern_kernel<double>("test_square", {u, a}, {n}), {u, a}, rule);
}

// u(x) + 2 u(x + 1), or the transposed of that: a linear map, whose rules call it and the other one.
Array shift(const Array &u, bool back) {
    FuncRule rule;
    rule.jvp = [=](const std::vector<Func> &, const Func &, const std::vector<Func> &v) {
        return shift(Array(v[0], {n}), back);
    };
    rule.vjp = [=](const std::vector<Func> &, const Func &, const Func &adjoint, const Region &) {
        return std::vector<Func>{shift(Array(adjoint, {n}), !back)};
    };
    return custom_rule(extern_kernel<double>(back ? "test_shift_back" : "test_shift", {u}, {n}), {u}, rule);
}

const Array a = input<double>("a", {n}), u = input<double>("u", {n}), rows = input<double>("rows", {n, 3});

ProgramCase loss_case(const std::string &name, const Array &end) {
    return {name,
            Program(name, {a, u, rows}, {{"loss", sum("loss", row("squares", end(x) * end(x) + a(x) * rows(x, 0)))}}),
            {"a", "u", "rows"},
            {{"a", {n}}, {"u", {n}}, {"rows", {n, 3}}},
            {}};
}

// A step with two C functions between kernels, of which one has only linear rules that call C functions themselves.
Array step(const Array &now, const Array &with) {
    const Array half = row("half", now(x) / 2);
    return row("next", square(shift(half, false), with, true, true)(x) + now(n - 1 - x) / 8);
}

TEST(ExternKernelDerivatives, OfRulesThatCallC) {
    const auto in_loop = [](const Memory &memory) {
        return loop(3, {u}, [](const Expr &, const Arrays &s) { return Arrays{step(s[0], a)}; },
                    {.name = "turn", .memory = memory})[0];
    };
    for (const Memory &memory : {Memory::store_all, Memory::binomial(2)}) {
        const ProgramCase c = loss_case("in_a_loop", in_loop(memory));
        check_program(c, 1);
        check_second_order(c, 2);
    }
}

// What is captured, of which every other read is of the element of the step, is given to C whole.
TEST(ExternKernelDerivatives, OfACaptureThatIsReadByTheStepToo) {
    const Array flat = input<double>("u", {n}), captured = input<double>("a", {n});
    const Array end = loop(n, {flat}, [&](const Expr &t, const Arrays &s) {
        return Arrays{row("next", square(s[0], captured, true, true)(x) + captured(t) * s[0](x))};
    })[0];
    const ProgramCase c{"captured",
                        Program("captured", {flat, captured}, {{"loss", sum("loss", end)}}),
                        {"a", "u"},
                        {{"a", {n}}, {"u", {n}}},
                        {}};
    check_program(c, 3);
}

TEST(ExternKernelDerivatives, OfOneOrTheOtherRule) {
    check_program(loss_case("jvp_only", square(shift(u, false), a, true, false)), 4);
    const ProgramCase c = loss_case("vjp_only", square(u, a, false, true));
    EXPECT_NO_THROW(vjp(c.program, {"u"}));
    try {
        jvp(c.program, {"u"});
        FAIL();
    } catch (const Halide::CompileError &error) {
        EXPECT_THAT(error.what(), ::testing::HasSubstr("test_square"));
        EXPECT_THAT(error.what(), ::testing::HasSubstr("has a vjp only"));
    }
}

TEST(ExternKernelDerivatives, WithoutARuleAreRefused) {
    const Array end = loop(3, {u}, [](const Expr &, const Arrays &s) {
        return Arrays{extern_kernel<double>("test_square", {s[0], a}, {n})};
    })[0];
    const Program program = loss_case("bare", end).program;
    using Derivative = Program (*)(const Program &, const std::vector<std::string> &, SourceLine);
    for (const Derivative derivative : {Derivative(jvp), Derivative(vjp), Derivative(grad), Derivative(hvp)}) {
        for (const char *wrt : {"a", "u"}) {
            try {
                derivative(program, {wrt}, SourceLine());
                FAIL() << wrt;
            } catch (const Halide::CompileError &error) {
                EXPECT_THAT(error.what(),
                            ::testing::HasSubstr("test_square is an extern stage, whose derivative is not "
                                                 "known: give it a custom_rule()"));
            }
        }
    }
    EXPECT_NO_THROW(grad(program, {"rows"}));
}

// Element by element, also of those that are done before others.
TEST(ExternKernelDerivatives, OfABatch) {
    const int batch = 3;
    const Array end =
        while_loop([](const Arrays &s) { return sum("size", s[0])() < 8; }, {u},
                   [](const Expr &, const Arrays &s) { return Arrays{row("more", step(s[0], a)(x) / 4 + s[0](x))}; },
                   {.name = "grow", .capacity = 12})
            .state[0];
    ProgramCase c = loss_case("many", end);
    const Program one = hvp(c.program, {"a", "u"});
    const std::map<std::string, std::vector<int>> sizes{
        {"d_loss_d_a", {n}}, {"d_loss_d_u", {n}}, {"hvp_a", {n}}, {"hvp_u", {n}}};
    Values alone{{"a", Buffer<double>(n)},
                 {"u", Buffer<double>(n)},
                 {"rows", Buffer<double>(n, 3)},
                 {"v_a", Buffer<double>(n)},
                 {"v_u", Buffer<double>(n)}};
    for (const char *name : {"a", "v_a", "v_u"}) {
        for (int i = 0; i < n; i++) {
            alone[name](i) = 0.4 + 0.1 * i;
        }
    }
    alone["rows"].fill(1);
    Values all = alone;
    all["u"] = Buffer<double>(n, batch);
    all["u"].for_each_element([&](int i, int b) { all["u"](i, b) = 0.3 + 0.1 * i + 0.5 * b; });
    std::map<std::string, std::vector<int>> all_sizes{{"loss", {batch}}};
    for (const auto &[name, size] : sizes) {
        all_sizes[name] = {n, batch};
    }
    const Values got = run(vmap(one, {"u"}, batch), all, {}, all_sizes);
    for (int b = 0; b < batch; b++) {
        alone["u"] = all["u"].sliced(1, b).copy();
        for (const auto &[name, want] : run(one, alone, {}, sizes)) {
            for (int i = 0; i < (name == "loss" ? 1 : n); i++) {
                const double value = name == "loss" ? got.at(name)(b) : got.at(name)(i, b);
                EXPECT_NEAR(value, want.data()[i], 1e-12 * (1 + std::abs(value))) << name << " of " << b;
            }
        }
    }
    c.program = vmap(c.program, {"u"}, batch);
    c.sizes["u"] = {n, batch};
    c.sizes["loss"] = {batch};
    check_program(c, 5);
}

}  // namespace
