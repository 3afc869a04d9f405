#pragma once

#include "frontend/blocks.h"
#include "schedules/schedule.h"
#include "targets/target_table.h"

namespace sylvite {

/// What Halide says against the kernel with this schedule on this target when it lowers it, device code included; empty
/// when it accepts it.
std::string why_refused(const Schedule &schedule, const Kernel &kernel, const TargetRow &target);

}  // namespace sylvite
