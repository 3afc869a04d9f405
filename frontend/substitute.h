#pragma once

#include "frontend/graph.h"
#include "frontend/program.h"

#include <map>
#include <set>

namespace sylvite {

/// Copies graphs while replacing Arrays, scalar parameters and loops in them.
///
/// Only what depends on something replaced is copied; the rest is shared with the original, and so are equal copies
/// asked for one after the other. A substitution may extend another, `outer`: what does not depend on its own
/// replacements is then left to the outer one. Copies are unscheduled and keep their names.
class Substitution {
public:
    explicit Substitution(Substitution *outer = nullptr) : outer_(outer) {}

    /// Reads of `from` (its node, whichever handle) become reads of `by`; ranks and types must be equal.
    void replace(const Array &from, const Array &by);
    /// The scalar parameter `name`, or a loop's step, becomes `by`.
    void replace(const std::string &name, const Expr &by);
    /// The results of `from`, and their histories, become those of another loop: `results[i]` for state i.
    void replace(const std::shared_ptr<const LoopNode> &from, const Arrays &results);

    /// From now on everything that is asked for is copied, whether it depends on a replacement or not: what comes out is
    /// the algorithm without its schedule.
    void copy_all() { everything_ = true; }

    /// Loops for which `builder_of` returns a builder are made by that, wherever they stand, with LoopOptions::capacity
    /// defined where the loop has a bound; all others that change by loop_like().
    using LoopBuilder =
        std::function<Arrays(const Expr &trips, const Arrays &init, const LoopBody &body, const LoopOptions &options)>;
    void rebuild(std::function<LoopBuilder(const LoopNode &)> builder_of);

    Expr operator()(const Expr &e);
    Func operator()(const Func &func);
    Array operator()(const Array &array);

    /// Whether a thing depends on what this substitution itself (not an outer one) replaces.
    bool touches(const Expr &e);
    bool touches(const Halide::Internal::Function &function);
    bool touches(const Array &array);

private:
    using Node = std::shared_ptr<const ArrayNode>;
    using LoopPtr = std::shared_ptr<const LoopNode>;

    // Keys are held: a node that is gone could otherwise be taken for another one at the same address.
    Substitution *outer_;
    std::map<Node, Array> arrays_;
    std::map<std::string, Expr> scalars_;
    std::map<LoopPtr, Arrays> loops_;
    std::function<LoopBuilder(const LoopNode &)> builder_of_;
    bool everything_ = false;

    std::map<std::string, bool> touched_functions_;
    std::map<LoopPtr, bool> touched_loops_;
    std::map<std::string, Halide::Internal::Function> functions_;  // copies and replacements, by name
    std::map<Node, Array> copied_arrays_;

    friend class SubstituteReads;
    void forget();
    bool touches(const LoopPtr &loop);
    bool touches(const Reads &reads);
    Halide::Internal::Function copy(const Halide::Internal::Function &function);
    Halide::Internal::Function mapped(const Halide::Internal::Function &function);
    Expr scalar(const std::string &name);
    Arrays copy_of(const LoopPtr &loop);
};

}  // namespace sylvite
