#pragma once

#include "frontend/program.h"

#include <functional>
#include <string>
#include <vector>

namespace sylvite::testing {

/// Ways to keep the states of a loop: those of Memory.
enum class Keep { unsaid, store_all, sqrt, binomial, recompute, budget, reversible };
const char *to_string(Keep keep);

/// How the control flow of a program is written down.
struct Flow {
    bool unrolled = false;   ///< as a chain of Funcs, by loops and ifs of C++ that know the data: the oracle
    int element = 0;         ///< unrolled: of the batch, whose elements make different numbers of steps; see World
    std::vector<Keep> keep;  ///< of loops, outermost first; the last one holds for all further in
    int budget = 100;        ///< bytes for each element of a row, which three snapshots take of a loop that is alone
};

/// What the programs read, all of f64: rows of `size` elements, and one row for each of `steps` steps; both numbers are
/// known at run time only. Values must be near 1; those of a and b in element 1 of a batch near 2, where loops make more
/// steps or fewer and branches turn the other way.
struct World {
    static constexpr int size = 3, steps = 3;
    explicit World(const Flow &flow);

    Expr n, count;        ///< unrolled, `size` and `steps`; else parameters
    Array a, b, u, rows;  ///< inputs of the program or, unrolled, what ImageParams of these names hold

    std::vector<ProgramInput> inputs() const;
};

/// A row in, a row out; `step` is that of the loop around, as a float.
using Inside = std::function<Array(const Array &row, const Expr &step)>;

/// One construct of control flow around something.
struct Construct {
    std::string name;
    std::vector<Keep> keeps;  ///< the ways to keep states that it takes: none where it has no steps
    bool in_pairs;            ///< whether it stands in nests of two, too
    std::function<Array(const Flow &flow, const World &world, const Array &row, const Inside &inside)> apply;
};
const std::vector<Construct> &constructs();

/// The construct, or one within the other, around a kernel that is not linear in anything, as a program with the output
/// `y`, a row, or with `as_loss` the scalar `loss`, the sum of its squares.
Program matrix_program(const std::vector<const Construct *> &nest, const std::vector<Keep> &keep, bool as_loss = false);
/// What gives y, unrolled, as a Func.
Func matrix_func(const std::vector<const Construct *> &nest, int element);

}  // namespace sylvite::testing
