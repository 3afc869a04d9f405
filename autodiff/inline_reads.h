#pragma once

#include "autodiff/boxes.h"

namespace sylvite {

/// Whether a Func may be read anywhere: it is pure, and what it reads it holds within bounds itself, as boundary
/// conditions do. `values` are those of the Funcs that it reads.
bool bounds_its_reads(const Halide::Internal::Function &function, const Halide::Internal::FuncValueBounds &values);

/// `e` with the reads of Funcs for which `applies` holds, which are pure, replaced by what they are defined to be.
Expr inline_reads(const Expr &e, const std::function<bool(const Halide::Internal::Function &)> &applies);

}  // namespace sylvite
