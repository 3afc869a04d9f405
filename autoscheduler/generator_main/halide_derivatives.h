#pragma once

#include "autoscheduler/generator_main/halide_algorithm.h"

namespace sylvite {

/// Derivatives of a Halide generator's algorithm are algorithms. What autodiff/program.h says of a Program's holds for
/// them, names of what they add included. Buffers have the places and sizes that the caller gives them: `adjoint_y`
/// counts where it is defined. Tangents and adjoints have the constraints and estimates of what they belong to; those of
/// a scalar are buffers without dimensions. Each value of a Tuple y has an adjoint of its own, `adjoint_y_0`, ...
/// All throw Halide::CompileError when an input is unknown or has no derivative.
HalideAlgorithm jvp(const HalideAlgorithm &algorithm, const std::vector<std::string> &wrt);
HalideAlgorithm vjp(const HalideAlgorithm &algorithm, const std::vector<std::string> &wrt);
HalideAlgorithm grad(const HalideAlgorithm &algorithm, const std::vector<std::string> &wrt);
HalideAlgorithm hvp(const HalideAlgorithm &algorithm, const std::vector<std::string> &wrt);

}  // namespace sylvite
