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
    /// A pipeline that is no part of a program, as that of a Halide generator: `inputs` is empty, `scalars` has buffers
    /// too, in the order of the arguments, outputs may be Tuples, and all arrays lie where the caller's do, not at 0.
    /// Extents of outputs are what the autoscheduler expects.
    bool alone = false;
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
    std::vector<bool> has_history;  ///< per state: whether its values at the starts of steps are read
    std::vector<bool> has_stack;    ///< per state: whether its values at the ends of steps are read
    Block body;

    bool keeps(int state) const { return has_history[state] || has_stack[state]; }
};

/// The kernels and loops of a program, each thing where frontend/homes.h says; Arrays that only one kernel needs are not
/// kept.
Block blocks_of(const Program &program);

/// All kernels of a block, nested ones included, in order.
std::vector<Kernel> kernels_of(const Block &block);
std::vector<Kernel> kernels_of(const Program &program);

/// A kernel as Halide Funcs of its own, free to be scheduled: `outputs` compute kernel.outputs, `images[i]` is
/// kernel.inputs[i], with its extents set. Names of Funcs are as in the program. Outputs of the same extents, one after the
/// other, that are the elements of one Tuple at their own points are computed by that Tuple, in one nest of loops.
struct KernelPipeline {
    std::vector<Func> outputs;
    std::vector<size_t> first_outputs;  ///< per Func in `outputs`: the first of the kernel's outputs that it computes
    std::vector<Halide::ImageParam> images;
    /// The Funcs that may be scheduled, producers first: all but those that only read an Array.
    std::vector<Halide::Internal::Function> stages;
    /// The arguments of the compiled kernel: scalars (with buffers, if it is alone), then images (outputs follow).
    std::vector<Halide::Argument> arguments(const Kernel &kernel) const;
};
KernelPipeline instantiate(const Kernel &kernel);

/// Gives buffer `to` the constant constraints and estimates of `from`: places, extents, strides, alignment.
void copy_layout(const Halide::Parameter &from, Halide::Parameter to);

}  // namespace sylvite
