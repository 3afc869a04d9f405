#pragma once

#include "frontend/program.h"

#include <variant>

namespace sylvite {

/// A piece of a program that Halide compiles as one pipeline: it computes `outputs` from `inputs` and `scalars`.
struct Kernel {
    std::string name;  ///< unique in its program and stable from build to build
    Arrays inputs;     ///< Arrays that lie in memory: program inputs, states, results, outputs of other kernels
    std::vector<Halide::Parameter> scalars;
    Arrays outputs;  ///< Arrays of kind Value
};

struct Loop;
using Step = std::variant<Kernel, std::shared_ptr<const Loop>>;

/// Kernels and loops in an order in which they may run.
struct Block {
    std::vector<Step> steps;
};

struct Loop {
    std::shared_ptr<const LoopNode> node;
    std::string name;               ///< unique in its program
    std::vector<bool> has_history;  ///< per state: whether its history is read
    Block body;
};

/// The kernels and loops of a program. What does not change in a loop is computed before it; Arrays that only one
/// kernel needs are not kept.
Block blocks_of(const Program &program);

/// All kernels of a block, nested ones included, in order.
std::vector<Kernel> kernels_of(const Block &block);
std::vector<Kernel> kernels_of(const Program &program);

/// A kernel as Halide Funcs of its own, free to be scheduled: `outputs[i]` computes kernel.outputs[i], `images[i]` is
/// kernel.inputs[i], with its extents set. Names of Funcs are as in the program.
struct KernelPipeline {
    std::vector<Func> outputs;
    std::vector<Halide::ImageParam> images;
    /// The Funcs that may be scheduled, producers first: all but those that only read an Array.
    std::vector<Halide::Internal::Function> stages;
    /// The arguments of the compiled kernel: scalars, then images (outputs follow).
    std::vector<Halide::Argument> arguments(const Kernel &kernel) const;
};
KernelPipeline instantiate(const Kernel &kernel);

}  // namespace sylvite
