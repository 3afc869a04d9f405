#include "frontend/homes.h"

#include <algorithm>
#include <optional>
#include <variant>

using namespace Halide::Internal;

namespace sylvite {

namespace {

using Node = std::shared_ptr<const ArrayNode>;
using LoopPtr = std::shared_ptr<const LoopNode>;
using Kind = ArrayNode::Kind;

std::vector<Expr> sizes_of(const LoopNode &loop) {
    std::vector<Expr> sizes{loop.trips};
    if (loop.capacity.defined()) {
        sizes.push_back(loop.capacity);
    }
    return sizes;
}

// What is computed: an ordinary Func, an Array of kind Value, or a loop.
using Thing = std::variant<Function, Node, LoopPtr>;

const void *key(const Thing &thing) {
    if (const auto *function = std::get_if<Function>(&thing)) {
        return function->get_contents().get();
    }
    const auto *node = std::get_if<Node>(&thing);
    return node ? static_cast<const void *>(node->get()) : std::get<LoopPtr>(thing).get();
}

// What makes an Array; nothing in this program where it is an input or a state.
std::optional<Thing> maker_of(const Node &array) {
    if (array->loop) {
        return array->loop;
    }
    return array->kind == Kind::Value ? std::optional<Thing>(array) : std::nullopt;
}

struct Need {
    Thing thing;
    bool in_steps = false;  // the steps of a loop need it, rather than the loop itself
};

// What has to be computed for `thing`.
std::vector<Need> needs_of(const Thing &thing) {
    std::vector<Need> needs;
    const auto add_array = [&](const Node &array, bool in_steps) {
        if (const std::optional<Thing> maker = maker_of(array)) {
            needs.push_back({*maker, in_steps});
        }
    };
    const auto add = [&](const Reads &reads) {
        for (const Node &array : reads.arrays) {
            add_array(array, false);
        }
        for (const Function &function : reads.functions) {
            if (const Node array = array_node(function)) {
                add_array(array, false);
            } else {
                needs.push_back({function});
            }
        }
    };
    if (const auto *function = std::get_if<Function>(&thing)) {
        add(reads_of(*function));
    } else if (const auto *array = std::get_if<Node>(&thing)) {
        needs.push_back({(*array)->value.function()});
        add(reads_of((*array)->extents));
    } else {
        const LoopNode &loop = *std::get<LoopPtr>(thing);
        add(reads_of(sizes_of(loop)));
        for (const Array &array : read_before(loop)) {
            add_array(array.node(), false);
        }
        for (const Array &array : loop.next) {
            add_array(array.node(), true);
        }
    }
    // Updates read their own Func.
    std::erase_if(needs, [&](const Need &need) { return key(need.thing) == key(thing); });
    return needs;
}

void visit_producers_first(const Thing &thing, std::set<const void *> &seen, std::vector<Thing> &order) {
    if (!seen.insert(key(thing)).second) {
        return;
    }
    for (const Need &need : needs_of(thing)) {
        visit_producers_first(need.thing, seen, order);
    }
    order.push_back(thing);
}

// As those of branches are.
bool makes_one_step_at_most(const LoopNode &loop) {
    return loop.going < 0 && loop.capacity.defined() && is_const_one(loop.capacity);
}

}  // namespace

Homes::Homes(const Program &program) {
    note_loops(program);
    move_into_arms(program);
}

void Homes::note_loops(const Program &program) {
    array_loops_.clear();
    function_loops_.clear();
    loop_loops_.clear();
    for (const ProgramOutput &output : program.outputs()) {
        loops_of(output.array.node());
    }
}

Homes::LoopSet Homes::loops_of(const Reads &reads) {
    LoopSet loops;
    for (const Halide::Parameter &parameter : reads.parameters) {
        if (auto it = step_owner_.find(parameter.name()); it != step_owner_.end()) {
            loops.insert(it->second);
        }
    }
    for (const Node &node : reads.arrays) {
        const LoopSet &more = loops_of(node);
        loops.insert(more.begin(), more.end());
    }
    for (const Function &function : reads.functions) {
        const LoopSet &more = loops_of(function);
        loops.insert(more.begin(), more.end());
    }
    return loops;
}

const Homes::LoopSet &Homes::loops_of(const Function &function) {
    if (auto it = function_loops_.find(function.name()); it != function_loops_.end()) {
        return it->second;
    }
    function_loops_[function.name()] = {};  // updates read their own Function
    return function_loops_[function.name()] = loops_of(reads_of(function));
}

const Homes::LoopSet &Homes::loops_of(const Node &node) {
    if (auto it = array_loops_.find(node.get()); it != array_loops_.end()) {
        return it->second;
    }
    LoopSet loops;
    if (node->loop) {
        loops = loops_of(node->loop);
    } else if (node->kind == Kind::State) {
        loops = {owner_.at(node.get())};
    } else if (node->kind == Kind::Value) {
        loops = loops_of(node->value.function());
        const LoopSet more = loops_of(reads_of(node->extents));
        loops.insert(more.begin(), more.end());
    }
    add_arm(arm_of_array_, node.get(), loops);
    return array_loops_[node.get()] = loops;
}

const Homes::LoopSet &Homes::loops_of(const LoopPtr &loop) {
    if (auto it = loop_loops_.find(loop.get()); it != loop_loops_.end()) {
        return it->second;
    }
    for (const Array &state : loop->state) {
        owner_[state.node().get()] = loop.get();
    }
    step_owner_[loop->step.as<Variable>()->name] = loop.get();
    loop_loops_[loop.get()] = {};  // its own states depend on it; their mention of it is taken out below
    LoopSet loops = loops_of(reads_of(sizes_of(*loop)));
    for (const Arrays *arrays : {&loop->init, &loop->next}) {
        for (const Array &array : *arrays) {
            const LoopSet &more = loops_of(array.node());
            loops.insert(more.begin(), more.end());
        }
    }
    loops.erase(loop.get());
    add_arm(arm_of_loop_, loop.get(), loops);
    return loop_loops_[loop.get()] = loops;
}

template<typename T>
void Homes::add_arm(const std::map<const T *, const LoopNode *> &arms, const T *thing, LoopSet &loops) {
    if (auto it = arms.find(thing); it != arms.end()) {
        loops.insert(it->second);
    }
}

bool Homes::are_within(const LoopSet &loops, const LoopNode *loop) {
    return loops.count(loop) || std::any_of(loops.begin(), loops.end(), [&](const LoopNode *inner) {
               return are_within(loop_loops_[inner], loop);
           });
}

const LoopNode *Homes::innermost(const LoopSet &loops) {
    // Loops are nested in one another, so all but the innermost are around another one.
    for (const LoopNode *loop : loops) {
        if (std::none_of(loops.begin(), loops.end(),
                         [&](const LoopNode *other) { return are_within(loop_loops_[other], loop); })) {
            return loop;
        }
    }
    return nullptr;
}

// Looks at what needs a thing before the thing itself, from the outputs on.
void Homes::move_into_arms(const Program &program) {
    std::set<const void *> seen;
    std::vector<Thing> producers_first;
    std::map<const void *, const LoopNode *> needed_in;  // the innermost loop around all that needs a thing
    std::map<const LoopNode *, const LoopNode *> around;
    const auto depth = [&](const LoopNode *loop) {
        int depth = 0;
        for (; loop; loop = around.at(loop)) {
            depth++;
        }
        return depth;
    };
    const auto need = [&](const Thing &thing, const LoopNode *in) {
        const auto [it, is_new] = needed_in.emplace(key(thing), in);
        if (is_new) {
            return;
        }
        const LoopNode *&all = it->second;
        while (all != in) {
            const LoopNode *&deeper = depth(all) > depth(in) ? all : in;
            deeper = around.at(deeper);
        }
    };
    // The innermost arm that is reached from `home` on the way to `inner` without a loop that may make more steps.
    const auto arm_between = [&](const LoopNode *home, const LoopNode *inner) {
        const LoopNode *arm = home;
        for (const LoopNode *loop = inner; loop != home; loop = around.at(loop)) {
            if (!makes_one_step_at_most(*loop)) {
                arm = home;
            } else if (arm == home) {
                arm = loop;
            }
        }
        return arm;
    };
    for (const ProgramOutput &output : program.outputs()) {
        if (const std::optional<Thing> thing = maker_of(output.array.node())) {
            visit_producers_first(*thing, seen, producers_first);
            need(*thing, nullptr);
        }
    }
    for (auto thing = producers_first.rbegin(); thing != producers_first.rend(); ++thing) {
        const auto *loop = std::get_if<LoopPtr>(&*thing);
        const auto *array = std::get_if<Node>(&*thing);
        const LoopNode *home = innermost(loop    ? loops_of(*loop)
                                         : array ? loops_of(*array)
                                                 : loops_of(std::get<Function>(*thing)));
        const LoopNode *place = arm_between(home, needed_in.at(key(*thing)));
        if (loop) {
            around[loop->get()] = place;
        }
        if (place != home && loop) {
            arm_of_loop_[loop->get()] = place;
        } else if (place != home && array) {
            arm_of_array_[array->get()] = place;
        }
        for (const Need &needed : needs_of(*thing)) {
            need(needed.thing, needed.in_steps ? loop->get() : place);
        }
    }
    note_loops(program);
}

}  // namespace sylvite
