#pragma once

#include <Halide.h>

namespace sylvite {

using Halide::Expr;

/// Conditions as Exprs of type bool, in which an undefined Expr stands for "always".

/// Not `e`, with the negation moved inwards to comparisons of integers; those of floats keep it, for NaN.
Expr negation(const Expr &e);
/// Conjunction and disjunction.
Expr both(const Expr &a, const Expr &b);
Expr either(const Expr &a, const Expr &b);
/// The conditions that `e` says all hold.
std::vector<Expr> conjuncts(const Expr &e);
/// Whether floats decide over `e`. Nothing can be proved about such a condition, but Halide may need exponential time to
/// find that out: it walks shared subexpressions, of which second derivatives have many, once for each of their uses.
bool depends_on_floats(const Expr &e);
/// Whether `e`, or what Halide may inline into it, has a remainder of floats. Linear in what `e` is computed from.
bool has_float_remainder(const Expr &e);
/// select(guard, value, 0).
Expr guarded(const Expr &guard, const Expr &value);

}  // namespace sylvite
