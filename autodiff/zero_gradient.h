#pragma once

#include "autodiff/autodiff.h"

#include <string>
#include <vector>

namespace sylvite {

/// Why all derivatives of the float values of `outputs` by `x` are zero by construction, as one sentence: that nothing
/// depends on x, or by way of which Funcs it does, and where each way is cut: in which stage, by which operation without
/// a derivative (an integer cast, a comparison, floor, stop_gradient), in which Expr. Of several ways one with the fewest
/// cuts is named. Empty where there is a way along which derivatives may differ from zero.
///
/// It looks at operations, not at values: coefficients that happen to be zero are not seen. Goes into the loops of
/// programs. Empty too where the outputs are made of derivatives, through which alone x is reached or was lost: they are
/// often zero for good reasons, as those of a linear Func are. Cost: one walk over the graph.
std::string why_zero(const std::vector<Func> &outputs, const Input &x);

/// Says so as a Halide warning, behind the line at which x was given where that is known; it goes to the CompileTimeErrorReporter if one is set.
void warn_if_zero(const std::vector<Func> &outputs, const Input &x);

/// `f`, known as a derivative from now on: by a tag that has no effect on what is compiled.
Func as_derivative(Func f);

}  // namespace sylvite
