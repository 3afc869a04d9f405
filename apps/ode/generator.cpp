// Compiles the solution of an ordinary differential equation and its derivatives ahead of time.

#include "autoscheduler/generator_main/generator.h"
#include "apps/ode/experiments.h"

namespace sylvite::apps {

namespace {

Program build(Parameters &parameters) {
    const int experiments =
        parameters.integer("experiments", 1024, {.help = "at once", .minimum = 1, .maximum = 1 << 20});
    const Type type = parameters.type("type", Halide::Float(64), "of all arrays");
    const bool is_reaction =
        parameters.choice("problem", "van_der_pol", {"van_der_pol", "robertson"}, "the equations") == "robertson";
    return ode(is_reaction ? robertson() : van_der_pol(), experiments, type);
}

SYLVITE_GENERATOR(ode, build)

}  // namespace

}  // namespace sylvite::apps
