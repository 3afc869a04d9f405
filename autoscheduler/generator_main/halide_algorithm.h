#pragma once

#include "frontend/blocks.h"

#include <map>
#include <string>
#include <vector>

namespace sylvite {

/// What a `Halide::Generator<>` computes, and what derivatives of it compute, without any schedule.
struct HalideAlgorithm {
    /// Func with its name in the compiled function; the constraints and estimates of its buffers are on the Func.
    struct Output {
        std::string name;
        Func func;  ///< a Tuple has a buffer for each value
        /// The names of its buffers: `y`, or `y_0`, `y_1` of a Tuple.
        std::vector<std::string> buffer_names() const;
    };
    std::string name;                       ///< of the generator
    std::vector<Halide::Parameter> inputs;  ///< buffers and scalars, in the order of the arguments
    std::vector<Output> outputs;            ///< likewise

    /// The input of that name. Throws Halide::CompileError that lists the names when there is none.
    const Halide::Parameter &input(const std::string &name) const;
};

/// Whether a Halide::Generator<> of that name is linked in.
bool is_halide_generator(const std::string &name);

/// A generator of Halide's registry for the target, with its GeneratorParams set. `autoscheduled` is what its
/// using_autoscheduler() tells it. Throws Halide::CompileError, which names the parameter, on unknown GeneratorParams and on
/// values that they cannot have.
Halide::Internal::AbstractGeneratorPtr create_halide_generator(const std::string &name, const Halide::Target &target,
                                                               const std::map<std::string, std::string> &params,
                                                               bool autoscheduled);

/// Runs the generator and leaves out its schedule: tilings, but also bound(), memoize(), and how outputs are traced.
/// Outputs of arrays are called `y_0`, `y_1`, as inputs are. Throws Halide::CompileError where there are extern stages,
/// which have no algorithm, and where the algorithm asks for the extents of an output.
HalideAlgorithm algorithm_of(Halide::Internal::AbstractGenerator &generator);

/// The algorithm as a kernel that is alone, called `main` in schedules.
Kernel kernel_of(const HalideAlgorithm &algorithm);

}  // namespace sylvite
