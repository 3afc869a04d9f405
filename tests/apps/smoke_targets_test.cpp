// The smoke app's programs and their gradients in f32 on the targets that can be run here.

#include "apps/smoke/smoke.h"
#include "autodiff/program.h"
#include "tests/apps/on_targets.h"

#include <cmath>

namespace sylvite::apps {
namespace {

using Halide::Buffer;

class SmokeOn : public OnTargets {};

constexpr int n = 16;
const Type f32 = Halide::Float(32);

NamedArguments arguments() {
    Buffer<float> velocity(n, n, 2), smoke(n, n), picture(n, n);
    velocity.for_each_element([&](int x, int y, int c) {
        velocity(x, y, c) = 0.7f * std::sin(0.4f * float(x) + 0.9f * float(c)) * std::cos(0.5f * float(y) - float(c));
    });
    smoke.for_each_element([&](int x, int y) { smoke(x, y) = y / 4 % 2 == 0 ? 1.0f : 0.1f * float(x % 3); });
    picture.for_each_element([&](int x, int y) { picture(x, y) = (x - 8) * (x - 8) + (y - 8) * (y - 8) < 25 ? 1 : 0; });
    return {{"velocity", velocity},
            {"smoke", smoke},
            {"picture", picture},
            {"inflow", 0.01},
            {"steps", 6},
            {"loss", Buffer<float>::make_scalar()},
            {"formed", Buffer<float>(n, n, 3)}};
}

TEST_P(SmokeOn, GradientWithJacobiSteps) {
    const Program program = smoke(n, f32, [](const Func &divergence) { return jacobi(divergence, 2); });
    NamedArguments given = arguments();
    given.emplace_back("d_loss_d_velocity", Buffer<float>(n, n, 2));
    check(grad(program, {"velocity"}), given, 1e-4);
}

TEST_P(SmokeOn, FlowWithMultigrid) {
    check(smoke(n, f32, [](const Func &divergence) { return multigrid(divergence, n); }), arguments(), 1e-5);
}

INSTANTIATE_TEST_SUITE_P(Targets, SmokeOn, app_targets(), name_of_target);

}  // namespace
}  // namespace sylvite::apps
