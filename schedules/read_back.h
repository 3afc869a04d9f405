#pragma once

#include "schedules/schedule.h"

namespace sylvite {

/// The schedule that is on a kernel's Funcs, as data: what apply() would put on `plain`, another instance of the same
/// kernel that is not scheduled. Loops that were made get new names, which depend on the schedule alone.
///
/// Throws Halide::CompileError that names the stage when the schedule uses what there is no directive for: Funcs added
/// by rfactor(), in() or clone_in(), compute_with(), prefetch(), async(), memoize(), race conditions.
KernelSchedule read_back(const std::string &kernel_name, const KernelPipeline &scheduled, const KernelPipeline &plain);

}  // namespace sylvite
