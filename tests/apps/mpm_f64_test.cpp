// The gradient of the mpm program in f64 against differences of plain code that has the same equations.

#include "apps/mpm/mpm.h"
#include "autodiff/program.h"
#include "autoscheduler/autoschedule.h"
#include "targets/compile.h"
#include "tests/apps/mpm_plain.h"

#include <gtest/gtest.h>

#include <random>

namespace sylvite::apps {
namespace {

using Halide::Buffer;

// A cube of solid matter, with a layer of fluid, whose lower corner touches two walls.
Scene cube(int dimensions, int count, int cells) {
    Scene scene{dimensions, cells, 1, 2, 0, 0, {}, {}, {}};
    for (int axis = 0; axis < dimensions; axis++) {
        scene.particles *= count;
    }
    for (int axis = 0, stride = 1; axis < dimensions; axis++, stride *= count) {
        for (int p = 0; p < scene.particles; p++) {
            scene.place.push_back((axis < 2 ? 2.9f : 3.9f) / cells + p / stride % count * 0.45f / cells);
        }
    }
    for (int p = 0; p < scene.particles; p++) {
        scene.material.push_back(p % count == count - 1 ? 0 : 1);
        scene.actuator.push_back(scene.material[p] == 0 ? -1 : p % count % 2);
    }
    return scene;
}

template<int d>
double plain_loss(const Scene &scene, const std::vector<double> &controls, double friction, int steps) {
    PlainMpm<d> plain(scene, controls, friction);
    plain.run(steps);
    return plain.loss();
}

template<int d>
void check(const Scene &scene, float friction, int steps, const std::string &target_name) {
    const int waves = mpm_sizes::waves, count = scene.actuators * (waves + 1);
    std::mt19937 random(3);
    std::normal_distribution<double> normal;
    std::vector<double> controls(count), direction(count);
    for (int k = 0; k < count; k++) {
        controls[k] = normal(random);
        direction[k] = normal(random);
    }
    Buffer<double> place(scene.particles, d), weights(controls.data(), {scene.actuators, waves}),
        bias(controls.data() + size_t(scene.actuators) * waves, scene.actuators),
        loss = Buffer<double>::make_scalar(), formed(scene.particles, d), by_weights(scene.actuators, waves),
        by_bias(scene.actuators);
    std::copy(scene.place.begin(), scene.place.end(), place.begin());
    std::vector<int> material = scene.material, actuator = scene.actuator;
    const Program program = grad(mpm(d, Halide::Float(64)), {"weights", "bias"});
    const TargetRow &target = find_target(target_name);
    const Executable run = compile(program, target, autoschedule(program, target));
    run({{"place", place},
         {"material", Buffer<int>(material.data(), scene.particles)},
         {"actuator", Buffer<int>(actuator.data(), scene.particles)},
         {"weights", weights},
         {"bias", bias},
         {"friction", friction},
         {"particles", scene.particles},
         {"actuators", scene.actuators},
         {"cells", scene.cells},
         {"steps", steps},
         {"loss", loss},
         {"formed", formed},
         {"d_loss_d_weights", by_weights},
         {"d_loss_d_bias", by_bias}});
    EXPECT_NEAR(loss(), plain_loss<d>(scene, controls, friction, steps), 1e-12);
    double product = 0;
    for (int k = 0; k < count; k++) {
        product += direction[k] *
                   (k < scene.actuators * waves ? by_weights.data()[k] : by_bias.data()[k - scene.actuators * waves]);
    }
    // Richardson's: central differences of h, h / 2 and h / 4, of which h^2 and h^4 are taken away.
    std::vector<double> slopes;
    for (double h : {1e-2, 5e-3, 2.5e-3}) {
        std::vector<double> before = controls, after = controls;
        for (int k = 0; k < count; k++) {
            before[k] -= h * direction[k];
            after[k] += h * direction[k];
        }
        slopes.push_back(
            (plain_loss<d>(scene, after, friction, steps) - plain_loss<d>(scene, before, friction, steps)) / (2 * h));
    }
    const double finer = (4 * slopes[2] - slopes[1]) / 3, coarser = (4 * slopes[1] - slopes[0]) / 3;
    const double expected = (16 * finer - coarser) / 15;
    EXPECT_GT(std::abs(expected), 1e-6);
    EXPECT_NEAR(product, expected, 1e-9 * std::abs(expected));
}

TEST(MpmF64, GradientIsThatOfThePlainCode) { check<2>(cube(2, 6, 16), 0.3f, 30, "x86-64-avx2"); }

// For the baseline: LLVM takes its time.
TEST(MpmF64, GradientInSpaceIsThatOfThePlainCode) { check<3>(cube(3, 3, 10), 0.3f, 30, "x86-64"); }

}  // namespace
}  // namespace sylvite::apps
