// Gradients, scheduled automatically, on every target of the table: of the wave program, and of recurrences over RDoms.

#include "autodiff/program.h"
#include "autoscheduler/autoschedule.h"
#include "tests/support/run_on_targets.h"
#include "tests/targets/programs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace sylvite {

namespace {

// |wave(u0, c)|^2, whose gradient by c needs the history of the states.
Program energy(int n, int m, Memory memory) {
    Halide::Var x("x"), y("y");
    Halide::Param<int> steps("steps");
    Array u0 = input<float>("u0", {n, m}), c = input<float>("c", {n, m});
    Array u = loop(steps, {u0, u0},
                   [&](Expr, Array now, Array before) {
                       Func next("next"), w = zero_outside(now);
                       next(x, y) = 2.f * now(x, y) - before(x, y) +
                                    c(x, y) * (w(x - 1, y) + w(x + 1, y) + w(x, y - 1) + w(x, y + 1) - 4.f * w(x, y));
                       return Arrays{Array(next, now.extents()), now};
                   },
                   {.name = "step", .memory = memory})[0];
    Halide::RDom cell(0, n, 0, m, "cell");
    Func loss("loss");
    loss() = 0.f;
    loss() += u(cell.x, cell.y) * u(cell.x, cell.y);
    return Program("energy", {u0, c, steps}, {{"loss", Array(loss, {})}});
}

// Row by row a recursive filter, which is a scan, and products in place, which is none.
Program recurrences(int n, int m) {
    Halide::Var x("x"), y("y");
    Array a = input<float>("a", {n, m});
    Halide::RDom r(2, n - 2, "r"), all(0, n, "all"), cell(0, m, "cell");
    Func filter("filter"), product("product"), loss("loss");
    filter(x, y) = a(x, y);
    filter(r, y) = a(r, y) + 0.5f * filter(r - 1, y) * filter(r - 1, y) - 0.25f * filter(r - 2, y);
    product(y) = 1.f;
    product(y) = product(y) * (0.5f + filter(all, y));
    loss() = 0.f;
    loss() += product(cell) * product(cell);
    return Program("recurrences", {a}, {{"loss", Array(loss, {})}});
}

class GradientOn : public testing::TestWithParam<TargetRow> {};

void check(const TargetRow &target, Memory memory) {
    const int n = 13, m = 7;
    const Program gradient = grad(energy(n, m, memory), {"u0", "c"});
    Halide::Buffer<float> u0(n, m), c(n, m), by_u0(n, m), by_c(n, m);
    Halide::Buffer<float> loss = Halide::Buffer<float>::make_scalar();
    u0.for_each_element([&](int i, int j) { u0(i, j) = std::sin(0.7f * i + 1.3f * j); });
    c.for_each_element([&](int i, int j) { c(i, j) = 0.1f + 0.01f * (i % 5) - 0.02f * (j % 3); });
    const NamedArguments arguments{{"u0", u0},          {"c", c}, {"steps", 5}, {"loss", loss}, {"d_loss_d_u0", by_u0},
                                   {"d_loss_d_c", by_c}};
    const test::Results want = test::run_here(gradient, find_target("x86-64"), {}, arguments);
    test::check_on_target(target, gradient, autoschedule(gradient, target), arguments, want);
}

TEST_P(GradientOn, StoringAllStates) { check(GetParam(), Memory::store_all); }

INSTANTIATE_TEST_SUITE_P(Targets, GradientOn, testing::ValuesIn(all_targets()), [](const auto &info) {
    std::string name = info.param.name;
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
});

TEST_P(GradientOn, RecurrencesOverRDoms) {
    const int n = 9, m = 5;
    const Program gradient = grad(recurrences(n, m), {"a"});
    Halide::Buffer<float> a(n, m), by_a(n, m), loss = Halide::Buffer<float>::make_scalar();
    a.for_each_element([&](int i, int j) { a(i, j) = 0.5f + 0.3f * std::sin(0.7f * i + 1.3f * j); });
    const NamedArguments arguments{{"a", a}, {"loss", loss}, {"d_loss_d_a", by_a}};
    const test::Results want = test::run_here(gradient, find_target("x86-64"), {}, arguments);
    test::check_on_target(GetParam(), gradient, autoschedule(gradient, GetParam()), arguments, want);
}

TEST(GradientInSegments, OnTheCpuAndVulkan) {
    for (const char *name : {"x86-64", "vulkan"}) {
        const TargetRow &target = find_target(name);
        if (test::why_not_checked(target).empty()) {
            check(target, Memory::sqrt);
        }
    }
}

}  // namespace

}  // namespace sylvite
