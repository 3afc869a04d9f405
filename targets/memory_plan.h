#pragma once

#include "targets/driver.h"

namespace sylvite {

/// Whether a kernel asks halide_malloc() for memory. What Halide keeps on the stack does not count.
bool takes_memory(const Halide::Internal::Stmt &kernel);

/// The function that says how much memory a run takes, from the code of `driver` and of the kernels that it calls: what
/// is left of it when all is left out but sizes of memory and the control flow around them. Its name is
/// `<program>_memory`; its arguments are those scalars of the program on which that depends, the number of threads (int32)
/// and a struct sylvite_memory, which it fills in. It takes the time of a run only for loops in whose steps sizes differ.
///
/// Where arrays decide whether something runs, it counts as run. Throws Halide::CompileError where arrays decide how
/// large something is, or a number of steps does that arrays decide on, which names kernel or loop.
Halide::Internal::LoweredFunc make_memory_function(const Program &program, const Halide::Internal::LoweredFunc &driver,
                                                   const std::map<std::string, LoweredKernel> &kernels);

/// The same for callers in C, `int <program>_memory(<scalars of the program>..., int32_t threads, int64_t *bytes)`: it
/// stores the most and returns 0, or sylvite_unknown_memory where make_memory_function() throws. 0 threads are as many as
/// halide_set_num_threads() says.
Halide::Internal::LoweredFunc make_memory_query(const Program &program, const Halide::Internal::LoweredFunc &driver,
                                                const std::map<std::string, LoweredKernel> &kernels);

}  // namespace sylvite
