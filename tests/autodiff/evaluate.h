#pragma once

#include "frontend/array.h"

#include <memory>
#include <string>
#include <vector>

namespace sylvite::testing {

/// Numbers in a box; at(...) of a place outside of it throws std::out_of_range.
struct Grid {
    std::vector<int> mins, extents;  ///< by dimension; none for a single number
    std::vector<long double> values;

    /// All zero.
    Grid(std::vector<int> mins, std::vector<int> extents);
    long double &at(const std::vector<int> &place);
};

/// The Exprs of one stage of a Func, 0 is the pure definition, with Lets expanded.
struct StageExprs {
    std::vector<Expr> args, values;
    Expr predicate;
    struct Loop {
        std::string name;
        Expr min, extent;
    };
    std::vector<Loop> loops;  ///< the innermost first
};
StageExprs stage_exprs(const Halide::Internal::Function &function, int stage);

/// Computes single elements of Funcs from their definitions, on demand and each once, without compiling anything.
///
/// An oracle and a quick way to evaluate large graphs at few places: it knows no bounds, schedules or rules. What is not
/// chosen (by select, if_then_else, mux, && and ||) is not computed, which differs from compiled code only in time.
class Evaluator {
public:
    /// as_typed: each operation is rounded to its type. exact: all floats are long doubles, whatever their type.
    enum class Arithmetic { as_typed, exact };
    explicit Evaluator(Arithmetic arithmetic = Arithmetic::as_typed);
    ~Evaluator();

    /// The values of an ImageParam or scalar Param. What was computed before is forgotten.
    void set(const std::string &parameter, const Grid &values);
    /// Throws std::runtime_error for extern stages and operations that it does not know, std::out_of_range for reads
    /// outside of an image.
    long double operator()(const Func &func, const std::vector<int> &place, int component = 0);
    /// Computes a stage from other Exprs than the Func's own. What was computed before is forgotten.
    void replace(const Halide::Internal::Function &function, int stage, const StageExprs &exprs);

private:
    class Machine;
    std::unique_ptr<Machine> machine_;
};

}  // namespace sylvite::testing
