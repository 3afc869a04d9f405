#pragma once

#include "targets/target_table.h"

#include <memory>

namespace sylvite {

/// A pass over lowered kernels that makes them right, or refuses them, where Halide 21 would compile them wrongly
/// without a word or a device could not run them:
/// - Vulkan: `/`, `%` and `>>` of signed integers and `%` of floats are rewritten (Halide emits a logical shift for
///   an arithmetic one, and C's fmod for the floored remainder);
/// - Vulkan: `/` and `%` of integers by zero are made 0, as everywhere else (SPIR-V leaves them open);
/// - Vulkan: constants of f64 are given as their bits (Halide rounds them to f32);
/// - Vulkan: numbers become bools by a comparison with 0 (Halide's cast, as of each bool that is read, does not end);
/// - Vulkan: bools that a kernel is given become int32s (Halide puts them into a buffer, where SPIR-V has none);
/// - Vulkan: arrays get device memory whose size is a multiple of 256 bytes (the allocator overlaps others once memory
///   is used again, whatever HL_VK_ALLOC_CONFIG says);
/// - Vulkan: thread blocks must have constant extents (others run with one thread in y and z);
/// - all GPUs: thread blocks must not have more than `max_threads` threads, and kernels not more than `max_arrays` arrays
///   (drivers do not check it: lavapipe crashes beyond 32, now and then).
/// Refusals are Halide::CompileErrors that name the loop.
std::unique_ptr<Halide::Internal::IRMutator> gpu_rules(const std::string &kernel, const MachineNumbers &machine);

}  // namespace sylvite
