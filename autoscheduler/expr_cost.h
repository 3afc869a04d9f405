#pragma once

#include <Halide.h>

#include <vector>

namespace sylvite {

/// One read of a Func, image or buffer.
struct Read {
    std::string name;                        ///< Halide's, of what is read
    Halide::Internal::FunctionPtr function;  ///< undefined for images and buffers
    std::vector<Halide::Expr> args;
};

/// What evaluating an Expr once costs, in simple operations of a vector lane.
struct ExprCost {
    double operations = 0;    ///< arithmetic on values; indices are free
    std::vector<Read> reads;  ///< each distinct one once
    bool has_edges = false;   ///< whether a boundary condition has marked its usual case by `likely`
};

/// The cost of evaluating all of `values`. Shared parts count once. Where a boundary condition has marked the usual case
/// by `likely`, that case counts alone, since Halide gives the others loops of their own.
ExprCost cost_of(const std::vector<Halide::Expr> &values);

/// How the index `arg` moves with variable `name`: the coefficient when it is affine with constant coefficients, 0 when
/// it does not depend on it, none otherwise.
std::optional<int64_t> stride_along(const Halide::Expr &arg, const std::string &name);

}  // namespace sylvite
