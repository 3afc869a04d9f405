#pragma once

#include <Halide.h>

namespace sylvite {

/// Halide's simplify() and can_prove(), told that no image has a negative extent. Without it the boxes of boundary
/// conditions on images of any size grow tenfold with each reverse derivative of a reverse derivative.
Halide::Expr simplified(const Halide::Expr &e);
bool provable(const Halide::Expr &condition);

}  // namespace sylvite
