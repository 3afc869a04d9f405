// The solver of the ode app and its gradient in f32 on the targets that can be run here.

#include "apps/ode/experiments.h"
#include "autodiff/program.h"
#include "tests/apps/on_targets.h"

namespace sylvite::apps {
namespace {

using Halide::Buffer;

constexpr int count = 64;  // enough for threads of a GPU
const Type f32 = Halide::Float(32);

Buffer<float> starts() {
    Buffer<float> start(2, count);
    start.for_each_element([&](int i, int e) { start(i, e) = i == 0 ? 2 - 0.05f * e : 0.02f * e; });
    return start;
}

Buffer<float> pair(float a, float b) {
    Buffer<float> values(2);
    values(0) = a, values(1) = b;
    return values;
}

class OdeOn : public OnTargets {};

// Eight steps of equal length, in reverse.
TEST_P(OdeOn, GradientOfGivenSteps) {
    const Array start = input(f32, "start", {2}), p = input(f32, "p", {2});
    const Arrays end = after_steps(
        van_der_pol(), backward_euler(), elements_of(start, 2), p, 8, [](const Expr &) { return Expr(0.05f); }, "step");
    const Program all = vmap(Program("euler", {start, p}, {{"x", end[0]}}), {"start"}, count);
    Buffer<float> x(count), adjoint(count), by_start(2, count), by_p(2);
    adjoint.fill(1);
    check(vjp(all, {"start", "p"}),
          {{"start", starts()},
           {"p", pair(2, 1)},
           {"adjoint_x", adjoint},
           {"x", x},
           {"adjoint_start", by_start},
           {"adjoint_p", by_p}},
          1e-5);
}

// Rounding decides here and there how long a step is, so results are as near as the tolerance.
TEST_P(OdeOn, AdaptiveSteps) {
    const Program all = vmap(one_experiment(van_der_pol(), f32), {"start", "until"}, count);
    Buffer<float> until(count), end(2, count), reached(count);
    Buffer<int> tries(count);
    until.for_each_element([&](int e) { until(e) = 0.02f * e; });
    const NamedArguments arguments = {{"start", starts()},  {"until", until},     {"logarithms", pair(0.7f, 0)},
                                      {"size", pair(1, 1)}, {"tolerance", 1e-3},  {"most_tries", 100000},
                                      {"end", end},         {"reached", reached}, {"tries", tries}};
    check(Program("adaptive", all.inputs(), {{"end", all.output("end")}, {"reached", all.output("reached")}}),
          {arguments.begin(), arguments.end() - 1}, 1e-3);
}

INSTANTIATE_TEST_SUITE_P(Targets, OdeOn, app_targets(), name_of_target);

}  // namespace
}  // namespace sylvite::apps
