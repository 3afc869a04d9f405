#pragma once

#include "autodiff/autodiff.h"

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <random>

namespace sylvite::testing {

/// A Func to differentiate: out = build(in) on `box`, for an `in` of the given sizes.
struct Case {
    std::string name;
    std::vector<int> in_sizes;
    std::vector<std::pair<int, int>> box;  ///< {min, extent} of the output
    std::function<Func(Func in)> build;
    double low = 0.2, high = 1.8;  ///< where the inputs are drawn from
    int in_min = 0;
};

/// How the derivative Funcs are scheduled.
enum class Placement { inlined, all_roots };

/// Derivatives of a Func and its values near by.
struct Observation {
    Halide::Buffer<double> direction, weights;   ///< v, for the input, and u, for the output
    Halide::Buffer<double> tangent, adjoint;     ///< Jv, and J'u on the input's box with a margin
    std::array<Halide::Buffer<double>, 4> near;  ///< the output at x + t v, t in observed_steps
};
inline constexpr std::array<double, 4> observed_steps = {1e-3, -1e-3, 5e-4, -5e-4};

/// What is wrong with derivatives, or an empty text: Jv against central differences with one Richardson step, <u, Jv> =
/// <J'u, v> to 1e-10, J'u zero outside the input; also that nothing is NaN.
std::string judge(const Observation &seen);

/// Checks in double precision, with random inputs of the given seed, that judge() finds nothing wrong in jvp and vjp.
void check_derivatives(const Case &c, Placement placement, unsigned seed);

/// Checks for the loss sum(u f + f^2 / 2) in double precision: hvp() against central differences of grad(), and that the
/// gradient of <grad, v> says the same.
void check_second_order(const Case &c, unsigned seed);

/// Computes everything that the Funcs depend on at root.
void compute_all_at_root(const std::vector<Func> &outputs);

/// The baseline target: the fastest to compile for.
Halide::Target quick_target();

Halide::Buffer<double> random_buffer(const std::vector<int> &sizes, std::mt19937 &random, double low, double high);

}  // namespace sylvite::testing
