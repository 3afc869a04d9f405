#include "autodiff/autodiff.h"
#include "autodiff/custom_rule.h"
#include "autodiff/implicit.h"
#include "autodiff/newton.h"

#include <cmath>
#include <cstdio>

using namespace Halide;
using namespace sylvite;

HalideExtern_1(double, my_erf, double);
Expr error_function(const Expr &z) {
    return custom_rule(my_erf(z), {z}, [](const Operands &a, const Expr &) {
        return std::vector<Partial>{Expr(M_2_SQRTPI) * exp(-a[0] * a[0])};
    });
}

Func filtered_by_library(Func in) {  // in(x)^2 + in(x + 1)
    Var x("x");
    Func filtered("filtered");
    filtered.define_extern("my_filter", {in}, Float(32), 1);
    FuncRule rule;
    rule.jvp = [=](const std::vector<Func> &in, const Func &, const std::vector<Func> &v) {
        Func d("d");
        d(x) = 2 * in[0](x) * v[0](x) + v[0](x + 1);
        return d;
    };
    return custom_rule(filtered, {in}, rule);
}

Array heat_step(const Array &u, const Array &conductivity) {  // (1 + K) u' = u
    const ArrayMap one_plus_k = [](const Array &u, const Arrays &p) {
        Var x("x");
        Func next("next"), at = repeat_edge(u), k = repeat_edge(p[0]);
        next(x) = u(x) + k(x) * (u(x) - at(x - 1)) + k(x + 1) * (u(x) - at(x + 1));
        return Array(next, u.extents());
    };
    return linear_solve(one_plus_k, u, {conductivity}, {.steps = 20});
}

Func pendulum_step(const Func &now, const Func &friction) {  // angle and speed after an implicit step of 0.1
    const Equations equations = [](const Func &z, const std::vector<Func> &p) {
        Var x("x");
        const Func &now = p[0], &friction = p[1];
        Func residual("residual");
        residual(x) = {z(x)[0] - now(x)[0] - 0.1f * z(x)[1],
                       z(x)[1] - now(x)[1] + 0.1f * (sin(z(x)[0]) + friction(x) * z(x)[1])};
        return residual;
    };
    return newton(equations, now, {now, friction}, 4).solution;
}

int main() {
    // A spring: y'' = -k y in 50 steps of 0.1 as a recurrence over an RDom. Which k brings y to 0.5 in the end?
    Param<float> k("k");
    Var t("t");
    RDom step(1, 49, "step");
    Func y("y"), loss("loss"), one("one");
    y(t) = select(t == 0, 1.f, 1.f - 0.005f * k);
    y(step + 1) = 2 * y(step) - y(step - 1) - 0.01f * k * y(step);
    loss() = (y(50) - 0.5f) * (y(50) - 0.5f) / 2;
    one() = 1.f;

    Func slope = grad(loss, k), curvature = hvp(loss, k, one);
    Pipeline newton({loss, slope, curvature});
    k.set(0.9f);
    for (int iteration = 0; iteration < 4; iteration++) {
        Buffer<float> l = Buffer<float>::make_scalar(), s = Buffer<float>::make_scalar(),
                      c = Buffer<float>::make_scalar();
        newton.realize({l, s, c});
        std::printf("k %.4f: loss %.1e, slope %8.1e, curvature %.2f\n", k.get(), l(), s(), c());
        k.set(k.get() - s() / c());
    }
    return 0;
}
