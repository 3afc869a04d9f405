#pragma once

#include "random_choices.h"

#include "program_run.h"

namespace sylvite::testing {

/// A program of double arrays with what it is run on.
struct RandomProgram {
    Program program;
    std::vector<std::string> inputs;  ///< all but the integers: to differentiate by
    Sizes sizes;                      ///< of inputs and outputs
    Integers integers;
};

/// Loops, scans, while_loops, branches and calls of programs, nested up to two deep, with states of several ranks, steps
/// and extents that are constants or arguments (no steps at all too), memory policies, and captures: inputs, and Arrays
/// that are made of inputs, of results of other loops and of one another. All is smooth, and no decision depends on what
/// one differentiates by, so that differences approach derivatives. All that is made has a part in the outputs. Rows have
/// `row` elements; the choices do not depend on that.
RandomProgram random_program(Choices &choices, int row = 3);

}  // namespace sylvite::testing
