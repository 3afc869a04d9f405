#pragma once

#include "autodiff/stages.h"

#include <functional>
#include <optional>

namespace sylvite {

/// An update stage whose iterations may read what earlier ones wrote, in any pattern: run again with a record of what
/// they read, and run backwards. An iteration may store several values, one after the other, once it has read all.
///
/// Both runs are Funcs of the stage's pure variables, a place and a slot. Slot 0 holds the values, or their adjoints,
/// at all places of the other dimensions, counted in one; slot 1 + k holds, by number of the iteration, what its k-th
/// read found; of the adjoints, slot 1 + e holds that of the element e that the iteration wrote. Cost, for each value of
/// the pure variables, with n iterations of m elements, p places and k different self-reads: time O((k + m)^2 n) unless
/// the first loop is unrolled (then O((k + m) n)) and memory (1 + k) max(n, p) for the record, which is kept only if a
/// coefficient, a condition or an index needs it; the same time and memory (1 + m) max(n, p) for the adjoints.
class Recurrence {
public:
    /// `box` holds all places of `function` that its stages write or read; `before` is `function` without this stage
    /// and the later ones.
    Recurrence(const Halide::Internal::Function &function, int stage, const StageForm &form, const Halide::Region &box,
               const Halide::Internal::Function &before);

    /// `e`, an Expr of an element of the stage, with the reads of its own Func taken from the record.
    Expr primal(const Expr &e);

    /// The adjoint of value `component` at a place, after the stage; undefined for zero.
    using AdjointAt = std::function<Expr(int component, const std::vector<Expr> &place)>;
    /// Runs the stage backwards from the adjoints of what it left. To be called once, before the two below.
    void reverse(const AdjointAt &after);
    /// The adjoint of the value that an iteration writes as this element: an Expr of the stage's variables. Undefined for
    /// integers.
    Expr adjoint_of_written(int component, int element) const;
    /// The adjoint at a place of what was there before the stage. Undefined for integers.
    Expr adjoint_before(int component, const std::vector<Expr> &place) const;

private:
    using Function = Halide::Internal::Function;
    Function function_, before_;
    int stage_;
    std::vector<StageForm> elements_;  // of one predicate, in the order in which they are stored
    Halide::Region box_;
    std::vector<bool> is_pure_;             // by dimension
    std::vector<std::string> pure_;         // names of the pure dimensions
    std::vector<std::vector<Expr>> reads_;  // places of the self-reads, those inside the arguments of others first
    std::vector<int> floats_;               // components that have adjoints
    Expr iteration_;                        // its number
    std::optional<Function> record_, adjoints_;

    std::vector<Expr> at(const std::vector<Expr> &place) const;
    std::vector<Expr> at_iteration(int slot) const;
    std::vector<Expr> unpack(const Expr &packed) const;
    Halide::Func start(const std::string &name, const std::vector<Halide::Type> &types,
                       const std::function<std::vector<Expr>(const std::vector<Expr> &)> &values) const;
    struct Step {
        std::vector<Expr> place, values;
    };
    std::vector<Expr> primals(std::vector<Expr> exprs);
    void run(Function &target, const std::vector<Step> &steps, bool backwards) const;
    bool has_own_predicate() const;
    static void keep_unless(const Expr &condition, const Function &target, Step &step);
    void record();
};

}  // namespace sylvite
