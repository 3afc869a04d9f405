#pragma once

#include "autoscheduler/generator_main/command_line.h"
#include "frontend/program.h"

namespace sylvite {

/// The program that the derivatives, applied one after the other, make of `program`. Throws Halide::CompileError that
/// lists what there is when a derivative or an input is unknown.
Program differentiate(Program program, const std::vector<DerivativeRequest> &derivatives);

}  // namespace sylvite
