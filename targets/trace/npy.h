#pragma once

#include <HalideRuntime.h>

#include <string>

namespace sylvite {

/// The header of a .npy file, version 1.0 (numpy.lib.format), of an array whose dimensions are those of `array`, the
/// last one first, after one of `steps` elements if that is not negative. At least `bytes` bytes. Empty for types that numpy
/// does not have.
std::string npy_header(const halide_buffer_t &array, int64_t steps, size_t bytes);

}  // namespace sylvite
