#pragma once

#include "autodiff/stages.h"

#include <optional>

namespace sylvite {

/// `function` with a count of ties in the maxima and minima that it takes over an RDom, f(a) = max(f(a), e, ...), so
/// that all that are equal share the derivative evenly, where max(max(x, y), z) would halve it again and again. Its
/// values are those of `function`, followed by an int32 count for each of them that is such a maximum; f16 values have
/// type f32, in which their shares are reckoned, and the same numbers. Nothing if `function` takes none.
std::optional<Halide::Internal::Function> with_counted_ties(const Halide::Internal::Function &function);

}  // namespace sylvite
