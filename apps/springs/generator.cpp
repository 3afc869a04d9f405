// Compiles the springs program and its gradient ahead of time.

#include "autoscheduler/generator_main/generator.h"
#include "apps/springs/springs.h"

namespace sylvite::apps {

namespace {

Program build(Parameters &parameters) { return springs(parameters.type("type", Halide::Float(32), "of all floats")); }

SYLVITE_GENERATOR(springs, build)

}  // namespace

}  // namespace sylvite::apps
