#pragma once

#include "frontend/blocks.h"
#include "schedules/schedule.h"
#include "targets/target_table.h"

namespace sylvite {

/// Throws Halide::CompileError with file, line and column when the schedule has directives that the target knows nothing
/// of: those for GPUs where it has none, and those for another kind of GPU.
void check(const Schedule &schedule, const TargetRow &target);

/// A kernel lowered under the schedule that is on `pipeline`; what the schedule leaves open and must not be inlined is
/// computed at root. Throws what Halide refuses, device code included, and schedules under which every run must fail.
Halide::Module lower_scheduled(const Kernel &kernel, const KernelPipeline &pipeline, const std::string &symbol,
                               const TargetRow &row, const Halide::Target &target,
                               Halide::LinkageType linkage = Halide::LinkageType::Internal);

/// A kernel that is alone (Kernel::alone) as the C function `symbol`, with Halide's metadata. Arguments are the kernel's
/// scalars and buffers, then its outputs. Throws Halide::CompileError when the schedule does not fit.
Halide::Module lower_alone(const Kernel &kernel, const std::string &symbol, const TargetRow &row,
                           const Halide::Target &target, const Schedule &schedule);

/// Throws `error`, which lower_scheduled() threw for a kernel under a schedule, with the file, line and column of the
/// directive without which the kernel compiles, where there is one. Lowers the kernel once for each directive.
[[noreturn]] void rethrow_at_directive(const Halide::CompileError &error, const Schedule &schedule,
                                       const Kernel &kernel, const TargetRow &row, const Halide::Target &target);

}  // namespace sylvite
