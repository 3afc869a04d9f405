#pragma once

#include <Halide.h>

namespace sylvite {

/// How an update of `function` is associative, as Halide proves it. One of a float that subtracts, `f = f - e`, is written as
/// `f = f + likely(0 - e)` if that is what it takes: a sum is associative to Halide, a difference is not, and the tag keeps
/// simplification from making a difference of it again. What is computed is the same but for the sign of a zero. Updates of
/// Tuples stay as they are, for Halide does not see reads of a Tuple inside a tag. Throws as Halide's prover does.
Halide::Internal::AssociativeOp proven_associativity(const Halide::Internal::Function &function,
                                                     Halide::Internal::Definition &update);

}  // namespace sylvite
