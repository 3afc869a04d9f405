#pragma once

namespace sylvite {

/// How many threads the programs of this process that run by compile() may use at a time, the calling one included; 0
/// stands for as many as the machine has. Returns the number before. Programs in static libraries have a pool of their
/// own, with the same functions in C: halide_set_num_threads() of HalideRuntime.h.
///
/// No result depends on it: what a schedule computes in parallel is put together in an order that the schedule decides.
/// Only the directive `atomic` gives that up, which the autoscheduler never writes. Throws Halide::CompileError for
/// negative numbers.
int set_threads(int threads);

}  // namespace sylvite
