// Compiles the springs programs and their gradients ahead of time.

#include "autoscheduler/generator_main/generator.h"
#include "apps/springs/springs.h"

namespace sylvite::apps {

namespace {

Type type_of_floats(Parameters &parameters) { return parameters.type("type", Halide::Float(32), "of all floats"); }

Program build(Parameters &parameters) { return springs(type_of_floats(parameters)); }
Program build_net(Parameters &parameters) { return springs_net(type_of_floats(parameters)); }

SYLVITE_GENERATOR(springs, build)
SYLVITE_GENERATOR(springs_net, build_net)

}  // namespace

}  // namespace sylvite::apps
