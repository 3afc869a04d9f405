#pragma once

#include "program_run.h"

namespace sylvite::testing {

/// A program of double arrays to differentiate.
struct ProgramCase {
    std::string name;
    Program program;
    std::vector<std::string> wrt;
    Sizes sizes;  ///< of all array inputs and outputs
    Integers integers;
};

/// Checks jvp against central differences and vjp by <u, Jv> = <J'u, v> to 1e-10.
void check_program(const ProgramCase &c, unsigned seed);

/// For programs with one scalar output: hvp against differences of grad, and its symmetry.
void check_second_order(const ProgramCase &c, unsigned seed);

}  // namespace sylvite::testing
