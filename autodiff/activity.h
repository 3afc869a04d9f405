#pragma once

#include "autodiff/linear_form.h"
#include "frontend/program.h"

#include <map>
#include <set>

namespace sylvite {

/// What may depend on a set of targets, found by following reads through Funcs, Arrays and loops. It errs on the safe
/// side: reads in conditions and of other states of a loop count.
class Activity {
public:
    explicit Activity(std::set<std::string> keys) : keys_(std::move(keys)) {}

    bool depends(const Halide::Internal::Function &function);
    bool depends(const Array &array) { return depends(array.func().function()); }
    bool depends(const LoopNode &loop);
    bool depends(const Halide::Parameter &parameter) const { return keys_.count(target_of(parameter).key); }
    const std::set<std::string> &keys() const { return keys_; }

private:
    std::set<std::string> keys_;
    std::map<std::string, bool> functions_;
    std::map<const LoopNode *, bool> loops_;
};

/// The float states of a loop whose values may depend on `keys`.
std::vector<bool> active_states(const LoopNode &loop, const std::set<std::string> &keys);

/// A loop result or history that Funcs read, and the loops among them.
struct LoopRead {
    Halide::Internal::Function function;
    std::shared_ptr<const ArrayNode> node;
};

/// Calls `visit` on every Function that `arrays` depend on, each once, going into loops; below a Function for which it
/// returns false it does not go on.
void walk_deep(const Arrays &arrays, const std::function<bool(const Halide::Internal::Function &)> &visit);
void walk_deep(const Halide::Internal::Function &function,
               const std::function<bool(const Halide::Internal::Function &)> &visit);

/// Which Functions in the body of `loop`, those of loops inside it included, differ from step to step.
std::function<bool(const Halide::Internal::Function &)> changing_in(const LoopNode &loop);

}  // namespace sylvite
