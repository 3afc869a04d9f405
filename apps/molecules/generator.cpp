// Compiles the programs of molecules and their derivatives ahead of time.

#include "autoscheduler/generator_main/generator.h"
#include "apps/molecules/molecules.h"

namespace sylvite::apps {

namespace {

Type type_of(Parameters &parameters) { return parameters.type("type", Halide::Float(32), "of all floats"); }

Program build(Parameters &parameters) {
    const Type type = type_of(parameters);
    return molecules(type, parameters.choice("bath", "none", {"none", "langevin"}, "around the atoms") == "langevin");
}

Program build_lists(Parameters &parameters) { return molecules_lists(type_of(parameters)); }
Program build_forces(Parameters &parameters) { return molecules_forces(type_of(parameters)); }

SYLVITE_GENERATOR(molecules, build)
SYLVITE_GENERATOR(molecules_lists, build_lists)
SYLVITE_GENERATOR(molecules_forces, build_forces)

}  // namespace

}  // namespace sylvite::apps
