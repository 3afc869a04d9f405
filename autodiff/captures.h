#pragma once

#include "autodiff/activity.h"

namespace sylvite {

/// Something that the body of a loop reads from outside it and that can be differentiated by: an Array or a scalar.
struct Capture {
    ReadTarget target;
    std::string name;
    Type type;
    std::vector<Expr> extents;
    Array array;               ///< undefined for a scalar
    Halide::Parameter scalar;  ///< if it is one
    /// Whether step t reads element t of the last dimension only, so that the adjoint of each element is known after one
    /// step and none is summed up.
    bool of_step = false;

    /// The extents of what a step of the reverse loop contributes: those of one element if it is of_step.
    std::vector<Expr> summed() const { return {extents.begin(), extents.end() - (of_step ? 1 : 0)}; }
};

/// What the body of `loop` reads from outside, loops inside it included, and `outside` says to depend on what is
/// differentiated by. `changes` is changing_in(loop).
std::vector<Capture> captures_of(const LoopNode &loop,
                                 const std::function<bool(const Halide::Internal::Function &)> &changes,
                                 Activity &outside);

}  // namespace sylvite
