// The mpm programs against plain code in f64 that does the same, and their gradients against differences of that.

#include "apps/mpm/learn.h"
#include "tests/apps/mpm_plain.h"

#include <gtest/gtest.h>

#include <random>

namespace sylvite::apps {
namespace {

double norm(const Point &v) {
    double sum = 0;
    for (float e : v) {
        sum += double(e) * e;
    }
    return std::sqrt(sum);
}

// Controls that move the robots: those drawn would hardly do.
Point lively(const Scene &scene) {
    Point controls = drawn(scene, 0);
    for (float &e : controls) {
        e *= 50;
    }
    return controls;
}

template<int d>
void check_places(const Scene &scene, float friction, const std::vector<std::pair<int, double>> &tolerances) {
    const Point controls = lively(scene);
    PlainMpm<d> plain(scene, {controls.begin(), controls.end()}, friction);
    int steps = 0;
    for (const auto &[until, tolerance] : tolerances) {
        plain.run(until - steps);
        steps = until;
        const std::vector<float> got = Simulator(scene, friction).place(controls, steps);
        double worst = 0;
        for (int p = 0; p < scene.particles; p++) {
            for (int i = 0; i < d; i++) {
                worst = std::max(worst, std::abs(got[i * scene.particles + p] - plain.place(p, i)));
            }
        }
        EXPECT_LE(worst, tolerance) << "after " << steps << " steps";
    }
}

template<int d>
void check_gradient(const Scene &scene, float friction, int steps, int directions) {
    const Point controls = lively(scene);
    Point gradient;
    const double loss = Simulator(scene, friction).loss(controls, steps, gradient);
    std::mt19937 random(1);
    std::normal_distribution<double> normal;
    for (int i = 0; i < directions; i++) {
        std::vector<double> before(controls.begin(), controls.end()), after = before;
        const double h = 1e-6;
        double product = 0;
        for (size_t k = 0; k < controls.size(); k++) {
            const double direction = normal(random);
            product += direction * gradient[k];
            before[k] -= h * direction;
            after[k] += h * direction;
        }
        PlainMpm<d> lower(scene, before, friction), higher(scene, after, friction);
        lower.run(steps);
        higher.run(steps);
        EXPECT_NEAR(loss, (lower.loss() + higher.loss()) / 2, 2e-5);
        EXPECT_NEAR(product, (higher.loss() - lower.loss()) / (2 * h), 1e-4 * norm(gradient))
            << "of norm " << norm(gradient);
    }
}

TEST(Mpm, RobotMovesAsInThePlainCode) {
    check_places<2>(scene_named("robot"), -1, {{0, 1e-7}, {1, 1e-6}, {100, 2e-5}, {400, 1e-3}});
}

TEST(Mpm, RobotSlidesAsInThePlainCode) { check_places<2>(scene_named("robot"), 0.3f, {{100, 2e-5}, {300, 1e-3}}); }

TEST(Mpm, FishMovesAsInThePlainCode) { check_places<2>(scene_named("fish"), -1, {{1, 1e-6}, {100, 1e-4}}); }

TEST(Mpm, RobotInSpaceMovesAsInThePlainCode) { check_places<3>(scene_named("robot3d"), 0.5f, {{1, 1e-6}, {15, 2e-5}}); }

TEST(Mpm, RobotInSpaceHasTheGradientOfThePlainCode) { check_gradient<3>(scene_named("robot3d"), 0.5f, 40, 1); }

TEST(Mpm, RobotHasTheGradientOfThePlainCode) { check_gradient<2>(scene_named("robot"), -1, 1023, 1); }

TEST(Mpm, SlidingRobotHasTheGradientOfThePlainCode) { check_gradient<2>(scene_named("robot"), 0.3f, 150, 2); }

TEST(Mpm, FishHasTheGradientOfThePlainCode) { check_gradient<2>(scene_named("fish"), -1, 300, 1); }

// Of Taichi 1.7.4 with numpy.random.seed(0): diffmpm.py.
TEST(Mpm, RobotBeginsAsDiffTaichis) {
    const Scene scene = scene_named("robot");
    Point gradient;
    EXPECT_NEAR(Simulator(scene, -1).loss(drawn(scene, 0), scene.steps, gradient), -0.2503873109817505, 2e-6);
}

TEST(Mpm, LearnKeepsTheBestAndStopsWhenItIsTold) {
    const Objective parabola = [](const Point &at, Point &gradient) {
        gradient[0] = 2 * (at[0] - 3);
        return (at[0] - 3.0) * (at[0] - 3.0);
    };
    const auto on = [](const auto &) { return true; };
    const Learnt learnt = learn({0}, parabola, 8, 0.5, on);
    EXPECT_EQ(learnt.losses.size(), 2u) << "ends where the gradient is 0";
    EXPECT_FLOAT_EQ(learnt.controls[0], 3);
    const Learnt stopped = learn({2}, parabola, 8, 2, [](const auto &losses) { return losses.size() < 3; });
    EXPECT_EQ(stopped.losses.size(), 3u);
    EXPECT_FLOAT_EQ(stopped.controls[0], 2) << "the lowest was the first";
    const Objective cliff = [&](const Point &at, Point &gradient) {
        const double loss = parabola(at, gradient);
        return at[0] > 3.5f ? NAN : loss;
    };
    const Learnt careful = learn({0}, cliff, 2, 1, on);
    EXPECT_EQ(careful.losses, (std::vector<double>{9, INFINITY, 0}));
    EXPECT_FLOAT_EQ(careful.controls[0], 3);
    EXPECT_THROW(learn(
                     {0}, [](const Point &, Point &) { return NAN; }, 8, 1, on),
                 std::runtime_error);
}

}  // namespace
}  // namespace sylvite::apps
