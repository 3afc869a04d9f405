// The wave algorithm against plain loops.

#include "apps/wave/wave.h"
#include "targets/compile.h"

#include <gtest/gtest.h>

#include <cmath>

namespace sylvite::apps {
namespace {

using Halide::Buffer;

constexpr int n = 11;

/// The surface after `steps` steps in f64, from the formula in wave.h.
std::vector<double> by_hand(const Buffer<float> &surface, int steps) {
    std::vector<double> now(surface.begin(), surface.end()), before = now;
    const auto at = [&](int x, int y) { return x < 0 || y < 0 || x >= n || y >= n ? 0 : now[y * n + x]; };
    for (int t = 0; t < steps; t++) {
        std::vector<double> next;
        for (int y = 0; y < n; y++) {
            for (int x = 0; x < n; x++) {
                const double around = at(x - 1, y) + at(x + 1, y) + at(x, y - 1) + at(x, y + 1);
                next.push_back(2 * at(x, y) - before[y * n + x] + 0.2 * (around - 4 * at(x, y)));
            }
        }
        before = now;
        now = next;
    }
    return now;
}

Buffer<float> bumps(float scale) {
    Buffer<float> surface(n, n);
    surface.for_each_element([&](int x, int y) { surface(x, y) = scale * std::sin(1.3f * x * x + 0.7f * y); });
    return surface;
}

TEST(WaveModel, IsTheLeapfrogOfTheWaveEquation) {
    const Executable run = compile(wave(n), find_target("x86-64"));
    const Buffer<float> surface = bumps(1), photograph = bumps(0.3f);
    for (const int steps : {0, 1, 2, 9, 40}) {
        Buffer<float> formed(n, n), loss = Buffer<float>::make_scalar();
        run({{"surface", surface}, {"photograph", photograph}, {"steps", steps}, {"loss", loss}, {"formed", formed}});
        const std::vector<double> expected = by_hand(surface, steps);
        double misfit = 0;
        for (int y = 0; y < n; y++) {
            for (int x = 0; x < n; x++) {
                EXPECT_NEAR(formed(x, y), expected[y * n + x], 1e-4) << steps << " steps, cell " << x << " " << y;
                misfit += std::pow(expected[y * n + x] - photograph(x, y), 2) / (n * n);
            }
        }
        EXPECT_NEAR(loss(), misfit, 1e-4 * misfit);
    }
}

TEST(WaveModel, FlatWaterStaysFlatAndWavesMoveOneCellAStep) {
    const Executable run = compile(wave(n), find_target("x86-64"));
    Buffer<float> surface(n, n), photograph(n, n), formed(n, n), loss = Buffer<float>::make_scalar();
    surface.fill(0);
    photograph.fill(0.5f);
    run({{"surface", surface}, {"photograph", photograph}, {"steps", 7}, {"loss", loss}, {"formed", formed}});
    EXPECT_NEAR(loss(), 0.25f, 1e-6);
    formed.for_each_value([](float height) { EXPECT_EQ(height, 0); });

    surface(5, 5) = 1;
    run({{"surface", surface}, {"photograph", photograph}, {"steps", 3}, {"loss", loss}, {"formed", formed}});
    formed.for_each_element(
        [&](int x, int y) { EXPECT_EQ(formed(x, y) != 0, std::abs(x - 5) + std::abs(y - 5) <= 3) << x << " " << y; });
}

}  // namespace
}  // namespace sylvite::apps
