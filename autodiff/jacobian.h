#pragma once

#include "autodiff/autodiff.h"

namespace sylvite {

/// Matrices of derivatives as Funcs: of the output's variables first, then those of the input. Both have one value, a
/// float. An element costs as much as an element of jvp() or vjp() does, so the whole costs one of these for each
/// element of the input (forward) or of the output (reverse).

/// d output / d x by forward mode, right wherever it is read. For more outputs than inputs.
Func jacobian(const Func &output, const Input &x);
/// The same by reverse mode, for outputs in `box`; 0 elsewhere. For fewer outputs than inputs.
Func jacobian(const Func &output, const Region &box, const Input &x);

/// The second derivatives of a Func without dimensions, forward over reverse: a Func of the variables of x, twice.
Func hessian(const Func &loss, const Input &x);

/// The Jacobian of an output each element of which depends on a window of the input.
struct BandedJacobian {
    /// Of the output's variables, then one variable per dimension of the input, which counts from the first element in
    /// the window: values(i..., k...) = d output(i...) / d x(first(i...) + k...).
    Func values;
    /// The first element of the window, Exprs of `variables`, the output's.
    std::vector<Expr> first;
    std::vector<Halide::Var> variables;
    /// The extents of the window.
    std::vector<int> extents;
};
/// Inputs that no output depends on together get the same colour and move at once, so this takes as many evaluations of
/// jvp() as there are elements in the window, whatever the size of the input. The window is that of bounds inference.
/// Throws Halide::CompileError if its size is not bounded by a constant: use jacobian().
BandedJacobian banded_jacobian(const Func &output, const Input &x);

}  // namespace sylvite
