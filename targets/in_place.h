#pragma once

#include "frontend/blocks.h"

#include <set>

namespace sylvite {

/// The pairs {output, input} of a scheduled kernel that may be given the same memory: each point of the output depends
/// on the input at that very point and is computed once, and nothing else in the kernel reads the input. A vector loop
/// that shifts its last vector inwards computes points twice, so it needs extents that it divides, or a tail strategy
/// that guards.
std::set<std::pair<int, int>> in_place_pairs(const KernelPipeline &pipeline);

}  // namespace sylvite
