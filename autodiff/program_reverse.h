#pragma once

#include "autodiff/activity.h"
#include "autodiff/reverse.h"

namespace sylvite {

/// Reverse derivatives of Arrays: a loop that the inputs reach gets a loop that runs backwards. Its states are the
/// adjoints of the loop's states and, summed up, of what the body reads from outside; the states that its steps need
/// are read from the loop's history.
class ProgramReverse {
public:
    /// `wanted` are the keys of what derivatives will be asked by. `is_local` says which Funcs belong to the level of
    /// control flow that is swept: everything, or what changes in the loop whose body it is.
    ProgramReverse(std::set<std::string> wanted, std::function<bool(const Halide::Internal::Function &)> is_local);

    /// The loss depends on `output` with derivative `adjoint`, on the whole box.
    void add_root(const Array &output, const Array &adjoint);
    /// Sweeps the loops that the roots depend on, last loop first. To be called once, after the last add_root.
    void sweep();

    /// Adjoints of what the loops of this level capture are added to `sum`, an Array, from the last loop to the first;
    /// the total is then sum(target). Sums then run in the same order however loops are nested.
    void add_to(const ReadTarget &target, const Array &sum) { sums_[target] = sum; }
    const Array &sum(const ReadTarget &target) const { return sums_.at(target); }

    /// The adjoint of an Array read by Array::func(), of a scalar parameter (no dimensions), without what is in its sum;
    /// undefined if zero.
    Func adjoint(const Array &array);
    Func adjoint(const Halide::Parameter &parameter);

private:
    struct LoopReads {
        std::shared_ptr<const LoopNode> node;
        std::vector<LoopRead> reads;
    };

    std::set<std::string> wanted_;
    std::function<bool(const Halide::Internal::Function &)> is_local_;
    Reverse reverse_;
    Arrays roots_;
    std::map<ReadTarget, Array> sums_;

    std::vector<LoopReads> loops_last_first();
    Array adjoint_of_state(const LoopReads &loop, int index, ArrayNode::Kind kind);
    void sweep(const LoopReads &loop);
};

}  // namespace sylvite
