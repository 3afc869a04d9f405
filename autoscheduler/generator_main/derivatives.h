#pragma once

#include "autoscheduler/generator_main/command_line.h"
#include "autoscheduler/generator_main/halide_algorithm.h"
#include "frontend/program.h"

namespace sylvite {

/// The program that the derivatives, applied one after the other, make of `program`. Without `primal` it has the outputs
/// alone that the last derivative adds. Throws Halide::CompileError that lists what there is when a derivative or an
/// input is unknown.
Program differentiate(Program program, const std::vector<DerivativeRequest> &derivatives, bool primal = true);

/// The same for the algorithm of a Halide generator.
HalideAlgorithm differentiate(HalideAlgorithm algorithm, const std::vector<DerivativeRequest> &derivatives,
                              bool primal = false);

}  // namespace sylvite
