#pragma once

#include <Halide.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace sylvite {

using Halide::Expr;
using Operands = std::vector<Expr>;

/// d result / d operand. An undefined coefficient says that there is no derivative: by declaration, not by omission.
struct Partial {
    Expr coefficient;
    /// When defined: the condition under which the operand has any influence. Where it is false the operand contributes
    /// exactly 0, even if its own derivative is Inf or NaN.
    Expr guard;

    Partial() = default;
    Partial(Expr coefficient, Expr guard = Expr()) : coefficient(std::move(coefficient)), guard(std::move(guard)) {}
};

/// The partial derivatives of one scalar operation. The table of rules is the only place in the project where they are
/// written; forward and reverse mode, their tests and docs/rules.md are read from it.
struct Rule {
    /// The name of the operation: "+", "sin" (Halide's function without type suffix), "lerp" (intrinsic).
    std::string operation;
    /// One Partial per operand (a Func of few values may return fewer: the rest have no derivative), given the operands
    /// and the result y of the operation.
    std::function<std::vector<Partial>(const Operands &a, const Expr &y)> partials;
    /// An expression that uses the operation, from float operands; what the generated tests differentiate.
    std::function<Expr(const Operands &a)> example;
    /// Where the tests draw each operand of `example` from: inside the domain, away from kinks.
    std::vector<std::pair<double, double>> tested_on;
    /// The convention at kinks and singular points, for the docs.
    std::string convention;
};

const std::vector<Rule> &rules();

/// An Expr node as a named operation on operands; `name` is empty for nodes that are none (constants, reads, Lets). A
/// call of a C function is `extern NAME` unless it is one of Halide's own, whose names end in their type: sin_f32.
/// A float put together from integers has those floats as operands whose bits the integers are.
struct Operation {
    std::string name;
    Operands operands;
    std::shared_ptr<const Rule> rule;  ///< of custom_rule(); null where the table has it
};
/// `value` as an operation on `operands` with a rule that is not in the table.
Expr with_rule(const Expr &value, const Operands &operands, Rule rule);
Operation operation_of(const Expr &e);

/// The rule of an operation, or null.
const Rule *rule_for(const std::string &operation);
using RuleLookup = std::function<const Rule *(const std::string &operation)>;

/// The table as a Markdown page, docs/rules.md.
std::string rules_as_markdown();

}  // namespace sylvite
