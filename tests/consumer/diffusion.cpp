// Heat in a rod whose ends are kept at 0, and how far it is from what was seen.

#include <sylvite.h>

namespace {

using namespace sylvite;

Program diffusion(Parameters &parameters) {
    const int n = parameters.integer("n", 100, {.help = "cells", .minimum = 2});
    Array start = input<double>("start", {n}), seen = input<double>("seen", {n});
    Halide::Param<int> steps("steps");
    Halide::Var x("x");

    Array heat = loop(steps, {start}, [&](const Expr &, const Arrays &state) {
        Func now = zero_outside(state[0]), next("next");
        next(x) = now(x) + 0.25f * (now(x - 1) - 2 * now(x) + now(x + 1));
        return Arrays{Array(next, state[0].extents())};
    })[0];

    Halide::RDom r(0, n);
    Func loss("loss");
    loss() += (heat(r) - seen(r)) * (heat(r) - seen(r));
    return Program("diffusion", {start, seen, steps}, {{"heat", heat}, {"loss", Array(loss, {})}});
}

SYLVITE_GENERATOR(diffusion, diffusion)

}  // namespace
