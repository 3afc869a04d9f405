#pragma once

#include "autoscheduler/generator_main/command_line.h"
#include "autoscheduler/generator_main/generator.h"

namespace sylvite {

/// Builds the generator's program, differentiates, schedules and compiles it, and writes the files that the request
/// names. Returns their paths. Throws Halide::CompileError, with no file written or changed, when anything of the
/// request is unknown or cannot be done.
std::vector<std::string> make_files(const Generator &generator, const GeneratorRequest &request);

/// Writes Halide's run time for the request's target, `<halide_runtime>.a`. Returns its path.
std::vector<std::string> make_runtime(const GeneratorRequest &request);

}  // namespace sylvite
