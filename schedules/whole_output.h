#pragma once

#include <Halide.h>

#include <string>

namespace sylvite {

/// Why a schedule makes each run of a kernel fail that has `output` among its outputs, or an empty text: loops or bounds
/// that go beyond the output's array, where its extents are known when it is compiled. `schedule` is that of a definition
/// of the output. Halide 21 compiles such a kernel with a warning for each time that it meets the failure.
std::string why_outside(const Halide::Internal::Function &output, const Halide::Internal::StageSchedule &schedule);

}  // namespace sylvite
