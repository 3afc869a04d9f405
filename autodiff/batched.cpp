#include "autodiff/batched.h"

#include "autodiff/linear_form.h"

#include <algorithm>

using namespace Halide::Internal;

namespace sylvite {

namespace {

// The loops that Functions depend on, those in the bodies of others included.
std::vector<std::shared_ptr<const LoopNode>> loops_below(std::vector<Function> todo) {
    std::vector<std::shared_ptr<const LoopNode>> loops;
    std::set<std::string> seen;
    std::set<const LoopNode *> seen_loops;
    for (size_t next = 0; next < todo.size(); next++) {
        const Function function = todo[next];
        if (!seen.insert(function.name()).second) {
            continue;
        }
        const Reads reads = reads_of(function);
        todo.insert(todo.end(), reads.functions.begin(), reads.functions.end());
        const auto node = array_node(function);
        if (node && node->loop && seen_loops.insert(node->loop.get()).second) {
            loops.push_back(node->loop);
            for (const Arrays &arrays : {read_before(*node->loop), node->loop->next, node->loop->before}) {
                for (const Array &array : arrays) {
                    if (array.defined()) {
                        todo.push_back(array.func().function());
                    }
                }
            }
        }
    }
    return loops;
}

}  // namespace

FunctionKey key_of(const Function &function) {
    auto node = array_node(function);
    return node ? FunctionKey(std::move(node), "") : FunctionKey(nullptr, function.name());
}

void Batched::learn(const std::vector<Function> &outputs) {
    const auto loops = loops_below(outputs);
    for (bool changed = true; changed;) {
        changed = false;
        known_.clear();
        for (const auto &loop : loops) {
            const bool all = steps_of(*loop);
            const auto undone = [&](size_t i) {
                return !loop->before.empty() && loop->before[i].defined() && (*this)(loop->before[i]);
            };
            for (size_t i = 0; i < loop->state.size(); i++) {
                if (!(*this)(loop->state[i]) &&
                    (all || (*this)(loop->init[i]) || (*this)(loop->next[i]) || undone(i))) {
                    add(loop->state[i].func().function());
                    if (!loop->after.empty()) {
                        add(loop->after[i].func().function());
                    }
                    changed = true;
                }
            }
        }
    }
}

bool Batched::steps_of(const LoopNode &loop) {
    return loop.going < 0 ? (*this)(loop.trips) : (*this)(loop.init[loop.going]) || (*this)(loop.next[loop.going]);
}

bool Batched::any_of(const Reads &reads) {
    const auto is_leaf = [&](const auto &read) { return leaves_.count(target_of(read).key) > 0; };
    return std::any_of(reads.parameters.begin(), reads.parameters.end(), is_leaf) ||
           std::any_of(reads.buffers.begin(), reads.buffers.end(), is_leaf) ||
           std::any_of(reads.functions.begin(), reads.functions.end(),
                       [&](const Function &function) { return (*this)(function); });
}

bool Batched::operator()(const Expr &e) { return any_of(reads_of(std::vector<Expr>{e})); }

bool Batched::operator()(const Function &function) {
    const FunctionKey key = key_of(function);
    const auto &[node, name] = key;
    if (functions_.count(key) || leaves_.count(target_of(function).key)) {
        return true;
    }
    if (node && node->loop) {
        return (*this)(node->loop->state[node->index]);
    }
    if (const auto it = known_.find(key); it != known_.end()) {
        return it->second;
    }
    known_[key] = false;  // updates read their own Function
    const bool found = any_of(reads_of(function)) || (node && any_of(reads_of(node->extents)));
    return known_[key] = found;
}

}  // namespace sylvite
