#pragma once

#include "frontend/blocks.h"

namespace sylvite {

/// A pass over lowered code of a kernel that a driver calls, for Pipeline::add_custom_lowering_pass: what the driver knows
/// of the arrays that it gives takes the place of looks at their halide_buffer_t. They are there, have the element types
/// and extents that the program declares, begin at 0, are dense in their first dimension, and nobody asks for bounds. The
/// checks of that go, which were more instructions than a kernel of a few vectors. What a kernel reads and writes beyond
/// the extents is found still, and so are negative sizes.
std::unique_ptr<Halide::Internal::IRMutator> given_arrays(const Kernel &kernel, const KernelPipeline &pipeline);

}  // namespace sylvite
