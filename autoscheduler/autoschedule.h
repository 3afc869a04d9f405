#pragma once

#include "frontend/blocks.h"
#include "frontend/program.h"
#include "schedules/schedule.h"
#include "targets/target_table.h"

#include <map>
#include <string>

namespace sylvite {

struct AutoscheduleOptions {
    /// Values that scalar integer parameters are expected to have, by name. They guide the choice; the schedule is right
    /// for all others.
    std::map<std::string, int64_t> sizes = {};
    int64_t other_sizes = 256;  ///< expected of the parameters that `sizes` does not have
    /// What is decided already. Stages that it mentions, and what it says of them, stay as they are.
    Schedule keep = {};
};

/// A schedule for the target by fixed rules, without measuring: cheap Funcs are inlined, others computed at root or in
/// the loops of their reader; outer loops are parallel and inner ones vector where there is work enough; on GPUs, blocks
/// and threads; reductions of much into little are split into partial ones. Each kernel is lowered to see that its
/// schedule is legal; what Halide refuses falls back, stage by stage, to plain loops with a comment that says so.
///
/// The same program, target and options give the same text. Takes about the time in which Halide lowers the program.
Schedule autoschedule(const Program &program, const TargetRow &target = host(),
                      const AutoscheduleOptions &options = {});
/// The same for one kernel, which may be alone.
Schedule autoschedule(const Kernel &kernel, const TargetRow &target, const AutoscheduleOptions &options = {});

/// The schedule that one of Halide's autoschedulers finds: Mullapudi2016, Adams2019, Li2018 or Anderson2021, or any other
/// whose plugin is loaded; a plugin of Halide's is loaded by its name. `parameters` are the autoscheduler's own. Throws
/// Halide::CompileError when the plugin is not there, fails, or schedules in a way that the text cannot say, which is
/// the case of the Funcs that Li2018 makes by rfactor and Anderson2021 by in().
Schedule autoschedule_with(const std::string &autoscheduler, const Program &program, const TargetRow &target = host(),
                           const AutoscheduleOptions &options = {},
                           const std::map<std::string, std::string> &parameters = {});
Schedule autoschedule_with(const std::string &autoscheduler, const Kernel &kernel, const TargetRow &target,
                           const AutoscheduleOptions &options = {},
                           const std::map<std::string, std::string> &parameters = {});

}  // namespace sylvite
