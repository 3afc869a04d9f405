#pragma once

#include "frontend/program.h"

#include <functional>
#include <string>
#include <vector>

namespace sylvite::testing {

/// How the control flow of a program is written down.
struct Flow {
    Type type = Halide::Float(64);
    bool unrolled = false;       ///< as a chain of Funcs, by loops and ifs of C++ that know the data: the oracle
    std::vector<Memory> memory;  ///< of loops, outermost first; the last one holds for all further in
};

/// What the programs read: rows of `n` elements, and one row for each of `steps` steps. Their values must be near 1.
struct World {
    static constexpr int n = 3, steps = 3;
    explicit World(const Flow &flow);

    Halide::Param<int> count{"count"};  ///< `steps`, known at run time only
    Array a, b, u, rows;                ///< inputs of the program or, unrolled, what ImageParams of these names hold

    std::vector<ProgramInput> inputs() const { return {a, b, u, rows, count}; }
};

/// A row in, a row out; `step` is that of the loop around, as a float.
using Inside = std::function<Array(const Array &row, const Expr &step)>;

/// One construct of control flow around something.
struct Construct {
    std::string name;
    bool keeps_states;  ///< whether it is a loop to which LoopOptions::memory applies
    std::function<Array(const Flow &flow, const World &world, const Array &row, const Inside &inside)> apply;
};
const std::vector<Construct> &constructs();

/// The construct, or one within the other, around a kernel that is not linear in anything, as a program with the output
/// `y`, a row, or with `as_loss` the scalar `loss`, a sum of its squares.
Program matrix_program(const std::vector<const Construct *> &nest, const Flow &flow, bool as_loss);
/// The same unrolled, as a Func.
Func matrix_func(const std::vector<const Construct *> &nest, bool as_loss);

}  // namespace sylvite::testing
