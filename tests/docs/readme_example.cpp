#include <sylvite.h>

using namespace sylvite;

Program heat(Parameters &p) {
    const int n = p.integer("n", 100), steps = p.integer("steps", 50);
    Array start = input<float>("start", {n}), seen = input<float>("seen", {n});
    Halide::Var x("x");
    auto [end] = loop(steps, {start}, [&](Expr, Array now) {
        Func u = repeat_edge(now), next("next");
        next(x) = u(x) + 0.25f * (u(x - 1) - 2 * u(x) + u(x + 1));
        return Arrays{Array(next, {n})};
    });
    Halide::RDom cell(0, n, "cell");
    Expr difference = end(cell) - seen(cell);
    Func loss("loss");
    loss() += difference * difference;
    return Program("heat", {start, seen}, {{"loss", Array(loss, {})}});
}
SYLVITE_GENERATOR(heat, heat)
