#pragma once

#include "interpreter_numbers.h"

#include <Halide.h>

#include <map>
#include <string>
#include <vector>

namespace sylvite::testing {

/// What a node of a tape computes from its operands.
enum class Op {
    number,    ///< a constant
    variable,  ///< loop variable `index`
    scalar,    ///< the value of scalar parameter `index`
    element,   ///< of the image `index`, at the operands
    low,       ///< the first place of image `index` in dimension `component`
    extent,    ///< how many places there are
    call,      ///< value `component` of the Func `index`, at the operands
    cast,      ///< to the node's type
    unary,     ///< of floats
    binary,    ///< of floats
    is_nan,
    is_inf,
    is_finite,
    add,  ///< from here on of integers
    sub,
    mul,
    div,
    mod,
    min,
    max,
    abs,
    absd,
    div_round_to_zero,
    mod_round_to_zero,
    bit_and,
    bit_or,
    bit_xor,
    bit_not,
    shift_left,
    shift_right,
    eq,  ///< comparisons of whatever the operands are
    ne,
    lt,
    le,
    gt,
    ge,
    logical_and,
    logical_or,
    logical_not,
    select,
    mux,
    same,     ///< the value of operand 0
    second,   ///< the value of operand 1
    stopped,  ///< the value of operand 1, of which no derivative is taken
    lerp,
};

/// One operation of a stage. Shared subexpressions are one node.
struct Node {
    Op op = Op::number;
    Halide::Type type;
    std::vector<int> operands;  ///< nodes
    int index = 0, component = 0;
    int64_t integer = 0;
    double real = 0;
    const UnaryFunction *unary = nullptr;
    const BinaryFunction *binary = nullptr;
};

/// The Exprs of one stage as a list of nodes, operands before results, and what they read.
struct Tape {
    std::vector<Node> nodes;
    std::vector<int> predicate;  ///< nodes of a conjunction
    struct Range {
        int min, extent;
    };
    std::vector<Range> ranges;  ///< nodes: of the reduction variables, the innermost first
    std::vector<Halide::Internal::Function> functions;
    std::vector<Halide::Parameter> parameters;  ///< scalars
    struct Image {
        std::string name;
        Halide::Buffer<> buffer;  ///< undefined for images that must be bound
    };
    std::vector<Image> images;
    struct Element {
        std::vector<int> args, values;  ///< nodes
        /// By value: the nodes whose maximum or minimum over an RDom it is, besides its old value, which comes first. All
        /// that are equal share the derivative evenly, so the interpreter counts how many there were.
        std::vector<std::vector<int>> contestants;
        std::vector<bool> keeps;  ///< by value: whether it stays what it was
    };
    std::vector<Element> elements;  ///< of what the stage stores at once, in this order
};

/// The tape of a stage of `function`, 0 is its pure definition. The pure variables are loop variables 0, 1, ..., the
/// reduction variables follow. Throws std::runtime_error, which begins with "no such operation", for what Op does not
/// have.
Tape tape_of(const Halide::Internal::Function &function, int stage);

}  // namespace sylvite::testing
