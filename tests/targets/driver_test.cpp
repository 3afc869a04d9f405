#include "targets/compile.h"
#include "tests/targets/programs.h"

#include <gtest/gtest.h>

using namespace sylvite;
using Halide::Buffer;
using Halide::Var;

namespace {

Var x("x"), y("y");

const TargetRow &baseline() { return find_target("x86-64"); }

Buffer<float> numbers(std::vector<int> extents, float scale = 1.f) {
    Buffer<float> b(extents);
    float i = 0;
    b.for_each_value([&](float &v) { v = scale * std::sin(1.7f * i++); });
    return b;
}

// The wave equation in plain C++.
Buffer<float> wave_by_hand(const Buffer<float> &u0, const Buffer<float> &c, int steps) {
    Buffer<float> now = u0.copy(), before = u0.copy();
    const int n = u0.width(), m = u0.height();
    for (int t = 0; t < steps; t++) {
        Buffer<float> next(n, m);
        const auto at = [&](int i, int j) { return i < 0 || j < 0 || i >= n || j >= m ? 0.f : now(i, j); };
        next.for_each_element([&](int i, int j) {
            next(i, j) = 2 * now(i, j) - before(i, j) +
                         c(i, j) * (at(i - 1, j) + at(i + 1, j) + at(i, j - 1) + at(i, j + 1) - 4 * at(i, j));
        });
        before = now;
        now = next;
    }
    return now;
}

void expect_equal(const Buffer<float> &a, const Buffer<float> &b, float tolerance = 0) {
    a.for_each_element([&](const int *at) { EXPECT_NEAR(a(at), b(at), tolerance) << at[0]; });
}

TEST(Driver, WaveAtOddSizes) {
    const Executable run = compile(test::wave("wave", 13, 7), baseline());
    const Buffer<float> u0 = numbers({13, 7}), c = numbers({13, 7}, 0.1f);
    for (int steps : {5, 0, 1, 2, 3, -4}) {
        Buffer<float> u(13, 7);
        run({{"u0", u0}, {"c", c}, {"steps", steps}, {"u", u}});
        expect_equal(u, wave_by_hand(u0, c, steps), 1e-5f);
    }
    expect_equal(u0, numbers({13, 7}));  // inputs are as they were
}

}  // namespace
