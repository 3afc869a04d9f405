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

/// The remark that stands in the IR as this constant, or null; `constant_for` makes another such constant. For the
/// walks of the project that copy Funcs.
std::shared_ptr<const Remark> remark_in(const Halide::Internal::UIntImm *constant);
Expr constant_for(std::shared_ptr<const Remark> remark);

}  // namespace sylvite
