#pragma once

#include "autodiff/linear_form.h"

#include <map>

namespace sylvite {

using Halide::Region;

/// Where a Func is needed: `box` is {min, extent} per dimension.
struct Root {
    Halide::Internal::Function function;
    Region box;
};

/// The regions of all Funcs, buffers and scalars that the roots need, found by Halide's bounds inference. Arrays always
/// have their own box. A dimension without bounds has undefined Exprs; see require_bounded.
std::map<std::string, Region> boxes_needed(const std::vector<Root> &roots);

/// Throws Halide::CompileError that names `reader` and `what` if a dimension has no bounds.
void require_bounded(const Region &box, const std::string &what, const std::string &reader);

/// Bounds of the pure variables of `function` over `box` and of the reduction variables of stage `stage` (0 is the pure
/// definition).
Halide::Internal::Scope<Halide::Internal::Interval> stage_domain(const Halide::Internal::Function &function, int stage,
                                                                 const Region &box);

/// The definition of a stage; 0 is the pure one.
const Halide::Internal::Definition &stage_definition(const Halide::Internal::Function &function, int stage);

/// "update 0 of f" or "f", without Halide's suffixes.
std::string stage_text(const Halide::Internal::Function &function, int stage);

}  // namespace sylvite
