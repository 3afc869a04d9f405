#pragma once

#include <Halide.h>

namespace sylvite {

using Halide::Expr;

/// `value`, which an update stores, without undef(), read as Halide 21 does (RemoveUndef.cpp): nothing is stored where
/// what selects choose is undef(), or made of it. There the result is `old`, what was there; so f(x)[1] = e, which is
/// f(x) = {undef(), e}, leaves f(x)[0].
Expr old_for_undefined(const Expr &value, const Expr &old);

}  // namespace sylvite
