// Compiles the smoke program and its gradient ahead of time.

#include "autoscheduler/generator_main/generator.h"
#include "apps/smoke/smoke.h"

namespace sylvite::apps {

namespace {

Program build(Parameters &parameters) {
    const int n = parameters.integer("n", 110, {.help = "cells each way", .minimum = 4, .maximum = 16384});
    const Type type = parameters.type("type", Halide::Float(32), "of all arrays");
    const int jacobi_steps =
        parameters.integer("jacobi_steps", 6, {.help = "of the pressure", .minimum = 1, .maximum = 1000});
    if (parameters.choice("pressure", "jacobi", {"jacobi", "multigrid"}, "how it is solved") == "multigrid") {
        return smoke(n, type, [n](const Func &divergence) { return multigrid(divergence, n); });
    }
    return smoke(n, type, [=](const Func &divergence) { return jacobi(divergence, jacobi_steps); });
}

SYLVITE_GENERATOR(smoke, build)

}  // namespace

}  // namespace sylvite::apps
