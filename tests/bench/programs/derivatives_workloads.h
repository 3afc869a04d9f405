#pragma once

#include "frontend/program.h"

#include <string>
#include <vector>

namespace sylvite::bench {

/// What an input of a workload holds: uniform random numbers of [low, high).
struct Range {
    double low = -1, high = 1;
};

/// An algorithm whose derivative is timed. peers/derivatives_jax.py has the same.
struct DerivativeWorkload {
    std::string name;
    Program (*build)();            ///< inputs have constant extents; there is one output
    std::vector<Range> inputs;     ///< of the program's inputs, in their order
    std::vector<std::string> wrt;  ///< inputs that the derivative is taken by
};

const std::vector<DerivativeWorkload> &derivative_workloads();

}  // namespace sylvite::bench
