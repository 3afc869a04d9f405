// The gradient of the springs program in f64 against differences of plain code.

#include "apps/springs/springs.h"
#include "autodiff/program.h"
#include "autoscheduler/autoschedule.h"
#include "targets/compile.h"
#include "tests/apps/springs_plain.h"

#include <gtest/gtest.h>

#include <random>

namespace sylvite::apps {
namespace {

using Halide::Buffer;

template<typename T, typename From>
Buffer<T> array_of(const std::vector<From> &values, const std::vector<int> &extents) {
    Buffer<T> array(extents);
    std::copy(values.begin(), values.end(), array.begin());
    return array;
}

// Robot a begins on the ground.
TEST(SpringsF64, GradientIsThatOfThePlainCode) {
    using namespace springs_sizes;
    const Robot robot = robot_named("a");
    const int n = robot.masses, m = robot.springs, steps = 30;
    const Weights weights = drawn(robot, 0);
    const std::vector<std::string> names = {"clock",       "posture", "motion",     "way",
                                            "hidden_bias", "muscle",  "muscle_bias"};
    const std::vector<std::vector<int>> extents = {
        {hidden, signals}, {hidden, n, 2}, {hidden, n, 2}, {hidden, 2}, {hidden}, {m, hidden}, {m}};
    NamedArguments arguments = {{"place", array_of<double>(robot.place, {n, 2})},
                                {"ends", array_of<int>(robot.ends, {m, 2})},
                                {"length", array_of<double>(robot.length, {m})},
                                {"stiffness", array_of<double>(robot.stiffness, {m})},
                                {"reach", array_of<double>(robot.reach, {m})},
                                {"goal", array_of<double>(std::vector<float>{0.9f, 0.2f}, {2})},
                                {"masses", n},
                                {"count", m},
                                {"steps", steps},
                                {"loss", Buffer<double>::make_scalar()},
                                {"formed", Buffer<double>(n, 2)}};
    std::vector<Buffer<double>> slopes;
    for (size_t p = 0; p < names.size(); p++) {
        slopes.emplace_back(extents[p]);
        arguments.emplace_back(names[p], array_of<double>(weights.part[p], extents[p]));
        arguments.emplace_back("d_loss_d_" + names[p], slopes[p]);
    }
    const Program program = grad(springs(Halide::Float(64)), names);
    const TargetRow &target = find_target("x86-64");
    compile(program, target, autoschedule(program, target)).run(arguments);

    Weights direction(robot);
    std::mt19937 random(1);
    std::normal_distribution<float> normal;
    double product = 0;
    for (size_t p = 0; p < names.size(); p++) {
        for (size_t k = 0; k < direction.part[p].size(); k++) {
            direction.part[p][k] = normal(random);
            product += direction.part[p][k] * slopes[p].data()[k];
        }
    }
    // Richardson's: central differences of h and h / 2, of which h^2 is taken away.
    const auto slope = [&](double h) {
        PlainWalk before(robot, weights), after(robot, weights);
        before.move(direction, -h), after.move(direction, h);
        return (before.place(steps)[0] - after.place(steps)[0]) / (2 * h);
    };
    const double h = 2e-4, difference = (4 * slope(h / 2) - slope(h)) / 3;
    EXPECT_GT(std::abs(difference), 1e-4);
    EXPECT_NEAR(product, difference, 1e-9 * std::abs(difference));
}

}  // namespace
}  // namespace sylvite::apps
