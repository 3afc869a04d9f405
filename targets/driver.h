#pragma once

#include "frontend/blocks.h"

#include <map>
#include <set>

namespace sylvite {

/// A kernel after lowering, as the driver that calls it needs to know it.
struct LoweredKernel {
    std::string symbol;                      ///< the name of its function in the module
    std::set<std::pair<int, int>> in_place;  ///< {output, input} that may share memory; see in_place.h
    Halide::Internal::Stmt body;             ///< its code before parallel loops become functions of their own
};

/// The function that runs a program: it checks the arguments, makes the arrays that the kernels share, and calls the
/// kernels in the order and as often as `block` says. Its name is the program's; its arguments are the program's
/// inputs in order, then its outputs. Where `target` has the feature JIT, a user context comes first.
///
/// All memory is made before the outermost loop unless extents change within it. The state of a loop is a pointer: a
/// step writes to the next of a ring of buffers, as many as there are steps during which a value may still be read, so
/// that nothing is copied from step to step and initial states are never written to. A state with a history is written
/// to its slice of the history. Outputs are in host memory when it returns; arrays that had no device memory when it
/// was called have none then. It returns 0, a sylvite_code or the code of the kernel that failed.
Halide::Internal::LoweredFunc make_driver(const Program &program, const Block &block,
                                          const std::map<std::string, LoweredKernel> &kernels,
                                          const Halide::Target &target);

}  // namespace sylvite
