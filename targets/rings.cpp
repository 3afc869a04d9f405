#include "targets/rings.h"

#include <algorithm>
#include <set>

namespace sylvite {

namespace {

using Kind = ArrayNode::Kind;

// A kernel of the loop's body and which of its outputs a value is.
struct Maker {
    const Kernel *kernel = nullptr;
    int output = 0;
};

Maker maker_of(const ArrayNode *value, const Block &body) {
    for (const Step &step : body.steps) {
        if (const auto *kernel = std::get_if<Kernel>(&step)) {
            for (size_t i = 0; i < kernel->outputs.size(); i++) {
                if (kernel->outputs[i].node().get() == value) {
                    return {kernel, static_cast<int>(i)};
                }
            }
        }
    }
    return {};
}

bool has(const Arrays &arrays, const ArrayNode *node) {
    return std::any_of(arrays.begin(), arrays.end(), [&](const Array &a) { return a.node().get() == node; });
}

// Whether anything in the block reads the Array, `except` left out.
bool is_read(const ArrayNode *node, const Block &block, const Kernel *except) {
    return std::any_of(block.steps.begin(), block.steps.end(), [&](const Step &step) {
        if (const auto *kernel = std::get_if<Kernel>(&step)) {
            return kernel != except && has(kernel->inputs, node);
        }
        const Loop &loop = *std::get<std::shared_ptr<const Loop>>(step);
        return has(read_before(*loop.node), node) || has(loop.node->next, node) || is_read(node, loop.body, except);
    });
}

// The loop of the body that makes the Array, if one does: it will be written anew when that loop runs again.
const Loop *loop_that_makes(const ArrayNode &node, const Block &body) {
    for (const Step &step : body.steps) {
        const auto *loop = std::get_if<std::shared_ptr<const Loop>>(&step);
        if (node.loop && loop && (*loop)->node == node.loop) {
            return loop->get();
        }
    }
    return nullptr;
}

// Whether extents of states, those of loops inside included, change with `step`.
bool extents_use(const Loop &loop, const std::string &step) {
    for (const Array &state : loop.node->state) {
        for (const Expr &extent : state.extents()) {
            if (Halide::Internal::expr_uses_var(extent, step)) {
                return true;
            }
        }
    }
    return std::any_of(loop.body.steps.begin(), loop.body.steps.end(), [&](const Step &inside) {
        const auto *inner = std::get_if<std::shared_ptr<const Loop>>(&inside);
        return inner && extents_use(**inner, step);
    });
}

// The steps of a block from the one that is that loop on, which is without what it reads before its own first step.
bool is_read_from(const Loop &inner, const ArrayNode *node, const Block &body) {
    Block rest;
    bool begun = false;
    for (const Step &step : body.steps) {
        const auto *loop = std::get_if<std::shared_ptr<const Loop>>(&step);
        if (loop && loop->get() == &inner) {
            begun = true;
        } else if (begun) {
            rest.steps.push_back(step);
        }
    }
    return has(inner.node->next, node) || is_read(node, inner.body, nullptr) || is_read(node, rest, nullptr);
}

class Planner {
public:
    explicit Planner(const Loop &loop) : loop_(loop), node_(*loop.node) {}

    std::vector<RingPlan> plan(const std::function<bool(const std::string &, int, int)> &may_work_in_place) {
        const int states = static_cast<int>(node_.state.size());
        for (int j = 0; j < states; j++) {
            if (loop_.keeps(j)) {
                add(j);
            }
        }
        for (int j = 0; j < states; j++) {
            const ArrayNode &next = *node_.next[j].node();
            if (!loop_.keeps(j) && !is_carried(loop_, j) &&
                (maker_of(&next, loop_.body).kernel || loop_that_makes(next, loop_.body))) {
                add(j);
            }
        }
        for (RingPlan &ring : rings_) {
            const int age = oldest(ring);
            ring.in_place = ring.history < 0 && ring.value && may_overwrite(ring, age, may_work_in_place);
            ring.size = ring.in_place ? age : age + 1;
        }
        return rings_;
    }

private:
    const Loop &loop_;
    const LoopNode &node_;
    std::vector<RingPlan> rings_;

