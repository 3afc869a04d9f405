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

    /// Where each step reads one element of the last dimension and no two steps the same: step t reads first + t, or
    /// first - t with `backwards`. The adjoint of an element is then known after one step, and nothing is summed up.
    Expr first;
    bool backwards = false;
    bool of_step() const { return first.defined(); }
    Expr element(const Expr &step) const { return simplify(backwards ? first - step : first + step); }
    Expr step_of(const Expr &element) const { return simplify(backwards ? first - element : element - first); }

    /// The extents of what a step of the reverse loop contributes: those of one element if it is of_step().
    std::vector<Expr> summed() const { return {extents.begin(), extents.end() - (of_step() ? 1 : 0)}; }
};

/// What the body of `loop` reads from outside, loops inside it included, and `outside` says to depend on what is
/// differentiated by. `changes` is changing_in(loop).
std::vector<Capture> captures_of(const LoopNode &loop,
                                 const std::function<bool(const Halide::Internal::Function &)> &changes,
                                 Activity &outside);

}  // namespace sylvite
