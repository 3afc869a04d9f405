#pragma once

#include "frontend/array.h"

#include <functional>
#include <map>
#include <set>

namespace sylvite {

/// All Exprs of a Function: values, left-hand sides and RDom predicates and bounds of all stages, extern arguments.
/// `visit` is called on each once, in the order of the stages.
void for_each_expr(const Halide::Internal::Function &function, const std::function<void(const Expr &)> &visit);

/// What Exprs read directly, each thing once, in order of first appearance.
struct Reads {
    std::vector<Halide::Internal::Function> functions;
    std::vector<std::shared_ptr<const ArrayNode>> arrays;  ///< markers of Arrays; met inside Array::func() only
    std::vector<Halide::Parameter> parameters;             ///< scalar and buffer parameters
    std::vector<Halide::Parameter> namesakes;              ///< others that have the name of one of `parameters`
    std::vector<Halide::Buffer<>> buffers;                 ///< buffers with values known at build time
};
Reads reads_of(const std::vector<Expr> &exprs);
Reads reads_of(const Halide::Internal::Function &function);

/// Replaces variables by name, all at once, sharing what is shared in `e`; an undefined `e` stays undefined.
Expr replace_variables(const Expr &e, const std::map<std::string, Expr> &replacements);

/// An RDom in the place of another, for a copy of a stage: the predicate is kept in it, so no two stages share one.
struct RDomCopy {
    Halide::Internal::ReductionDomain domain;  ///< undefined where there are no variables
    std::map<std::string, Expr> variables;     ///< its variables by the names of those that they stand for
};
/// `rewrite` is applied to bounds and predicate; an undefined predicate is always true.
RDomCopy copy_rdom(const std::vector<Halide::Internal::ReductionVariable> &variables, const Expr &predicate,
                   const std::function<Expr(const Expr &)> &rewrite);

/// The Functions that `outputs` depend on, producers first, `outputs` included; the order depends on the graph alone.
std::vector<Halide::Internal::Function> functions_of(const std::vector<Func> &outputs);
std::vector<Halide::Internal::Function> functions_of(const std::vector<Halide::Internal::Function> &outputs);
/// The same for another notion of what a Function depends on.
using Producers = std::function<std::vector<Halide::Internal::Function>(const Halide::Internal::Function &)>;
std::vector<Halide::Internal::Function> functions_of(const std::vector<Halide::Internal::Function> &outputs,
                                                     const Producers &producers);

/// Throws Halide::CompileError if two different parameters or buffers in `functions` have the same name, or a scalar
/// parameter and a pure variable.
void require_distinct_names(const std::vector<Halide::Internal::Function> &functions);

/// A name without Halide's `$3` suffix.
std::string plain_name(const std::string &name);

/// Stable names of the Functions in `functions`: plain names, numbered `f`, `f.2`, `f.3` in the order given where they
/// clash. Keyed by Halide's unique name.
std::map<std::string, std::string> stage_names(const std::vector<Halide::Internal::Function> &functions);

}  // namespace sylvite