    // Gives the next value of state j a ring, or a place in one that there is.
    void add(int j) {
        const ArrayNode *next = node_.next[j].node().get();
        const bool made_here = maker_of(next, loop_.body).kernel != nullptr;
        for (RingPlan &ring : rings_) {
            if (!loop_.keeps(j) && (ring.value == next || ring.copy_of == next)) {
                ring.states.push_back(j);
                return;
            }
        }
        // A value can be written to one history only; a second one is filled with copies.
        const bool taken =
            std::any_of(rings_.begin(), rings_.end(), [&](const RingPlan &r) { return r.value == next; });
        RingPlan ring;
        (made_here && !taken ? ring.value : ring.copy_of) = next;
        ring.history = loop_.keeps(j) ? j : -1;
        ring.states = {j};
        rings_.push_back(ring);
    }

    // The states that hold a value of the ring, by the number of steps since it was made.
    std::vector<std::vector<int>> holders(const RingPlan &ring) const {
        std::vector<std::vector<int>> by_age{ring.states};
        while (!by_age.back().empty()) {
            std::vector<int> older;
            for (int held : by_age.back()) {
                for (size_t k = 0; k < node_.next.size(); k++) {
                    if (node_.next[k].same_as(node_.state[held]) && !loop_.keeps(k)) {
                        older.push_back(static_cast<int>(k));
                    }
                }
            }
            by_age.push_back(older);
        }
        by_age.pop_back();
        return by_age;
    }

    int oldest(const RingPlan &ring) const { return static_cast<int>(holders(ring).size()); }

    bool may_overwrite(const RingPlan &ring, int age,
                       const std::function<bool(const std::string &, int, int)> &may_work_in_place) const {
        const Maker maker = maker_of(ring.value, loop_.body);
        const std::vector<int> last = holders(ring)[age - 1];
        for (int j : last) {
            const ArrayNode *state = node_.state[j].node().get();
            if (is_read(state, loop_.body, maker.kernel)) {
                return false;
            }
            for (const RingPlan &other : rings_) {
                if (other.copy_of == state) {
                    return false;
                }
            }
            const Arrays &inputs = maker.kernel->inputs;
            for (size_t i = 0; i < inputs.size(); i++) {
                if (inputs[i].node().get() == state &&
                    !may_work_in_place(maker.kernel->name, maker.output, static_cast<int>(i))) {
                    return false;
                }
            }
        }
        return true;
    }
};

}  // namespace

bool is_carried(const Loop &loop, int state) {
    const LoopNode &node = *loop.node;
    const ArrayNode *now = node.state[state].node().get(), &next = *node.next[state].node();
    const Loop *inner = loop_that_makes(next, loop.body);
    if (loop.keeps(state) || !inner || next.kind != Kind::Result || inner->node->init[next.index].node().get() != now) {
        return false;
    }
    for (size_t k = 0; k < inner->node->state.size(); k++) {
        if (inner->keeps(static_cast<int>(k))) {
            return false;  // what it has kept is written over from its first step on
        }
        if (static_cast<int>(k) != next.index && inner->node->init[k].node().get() == now) {
            return false;  // a second state of it that starts from the same array reads that later
        }
    }
    return !has(node.next, now) && !is_read_from(*inner, now, loop.body) &&
           !extents_use(*inner, node.step.as<Halide::Internal::Variable>()->name);
}

bool carries(const Loop &outer, const Loop &inner) {
    for (size_t j = 0; j < outer.node->state.size(); j++) {
        if (outer.node->next[j].node()->loop == inner.node && is_carried(outer, static_cast<int>(j))) {
            return true;
        }
    }
    return false;
}

std::vector<RingPlan> plan_rings(const Loop &loop,
                                 const std::function<bool(const std::string &, int, int)> &may_work_in_place) {
    return Planner(loop).plan(may_work_in_place);
}

}  // namespace sylvite
