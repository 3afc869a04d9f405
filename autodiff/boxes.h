#pragma once

#include "autodiff/linear_form.h"

#include <map>

namespace sylvite {

using Halide::Region;

/// Where a Func is needed: `box` is {min, extent} per dimension.
struct Needed {
    Halide::Internal::Function function;
    Region box;
};

/// What Halide's bounds inference says of a graph.
struct Bounds {
    /// The regions of all Funcs, buffers and scalars that the roots need, by key of the target. Arrays always have their
    /// own box. A dimension without bounds has undefined Exprs; see require_bounded.
    std::map<std::string, Region> boxes;
    /// Bounds of the values of the Funcs, for indices that are data.
    Halide::Internal::FuncValueBounds values;
};
Bounds bounds_of(const std::vector<Needed> &roots);

/// The region in which `read` reads its target, for the points of `domain` where `guard` (may be undefined) holds.
Region region_read(const Expr &read, const Expr &guard,
                   const Halide::Internal::Scope<Halide::Internal::Interval> &domain, const Bounds &bounds);

/// `e` with reads clamped to the regions that `bounds` says are needed, unless they are inside for all of `domain`.
Expr read_inside(const Expr &e, const Bounds &bounds,
                 const Halide::Internal::Scope<Halide::Internal::Interval> &domain);

/// The region of `function` that update stage `stage` writes and reads, for the points of its domain over `box`.
/// A dimension without bounds has undefined Exprs.
Region region_touched(const Halide::Internal::Function &function, int stage, const Region &box,
                      const Halide::Internal::FuncValueBounds &values);

/// The smallest region that holds both; a dimension that has no bounds in one of them has none.
Region union_of(const Region &a, const Region &b);

/// Throws Halide::CompileError that names `reader` and `what` if a dimension has no bounds.
void require_bounded(const Region &box, const std::string &what, const std::string &reader);

/// Bounds of the pure variables of `function` over `box` and of the reduction variables of stage `stage` (0 is the pure
/// definition).
Halide::Internal::Scope<Halide::Internal::Interval> stage_domain(const Halide::Internal::Function &function, int stage,
                                                                 const Region &box);

/// Whether the RDom of a stage is known to have no iterations: the bounds of what it reads are no region, with a maximum
/// below the minimum, and must not widen or move what is read by others.
bool runs_never(const Halide::Internal::Definition &definition);

/// The definition of a stage; 0 is the pure one.
const Halide::Internal::Definition &stage_definition(const Halide::Internal::Function &function, int stage);

/// "update 0 of f" or "f", without Halide's suffixes.
std::string stage_text(const Halide::Internal::Function &function, int stage);

}  // namespace sylvite
