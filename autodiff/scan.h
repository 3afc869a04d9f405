#pragma once

#include "autodiff/stages.h"

#include <functional>
#include <map>
#include <optional>

namespace sylvite {

/// An update stage that writes each place at most once and reads of its own Func only places at a constant distance:
/// those that it wrote before (or never writes), and its own. Scans, recursive filters, integral images, wavefronts,
/// stencils in time.
///
/// Run backwards it is a scan again, and what it read is still there when it ends: no record is kept. Cost: one sweep
/// of the size of the primal; memory: one array of the size of the Func.
class Scan {
public:
    /// The stage as a scan, if it is one.
    static std::optional<Scan> of(const Halide::Internal::Function &function, int stage, const StageForm &form);

    /// `e`, an Expr of the stage, with reads of what earlier iterations wrote made reads of `after`, the Func after the
    /// stage, and reads of the stage's own place made reads of `before`.
    Expr primal(const Expr &e, const Halide::Internal::Function &before, const Halide::Internal::Function &after) const;

    /// Whether the stage writes a place: an Expr of the pure variables.
    Expr writes(const std::vector<Expr> &place) const;
    /// Whether what the current iteration reads at `place` was there before the stage. Undefined: always.
    Expr reads_old(const std::vector<Expr> &place) const;

    /// Runs the stage backwards from the adjoints of what it left, given for a component and a place; undefined is zero.
    /// `primal` is applied to what the coefficients read. To be called once, before adjoint_of_written.
    void reverse(const std::function<Expr(int component, const std::vector<Expr> &place)> &after,
                 const std::function<Expr(const Expr &)> &primal);
    /// The adjoint of the value that an iteration writes: an Expr of the stage's variables. Undefined for integers.
    Expr adjoint_of_written(int component) const;

private:
    using Function = Halide::Internal::Function;
    struct Axis {
        size_t dimension;
        int sign;     // the index is sign * r + offset
        Expr offset;  // free of loop variables
    };
    struct Read {
        std::vector<Expr> place;
        std::vector<int> delay;  // by reduction variable: how many steps ago that place was written
    };
    Function function_;
    StageForm form_;
    std::vector<Halide::Internal::ReductionVariable> rvars_;
    std::vector<Axis> axes_;  // by reduction variable
    std::vector<Read> reads_;

    std::vector<int> floats_;  // components that have adjoints
    int stage_ = 0;
    std::optional<Function> adjoints_;

    const Read &read_at(const std::vector<Expr> &place) const;
    Expr predicate_at(const std::map<std::string, Expr> &iteration) const;
    Expr is_iteration(const std::vector<int> &steps) const;
    std::map<std::string, Expr> at_distance(const std::vector<int> &steps, bool held) const;
};

}  // namespace sylvite
