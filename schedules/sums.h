#pragma once

#include <Halide.h>

namespace sylvite {

/// Writes an update that subtracts, `f = f - e`, as one that adds, `f = f + likely(0 - e)`: a sum is associative to
/// Halide, a difference is not. The tag keeps simplification from making a difference of it again, and what is computed is the
/// same but for the sign of a zero. Floats only: 0 - e may overflow where a - e does not.
inline void write_as_sums(Halide::Internal::Definition &update) {
    using namespace Halide::Internal;
    for (Halide::Expr &value : update.values()) {
        const Halide::Expr simple = simplify(substitute_in_all_lets(value));
        if (const Sub *difference = simple.as<Sub>(); difference && value.type().is_float()) {
            value = difference->a + Halide::likely(make_zero(value.type()) - difference->b);
        }
    }
}

}  // namespace sylvite
