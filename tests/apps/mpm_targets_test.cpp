// The mpm app's program, and its gradient, in f32 on the targets that can be run here.

#include "apps/mpm/mpm.h"
#include "apps/mpm/scene.h"
#include "autodiff/program.h"
#include "tests/apps/on_targets.h"

namespace sylvite::apps {
namespace {

using Halide::Buffer;

const Type f32 = Halide::Float(32);

/// A few particles over the ground of a small box, of all kinds of matter, some with actuators.
Scene small_scene(int dimensions) {
    Scene scene;
    scene.dimensions = dimensions, scene.cells = 8, scene.particles = 24, scene.actuators = 2;
    for (int axis = 0; axis < dimensions; axis++) {
        for (int p = 0; p < scene.particles; p++) {
            const int along = axis == 0 ? p % 6 : axis == 1 ? p / 6 : p % 2;
            scene.place.push_back((axis == 1 ? 0.4f : 0.42f) + 0.05f * static_cast<float>(along));
        }
    }
    for (int p = 0; p < scene.particles; p++) {
        scene.material.push_back(p % 6 > 3 ? 0 : 1);
        scene.actuator.push_back(p % 6 > 1 ? -1 : p % 6);
    }
    return scene;
}

NamedArguments arguments_for(const Scene &scene, float friction, int steps) {
    Buffer<float> weights(scene.actuators, mpm_sizes::waves);
    weights.for_each_element([&](int a, int w) { weights(a, w) = 0.5f * static_cast<float>(w - 2 * a); });
    return {{"place", array_of(scene.place, {scene.particles, scene.dimensions})},
            {"material", array_of(scene.material, {scene.particles})},
            {"actuator", array_of(scene.actuator, {scene.particles})},
            {"weights", weights},
            {"bias", array_of<float>({0.3f, -0.2f}, {2})},
            {"friction", friction},
            {"particles", scene.particles},
            {"actuators", scene.actuators},
            {"cells", scene.cells},
            {"steps", steps},
            {"loss", Buffer<float>::make_scalar()},
            {"formed", Buffer<float>(scene.particles, scene.dimensions)}};
}

// LLVM takes a minute for a gradient with AVX-512: where the machine has that, these are what mpm_model_test.cpp compares
// with plain code.
TEST(MpmOn, Avx512InTwoDimensions) {
    check_on(find_target("x86-64-avx512"), mpm(2, f32), arguments_for(small_scene(2), 0.3f, 10), 1e-5);
}

TEST(MpmOn, Avx512InThreeDimensions) {
    check_on(find_target("x86-64-avx512"), mpm(3, f32), arguments_for(small_scene(3), 0.3f, 10), 1e-5);
}

void check_gradient_on(const char *target) {
    NamedArguments arguments = arguments_for(small_scene(2), 0.3f, 10);
    arguments.emplace_back("d_loss_d_weights", Buffer<float>(2, mpm_sizes::waves));
    arguments.emplace_back("d_loss_d_bias", Buffer<float>(2));
    check_on(find_target(target), grad(mpm(2, f32), {"weights", "bias"}), arguments, 1e-4);
}

TEST(MpmOn, VulkanInTwoDimensions) { check_gradient_on("vulkan"); }

TEST(MpmOn, VulkanInThreeDimensions) {
    check_on(find_target("vulkan"), mpm(3, f32), arguments_for(small_scene(3), -1, 10), 1e-5);
}

class MpmOnCuda : public testing::Test {
    void SetUp() override {
        if (const std::string obstacle = why_not_here(find_target("cuda-80")); !obstacle.empty()) {
            GTEST_SKIP() << "[SKIP] " << obstacle;
        }
    }
};

TEST_F(MpmOnCuda, GradientInTwoDimensions) { check_gradient_on("cuda-80"); }

TEST_F(MpmOnCuda, InThreeDimensions) {
    check_on(find_target("cuda-80"), mpm(3, f32), arguments_for(small_scene(3), -1, 10), 1e-5);
}

}  // namespace
}  // namespace sylvite::apps
