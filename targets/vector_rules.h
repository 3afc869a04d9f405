#pragma once

#include <Halide.h>

#include <memory>

namespace sylvite {

/// A pass over lowered kernels, the last one. Vectors with a predicate may begin before their array, as those of 8 in
/// which `a(2 - x)` is read backwards over 3 elements; where their place is a constant, Halide 21 ends with an internal
/// error while it makes machine code. It is given a place that it does not take for a constant.
std::unique_ptr<Halide::Internal::IRMutator> vector_rules();

}  // namespace sylvite
