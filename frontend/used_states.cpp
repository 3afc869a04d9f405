#include "frontend/used_states.h"

#include "frontend/graph.h"
#include "frontend/loop.h"

using namespace Halide::Internal;

namespace sylvite {

namespace {

using Kind = ArrayNode::Kind;
using LoopPtr = std::shared_ptr<const LoopNode>;

// Follows what outputs are made of, through those states of loops only that they need.
class UsedStates {
public:
    std::vector<LoopPtr> loops;  // in order of discovery

    bool is_used(const LoopPtr &loop, int index) const { return used_.count({loop.get(), index}) > 0; }

    void use(const Array &array) { use(array.node()); }

private:
    std::map<const ArrayNode *, std::pair<LoopPtr, int>> states_;  // those of known loops, before and after a step
    std::set<std::pair<const LoopNode *, int>> used_;
    std::set<const ArrayNode *> seen_;
    std::set<const LoopNode *> seen_loops_;
    std::set<std::string> functions_;

    void use(const std::shared_ptr<const ArrayNode> &node) {
        if (!seen_.insert(node.get()).second) {
            return;
        }
        if (node->loop) {
            use(node->loop);
            use(node->loop, node->index);
        } else if (const auto state = states_.find(node.get()); state != states_.end()) {
            use(state->second.first, state->second.second);
        } else if (node->kind == Kind::Value) {
            use(node->value.function());
        }
    }

    void use(const LoopPtr &loop) {
        if (!seen_loops_.insert(loop.get()).second) {
            return;
        }
        loops.push_back(loop);
        for (const Arrays *arrays : {&loop->state, &loop->after}) {
            for (size_t i = 0; i < arrays->size(); i++) {
                states_[(*arrays)[i].node().get()] = {loop, static_cast<int>(i)};
            }
        }
        if (loop->count.defined()) {
            use(loop->count);
        }
        if (loop->going >= 0) {
            use(loop, loop->going);
        }
    }

    void use(const LoopPtr &loop, int index) {
        if (!used_.insert({loop.get(), index}).second) {
            return;
        }
        use(loop->init[index]);
        use(loop->next[index]);
        if (!loop->before.empty() && loop->before[index].defined()) {
            use(loop->before[index]);
        }
    }

    void use(const Function &function) {
        if (!functions_.insert(function.name()).second) {
            return;
        }
        const Reads reads = reads_of(function);
        for (const auto &node : reads.arrays) {
            use(node);
        }
        for (const Function &callee : reads.functions) {
            use(callee);
        }
    }
};

}  // namespace

void require_used_states(const std::string &program, const Arrays &outputs) {
    UsedStates states;
    for (const Array &output : outputs) {
        states.use(output);
    }
    for (const LoopPtr &loop : states.loops) {
        for (int i = 0; i < loop->given; i++) {
            _halide_user_assert(states.is_used(loop, i))
                << "Program() needs states that an output depends on; state " << i << " (" << loop->state[i].name()
                << ") of " << loop->options.name << " in " << program
                << " changes none: leave it out, or make its result an output. Program::derived() takes some outputs "
                   "of another program.";
        }
    }
}

}  // namespace sylvite
