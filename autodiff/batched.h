#pragma once

#include "frontend/graph.h"
#include "frontend/loop.h"

#include <map>
#include <set>

namespace sylvite {

/// A Function by what it stands for: an Array, of which there may be several handles, or itself. Nodes are held, lest
/// another one be taken for one that is gone.
using FunctionKey = std::pair<std::shared_ptr<const ArrayNode>, std::string>;
FunctionKey key_of(const Halide::Internal::Function &function);

/// What differs from element to element of a batch, found by following reads through Funcs, Arrays and loops. All reads
/// count, those in conditions too.
class Batched {
public:
    /// These differ: an Array, whatever its handle, or a Func; what has this ReadTarget::key.
    void add(const Halide::Internal::Function &function) { functions_.insert(key_of(function)); }
    void add(const std::string &key) { leaves_.insert(key); }
    /// Finds the loops that `outputs` depend on, and which of their states differ; to be called before one is asked.
    void learn(const std::vector<Halide::Internal::Function> &outputs);

    bool operator()(const Halide::Internal::Function &function);
    bool operator()(const Expr &e);
    bool operator()(const Array &array) { return (*this)(array.func().function()); }
    /// Whether elements make different numbers of steps. All states then differ.
    bool steps_of(const LoopNode &loop);

private:
    std::set<FunctionKey> functions_;
    std::set<std::string> leaves_;
    std::map<FunctionKey, bool> known_;

    bool any_of(const Reads &reads);
};

}  // namespace sylvite
