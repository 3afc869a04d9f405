#pragma once

#include "schedules/schedule.h"
#include "targets/driver.h"
#include "targets/target_table.h"

namespace sylvite {

/// A program as one module, and what its kernels look like, by name.
struct LoweredProgram {
    Halide::Module module;
    std::map<std::string, LoweredKernel> kernels;
};

/// lower() of targets/compile.h, with the kernels.
LoweredProgram lower_program(const Program &program, const TargetRow &target, const Halide::Target &halide_target,
                             const Schedule &schedule);

}  // namespace sylvite
