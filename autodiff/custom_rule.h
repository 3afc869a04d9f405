#pragma once

#include "autodiff/rules.h"
#include "frontend/array.h"

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace sylvite {

/// `value` with a derivative of the user's own: by `operands`, the floats it is computed from, as `partials` says, in
/// both modes and to any order. What `value` is made of needs no rule then: it may call C functions.
///
/// `partials(a, y)` returns one Partial per operand, given the operands and the value. For example, with
/// `HalideExtern_1(double, j0, double)`: `custom_rule(j0(x), {x}, [](const Operands &a, const Expr &) {
/// return std::vector<Partial>{-j1(a[0])}; })`. A read in `value` that no operand reads must not be active: a
/// derivative by it throws Halide::CompileError, for it would be lost.
using Partials = std::function<std::vector<Partial>(const Operands &a, const Expr &y)>;
Expr custom_rule(const Expr &value, const Operands &operands, const Partials &partials);

/// The derivatives of a Func by its inputs, for custom_rule() below. Either may be left out. All Funcs that are given
/// and returned have as many dimensions and values as what they belong to; adjoints and tangents are floats.
struct FuncRule {
    /// How the output moves when the inputs move by `tangents`. Without `vjp` it is transposed for reverse mode; it must
    /// then be linear in the tangents.
    std::function<Func(const std::vector<Func> &inputs, const Func &output, const std::vector<Func> &tangents)> jvp;
    /// The adjoints of the inputs, one each, given that of the output, which is 0 outside `box`. Forward mode refuses a
    /// rule without `jvp`.
    std::function<std::vector<Func>(const std::vector<Func> &inputs, const Func &output, const Func &adjoint,
                                    const Region &box)>
        vjp;
    /// The region of each input that the output depends on, for outputs in `box`: {min, extent} per dimension. Left out,
    /// it is found by bounds inference, which cannot look into extern stages.
    std::function<std::vector<Region>(const Region &box)> needs;
};

/// The values of `output` with derivatives by `rule` in place of those of its definition, which may be an extern stage
/// or read some. Read the Func that is returned. `inputs` are the Funcs (Arrays and ImageParams convert) from which
/// `output` is made. A derivative by anything else it is made of throws Halide::CompileError, unless it is reached
/// through the inputs. Throws Halide::CompileError too if an input is none, and if what the rule returns has other
/// dimensions, values or types.
Func custom_rule(const Func &output, const std::vector<Func> &inputs, const FuncRule &rule);
/// The same for Arrays, such as what an extern_kernel() makes. The rule is given Funcs: `Array(inputs[0], extents)` is the
/// Array again, and `Array(adjoint, extents)` one to hand to another extern_kernel().
Array custom_rule(const Array &output, const Arrays &inputs, const FuncRule &rule);

/// What custom_rule() made of a Func, for the derivatives: null for all other Funcs.
struct RuledFunc {
    FuncRule rule;
    Func output;
    std::vector<Func> inputs;
    /// Calls the rule's `jvp` and checks what it returns.
    Func jvp(const std::vector<Func> &tangents) const;
    /// Calls `vjp` and checks what it returns.
    std::vector<Func> vjp(const Func &adjoint, const Region &box) const;
};
std::shared_ptr<const RuledFunc> rule_of(const Halide::Internal::Function &function);

/// The Functions that derivatives of `function` pass on to: those it reads, or the inputs of its rule.
std::vector<Halide::Internal::Function> differentiable_producers(const Halide::Internal::Function &function);
/// The Functions that `outputs` depend on as derivatives see it, producers first.
std::vector<Halide::Internal::Function>
differentiable_functions(const std::vector<Halide::Internal::Function> &outputs);

/// The keys of what a Func with a rule depends on without its inputs: a derivative by them would be lost.
struct HiddenByRule {
    std::set<std::string> leaves;     ///< inputs, parameters, buffers
    std::set<std::string> functions;  ///< Funcs on the way, which may be reached from the inputs too
};
HiddenByRule hidden_by_rule(const Halide::Internal::Function &function);
/// Throws the Halide::CompileError about `key`, hidden by the rule of `function`.
[[noreturn]] void refuse_hidden(const Halide::Internal::Function &function, const std::string &key);

}  // namespace sylvite
