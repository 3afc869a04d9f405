#pragma once

#include "autodiff/conditions.h"
#include "autodiff/rules.h"

#include <functional>
#include <string>
#include <vector>

namespace sylvite {

using Halide::Expr;

/// Something whose values an Expr reads: a value of a Func, a buffer, or a scalar parameter.
struct ReadTarget {
    std::string key;      ///< unique in the process
    int value_index = 0;  ///< which value of a Func with several
    bool operator==(const ReadTarget &) const = default;
    auto operator<=>(const ReadTarget &) const = default;
};

/// The target that an Expr node reads, or an empty key if the node is no read.
ReadTarget read_target(const Expr &e);
ReadTarget target_of(const Halide::Internal::Function &function, int value_index = 0);
ReadTarget target_of(const Halide::Parameter &parameter);
ReadTarget target_of(const Halide::Buffer<> &buffer);

/// The arguments of a read; empty for scalars.
std::vector<Expr> read_arguments(const Expr &read);

/// One term of a value to first order: d value += coefficient * d read, where `guard` (if defined) holds.
struct Term {
    Expr read;
    Expr coefficient;  ///< of the read's type
    Expr guard;
};

/// Writes sum_i seeds[i] * d values[i] as a sum of terms over the reads for which `active` holds.
///
/// One sweep from the values to the reads through the shared expression graph, each partial taken from the rule table.
/// Undefined seeds count as zero. A guard is applied after the product, so that what a select does not choose
/// contributes exactly 0. Equal reads make one term. Coefficients may read `result`, if given, for values[0] itself. Throws Halide::CompileError when an operation on the way has no
/// rule in the table `rule`; `where` says in which stage, for the message.
std::vector<Term> linear_form(const std::vector<Expr> &values, const std::vector<Expr> &seeds,
                              const std::function<bool(const ReadTarget &)> &active, const std::string &where,
                              const RuleLookup &rule = rule_for, const Expr &result = Expr());

/// `e` marked as a value through which nothing is differentiated: return_second(true, e), which all of Halide's back
/// ends compile to `e` and no other Expr looks like.
Expr stop_gradient(const Expr &e);
/// Whether an Expr is one.
bool is_stopped(const Expr &e);

/// a + b and a * b without superfluous zeros and ones; an undefined a or b counts as 0.
Expr sum_of(const Expr &a, const Expr &b);
Expr product_of(const Expr &a, const Expr &b);

}  // namespace sylvite
