#pragma once

#include "autodiff/boxes.h"
#include "autodiff/custom_rule.h"

namespace sylvite {

/// What the rule of a Func adds to the adjoint of one value of one input: value `value_index` of a Func on a region,
/// {min, extent} per dimension, and nothing outside. An undefined Func stands for zero.
struct RulePart {
    Func adjoint;
    int value_index = 0;
    Region region;
};
using RulePullback = std::vector<std::vector<RulePart>>;  ///< by input and value

/// Appends the inputs of a rule that are Arrays, or the region of which it says, for the Func on `box`.
void add_needs(const RuledFunc &ruled, const Region &box, std::vector<Needed> &roots);

/// Calls the rule of a Func in reverse mode, or transposes that for forward mode where there is no other. `adjoint` is
/// that of the Func, 0 outside `box`; `bounds` are of the graph. Throws Halide::CompileError where a region cannot be
/// found, and when a `jvp` is not linear in the tangents.
RulePullback pull_back(const RuledFunc &ruled, const Func &adjoint, const Region &box, const Bounds &bounds);

}  // namespace sylvite
