#pragma once

#include <Halide.h>

#include <functional>
#include <memory>
#include <vector>

namespace sylvite {

using Halide::Expr;

/// Something to know about an Expr that does not change its value, such as a rule for its derivative. Halide's walks,
/// copies and back ends carry it along.
struct Remark {
    virtual ~Remark() = default;
    /// The Funcs that the remark speaks of, other than by the Expr's own operands.
    std::vector<Halide::Internal::Function> functions;
    /// The same remark on a copy, which speaks of these Funcs in their place.
    virtual std::shared_ptr<const Remark> with(std::vector<Halide::Internal::Function> functions) const = 0;
};

/// `e` with a remark on how it depends on `operands`: return_second(return_second(operand, ... remark), e), which all
/// back ends compile to `e`.
Expr with_remark(const Expr &e, std::shared_ptr<const Remark> remark, const std::vector<Expr> &operands = {});

/// An Expr that with_remark() made, or nulls.
struct Remarked {
    std::shared_ptr<const Remark> remark;
    Expr value;
    std::vector<Expr> operands;
};
Remarked remark_on(const Expr &e);

/// What stands in a copy of a graph for a constant: for one that is a remark on Funcs, the same remark on those that
/// `copy` gives for them; else the constant. To be called by every mutator that gives Funcs others in their place.
Expr copy_remark(const Halide::Internal::UIntImm *constant,
                 const std::function<Halide::Internal::Function(const Halide::Internal::Function &)> &copy);

}  // namespace sylvite
