#pragma once

#include "autoscheduler/check_gradients/check_gradients.h"

namespace sylvite::comparison {

/// Something with inputs that can be moved, and the derivatives of it that are to be checked.
struct System {
    struct Slot {
        std::string name;
        Halide::Buffer<> values;     ///< what the functions below read; scalars have no dimensions
        std::function<void()> push;  ///< makes a change of `values` known
    };
    std::vector<Slot> inputs;
    std::vector<Halide::Buffer<>> weights;  ///< of the outputs
    std::function<std::vector<Halide::Buffer<>>()> outputs;
    /// The derivatives of <weights, outputs> by all inputs, and by one element of one.
    std::function<std::vector<Halide::Buffer<>>()> reverse;
    std::function<double(size_t input, const std::vector<int> &element)> forward;
};

/// Throws Halide::CompileError for options by which nothing would be compared.
void require_something_to_compare(const GradientCheckOptions &options);

/// Compares the derivatives of a system with differences, and adds to the report.
void compare(System &system, int order, const GradientCheckOptions &options, GradientReport &report);

/// The element of a Buffer of floats.
double element(const Halide::Buffer<> &buffer, const std::vector<int> &at);
void set_element(Halide::Buffer<> &buffer, const std::vector<int> &at, double value);

/// sum a[i] b[i] over all elements of all Buffers, which are as many.
double dot(const std::vector<Halide::Buffer<>> &a, const std::vector<Halide::Buffer<>> &b);

/// A Buffer on {min, extent} with values in [0.5, 1.5] of either sign, which depend on `seed` alone.
Halide::Buffer<> random_weights(Halide::Type type, const std::vector<std::pair<int, int>> &box, unsigned seed);

}  // namespace sylvite::comparison
