#pragma once

#include <Halide.h>

#include <string>
#include <vector>

namespace sylvite {

/// A loop variable of one definition of a Func.
struct LoopVariable {
    std::string name;         ///< stable: `x`, `r.x` for the first variable of an RDom, `xo` for a part of a split
    std::string halide_name;  ///< as Halide knows it: `x`, `r4$x`, `x.xo`
    bool is_rvar;
    bool carries_dependence;        ///< its iterations may depend on one another or write the same element
    Halide::VarOrRVar var() const;  ///< for scheduling calls
};

/// The loops of a definition under its present schedule, innermost first. Names that clash, which anonymous Vars do,
/// are numbered `v`, `v.2` in this order.
std::vector<LoopVariable> loop_variables(const Halide::Internal::StageSchedule &schedule);

/// The name of a variable without what depends on the order in which Halide's objects were made: `r4$x` is `r.x`,
/// `x.xo` is `xo`, an anonymous `v7` is `v`. Not unique: see loop_variables().
std::string plain_variable(const std::string &halide_name);

/// Whether a name is a C identifier: letters, digits and _, no digit first.
bool is_identifier(const std::string &name);

/// `a, b, c`, for error messages; `none` of an empty list.
std::string list_of(const std::vector<std::string> &names);

/// The nearest of `known` to `name` by edit distance; empty if none is near.
std::string nearest_name(const std::string &name, const std::vector<std::string> &known);

/// The end of an error about an unknown name: `: did you mean NEAREST?`, or `otherwise` when no known name is near.
std::string did_you_mean(const std::string &name, const std::vector<std::string> &known,
                         const std::string &otherwise = ".");

}  // namespace sylvite
