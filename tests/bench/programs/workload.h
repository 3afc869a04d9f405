#pragma once

#include "tests/bench/programs/runnable.h"

#include "autodiff/program.h"

namespace sylvite::bench {

/// An algorithm whose derivative is timed. A peer in peers/ has the same.
struct Workload {
    std::string name;
    Program (*build)();            ///< inputs are arrays of constant extents
    std::vector<Range> inputs;     ///< of the program's inputs, in their order
    std::vector<std::string> wrt;  ///< inputs that the derivative is taken by
    /// The derivative; null where there is none to be timed.
    Program (*derivative)(const Program &program, const std::vector<std::string> &wrt, SourceLine where) = vjp;
};

/// Those of one benchmark: a program of it has one definition of this.
const std::vector<Workload> &workloads();

}  // namespace sylvite::bench
