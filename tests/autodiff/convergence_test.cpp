// What finite differences of a partial differential equation make, and its derivatives, approach those of the equation.

#include "autodiff/program.h"
#include "program_run.h"

#include <gtest/gtest.h>

#include <cmath>

using namespace sylvite;
using namespace sylvite::testing;
using namespace Halide;

namespace {

// u_t = k u_xx on (0, 1), u = 0 at both ends: n places between them, explicit steps of dt / dx^2 = 1/4.
Program heat() {
    const Param<int> n("n"), steps("steps");
    const Array u0 = input<double>("u0", {n}), k = input<double>("k", {});
    const Var x("x");
    const auto [u] = loop(steps, {u0}, [&](const Expr &, const Array &now) {
        const Func u = zero_outside(now);
        Func next("next");
        next(x) = u(x) + 0.25f * k() * (u(x - 1) - 2 * u(x) + u(x + 1));
        return Arrays{Array(next, {n})};
    });
    return Program("heat", {u0, k, n, steps}, {{"u", u}});
}

// From u = sin(pi x) it is exp(-pi^2 k t) sin(pi x).
TEST(Convergence, HeatAndItsDerivativesAreOfSecondOrder) {
    constexpr double k = 0.8, t = 100 / 1024.0, decay = M_PI * M_PI * t;
    const Program forward = jvp(heat(), {"k"}), reverse = vjp(heat(), {"k"});
    const Executable forward_code = compiled(forward), reverse_code = compiled(reverse);
    std::vector<double> values, by_forward, by_reverse;  // largest errors, of half the distance each time
    for (int n = 15; n <= 63; n = 2 * n + 1) {
        const double dx = 1.0 / (n + 1);
        const auto scalar = [](double value) {
            Buffer<double> buffer = Buffer<double>::make_scalar();
            buffer() = value;
            return buffer;
        };
        Buffer<double> u0(n), seen(n);
        u0.for_each_element([&](int i) { u0(i) = std::sin(M_PI * (i + 1) * dx); });
        seen.for_each_element([&](int i) { seen(i) = dx * u0(i); });  // of which the derivative is that of an integral
        const Values inputs{{"u0", u0}, {"k", scalar(k)}, {"d_k", scalar(1)}, {"adjoint_u", seen}};
        const Integers integers{{"n", n}, {"steps", 100 * (n + 1) * (n + 1) / 256}};
        const Sizes sizes{{"u", {n}}, {"d_u", {n}}};
        const Values moved = run(forward_code, forward, inputs, integers, sizes);
        const Values pulled = run(reverse_code, reverse, inputs, integers, sizes);
        double value = 0, slope = 0;
        u0.for_each_element([&](int i) {
            const double exact = std::exp(-k * decay) * u0(i);
            value = std::max(value, std::abs(moved.at("u")(i) - exact));
            slope = std::max(slope, std::abs(moved.at("d_u")(i) + decay * exact));
        });
        values.push_back(value);
        by_forward.push_back(slope);
        by_reverse.push_back(std::abs(pulled.at("adjoint_k")() + decay * std::exp(-k * decay) / 2));
    }
    for (const std::vector<double> &errors : {values, by_forward, by_reverse}) {
        for (size_t i = 1; i < errors.size(); i++) {
            EXPECT_NEAR(std::log2(errors[i - 1] / errors[i]), 2, 0.05) << errors[i - 1] << " and " << errors[i];
        }
    }
}

}  // namespace
