#pragma once

#include "schedules/schedule.h"

#include <map>

namespace sylvite {

/// The text of an error of Halide's with its names replaced by stable ones: `names` maps Halide's names of Funcs to
/// stage names; variables are shown by plain_variable(). Without "Error: " and the last line break.
std::string with_plain_names(const std::string &what, const std::map<std::string, std::string> &names);

/// Throws what Halide said when it lowered a kernel under a schedule with the file, line and column of the directive that
/// says where a stage is computed, when that is what it refuses; else returns.
void rethrow_placement(const Halide::CompileError &error, const Schedule &schedule, const std::string &kernel_name,
                       const KernelPipeline &pipeline);

}  // namespace sylvite
