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

// Whether an inner loop makes the Array: it will be written anew when that loop runs again.
bool is_made_by_inner_loop(const ArrayNode &node, const Block &body) {
    return node.loop && std::any_of(body.steps.begin(), body.steps.end(), [&](const Step &step) {
               const auto *loop = std::get_if<std::shared_ptr<const Loop>>(&step);
               return loop && (*loop)->node == node.loop;
           });
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
            if (!loop_.keeps(j) && (maker_of(&next, loop_.body).kernel || is_made_by_inner_loop(next, loop_.body))) {
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

std::vector<RingPlan> plan_rings(const Loop &loop,
                                 const std::function<bool(const std::string &, int, int)> &may_work_in_place) {
    return Planner(loop).plan(may_work_in_place);
}

}  // namespace sylvite
