#pragma once

#include "autodiff/batched.h"
#include "autodiff/custom_rule.h"
#include "autodiff/vmap.h"
#include "frontend/substitute.h"

namespace sylvite {

/// Copies of what differs from element to element of a batch, with the dimensions of the batch after its own; the rest
/// is shared. What vmap() is made of.
///
/// A loop whose elements make different numbers of steps makes the most of them, masked: an element that is done keeps
/// its states. What the body reads, its states and what lies outside, is read as `select(mask, a, a)` with a second `a`
/// that has no derivative. Whatever a step computes of an element that is done, be it NaN or of infinite slope, thus
/// reaches neither other elements nor what they share, in no derivative of any order.
class BatchCopy {
public:
    /// With `extents`, those of the batch, Arrays and loops are copied too; without, Funcs only.
    BatchCopy(int dimensions, std::vector<Expr> extents);

    /// `values`, with the dimensions of the batch, stands for what has this ReadTarget::key, or for an Array.
    void add(const std::string &key, const Func &values);
    void add(const Array &input, const Array &values);

    /// The outputs for all elements, whether they differ or not.
    std::vector<Func> operator()(const std::vector<Func> &outputs);
    /// Those that differ for all elements, the others as they are.
    Arrays operator()(const Arrays &outputs);

private:
    using Function = Halide::Internal::Function;
    using LoopPtr = std::shared_ptr<const LoopNode>;

    // A loop around what is copied; level 0 is the program itself.
    struct Level {
        int outer = -1;
        std::function<bool(const Function &)> changes;  // from step to step; what does not is copied further out
        Func mask;                                      // of a masked loop: which elements go on
        std::map<FunctionKey, Function> copies, masked;
        std::map<LoopPtr, Arrays> loops;  // the results in the place of those of a loop
        Substitution shared;              // what stands for states and loops in what is the same for all elements
    };

    int dimensions_;
    std::vector<Expr> extents_;
    Batched batched_;
    std::map<std::string, Function> given_;  // by key
    std::vector<Level> levels_;

    int home_of(const Function &function, int level) const;
    int masked_loop(int level) const;

    // What a copy at `level` reads in the place of a Function: one with the dimensions of the batch, or the same.
    Function read(const Function &function, int level);
    // The same with the dimensions of the batch in any case.
    Function repeated(const Function &function, int level);
    Array repeated(const Array &array, int level);
    Expr rewritten(const Expr &e, int level, const std::vector<Expr> &at);
    friend class ReadBatch;

    Function copy(const Function &function, int level);
    Function copy_definition(const Function &function, int level);
    Array copy_array(const Function &function, int level);
    Array call_for_each(const ArrayNode &extern_kernel, int level);
    Function under_mask(const Function &function, const Function &values, int level);
    std::vector<Expr> extents_of(const Array &array);
    std::vector<std::string> batch_of(const Function &function) const;
    std::vector<std::string> arguments_of(const Function &function) const;

    // Rules of Funcs: batch_rule.cpp.
    Function with_batched_rule(const RuledFunc &ruled, const RuledFunc &batched, int level) const;
    std::vector<Func> of_rule(const std::vector<Func> &outputs, const std::vector<Batch> &batch, int level) const;

    // Loops: batch_loop.cpp.
    Arrays loop(const LoopPtr &node, int level);
    Arrays in_step(const LoopPtr &node, const Arrays &init, int level);
    Arrays masked_count(const LoopPtr &node, const Arrays &init, int level);
    Arrays masked_while(const LoopPtr &node, Arrays init, int level);
    using Mask = std::function<Expr(const Expr &step, const Arrays &state)>;  // at batch_place(); null: all go on
    LoopOptions undone_by(const LoopPtr &node, int level, const Mask &made_it);
    int enter(const LoopPtr &node, const Arrays &states, int level, const Expr &step, const Arrays &state,
              const Mask &mask = nullptr);
    Arrays masked_step(const Arrays &made_of_one, int level, const Arrays &state);
    Arrays leave(int level, Arrays next);
    Array largest(const std::string &name, const Array &each) const;
    Expr goes_on(int level, const std::vector<Expr> &at) const { return levels_[level].mask(at); }
    Expr if_it_goes_on(const Expr &count, int level) const;
    std::vector<Halide::Var> batch_variables() const;
    std::vector<Expr> batch_place() const;
};

}  // namespace sylvite
