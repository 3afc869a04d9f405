#pragma once

#include "autodiff/autodiff.h"

namespace sylvite {

/// A Func near a point: evaluated once there, its derivative is then pushed along many directions.
///
/// `tangent` is linear in `directions` and reads of the rest only what is kept, so it stays at the point when the inputs
/// change. What it needs is in `residuals`: coefficients of stages without an RDom are worked out, of others the values
/// that they are made of are kept; recurrences run again. Scalars are kept as parameters, for bounds of RDoms and of
/// regions may depend on them. To use it: give `kept[i]` and `residuals[i]` one Buffer, and `kept_scalars[i]` the value
/// of `scalars[i]`, as evaluate() does; or give `kept[i]` a place in a pipeline of your own. Names of parameters are
/// unique, so several tangents may stand in one pipeline.
struct Linearized {
    Func output;
    std::vector<Func> residuals;
    std::vector<Halide::ImageParam> kept;         ///< as many as residuals, of the same types and dimensions
    std::vector<Expr> scalars;                    ///< scalar parameters of the output, and sizes of images
    std::vector<Halide::Parameter> kept_scalars;  ///< as many as scalars, of the same types
    std::vector<Halide::ImageParam> directions;   ///< as many as inputs, of the same types and dimensions
    Func tangent;                                 ///< of the type and dimensions of the output

    /// Computes the residuals that `tangent` needs on `sizes` (from 0) at the present values of all inputs, and keeps
    /// them; what only a custom_rule() within the tangent reads, for derivatives of it, gets no Buffer. To be called once
    /// `directions` have Buffers or sizes can be inferred without them.
    void evaluate(const std::vector<int> &sizes,
                  const Halide::Target &target = Halide::get_jit_target_from_environment());

private:
    void keep_scalars(const Halide::Target &target);
};

/// The linearisation of an output with one float value. Throws Halide::CompileError as jvp() does.
Linearized linearize(const Func &output, const std::vector<Input> &inputs);

}  // namespace sylvite
