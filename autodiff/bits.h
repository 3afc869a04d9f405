#pragma once

#include <Halide.h>

namespace sylvite {

/// `e` with `a ^ b` and `a | b` written as sums, which are affine where one of them is a power of two: `x ^ 1` is
/// `x + 1 - x % 2 * 2`. That is done for int32 where `bounds` shows that both are at least 0 and far from an overflow.
///
/// Halide 21 needs it: its simplifier knows more of these bounds than its bounds inference, and drops the clamp that the
/// latter counts on, where loops have constant bounds.
Halide::Expr bits_as_sums(const Halide::Expr &e, const Halide::Internal::Scope<Halide::Internal::Interval> &bounds);

/// The same of an index that is to be inverted: what limits it to values that it has anyway is left out.
Halide::Expr unlimited_bits_as_sums(const Halide::Expr &index,
                                    const Halide::Internal::Scope<Halide::Internal::Interval> &bounds);

}  // namespace sylvite
