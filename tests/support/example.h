#pragma once

#include "frontend/blocks.h"

#include <functional>
#include <string>

namespace sylvite {

/// A program whose one kernel, `main`, has the stages blur, total (with one update definition over the loops r.x, r.y,
/// r.z) and out, all of three dimensions x, y, z.
Program example_program();

/// The values of the kernel's outputs, one after the other, on a fixed input. `prepare` may schedule the pipeline.
/// Compiled for the machine's architecture without extensions, which takes LLVM the least time.
std::vector<float> values_of(const Kernel &kernel, const std::function<void(const KernelPipeline &)> &prepare);

/// The text of the Halide::CompileError that `f` throws, without "Error: " and the last line break; empty if none.
std::string error_of(const std::function<void()> &f);

/// Lowers the kernel for `target`, as a compiler does, without generating code.
void lower(const Kernel &kernel, const KernelPipeline &pipeline, const Halide::Target &target);

/// The host's operating system and architecture without extensions.
Halide::Target plain_host();

}  // namespace sylvite
