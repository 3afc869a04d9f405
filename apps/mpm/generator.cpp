// Compiles the mpm program and its gradient ahead of time.

#include "autoscheduler/generator_main/generator.h"
#include "apps/mpm/mpm.h"

namespace sylvite::apps {

namespace {

Program build(Parameters &parameters) {
    const int dimensions = parameters.integer("dimensions", 2, {.help = "of space", .minimum = 2, .maximum = 3});
    return mpm(dimensions, parameters.type("type", Halide::Float(32), "of all floats"));
}

SYLVITE_GENERATOR(mpm, build)

}  // namespace

}  // namespace sylvite::apps
