// A walk of the springs app and its gradient in f32 on the targets that can be run here.

#include "apps/springs/controller.h"
#include "apps/springs/springs.h"
#include "autodiff/program.h"
#include "tests/apps/on_targets.h"

namespace sylvite::apps {
namespace {

using Halide::Buffer;

class SpringsOn : public OnTargets {};

// Robot a begins on the ground, so that there is contact in each step.
TEST_P(SpringsOn, GradientOfAWalk) {
    using namespace springs_sizes;
    const Robot robot = robot_named("a");
    const int n = robot.masses, m = robot.springs;
    const Weights weights = drawn(robot, 0);
    const std::vector<std::string> names = {"clock",       "posture", "motion",     "way",
                                            "hidden_bias", "muscle",  "muscle_bias"};
    const std::vector<std::vector<int>> extents = {
        {hidden, signals}, {hidden, n, 2}, {hidden, n, 2}, {hidden, 2}, {hidden}, {m, hidden}, {m}};
    NamedArguments arguments = {{"place", array_of(robot.place, {n, 2})},
                                {"ends", array_of(robot.ends, {m, 2})},
                                {"length", array_of(robot.length, {m})},
                                {"stiffness", array_of(robot.stiffness, {m})},
                                {"reach", array_of(robot.reach, {m})},
                                {"goal", array_of<float>({0.9f, 0.2f}, {2})},
                                {"masses", n},
                                {"count", m},
                                {"steps", 20},
                                {"loss", Buffer<float>::make_scalar()},
                                {"formed", Buffer<float>(n, 2)}};
    for (size_t p = 0; p < names.size(); p++) {
        arguments.emplace_back(names[p], array_of(weights.part[p], extents[p]));
        arguments.emplace_back("d_loss_d_" + names[p], Buffer<float>(extents[p]));
    }
    check(grad(springs(Halide::Float(32)), names), arguments, 1e-4);
}

INSTANTIATE_TEST_SUITE_P(Targets, SpringsOn, app_targets(), name_of_target);

}  // namespace
}  // namespace sylvite::apps
