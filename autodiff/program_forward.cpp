#include "autodiff/program_forward.h"

#include "autodiff/custom_rule.h"
#include "frontend/graph.h"

using namespace Halide::Internal;

namespace sylvite {

namespace {

// Of the loop that `result` is a result of: its final state, or all states at the starts or ends of its steps.
Array same_values_of(const Array &result, ArrayNode::Kind kind) {
    switch (kind) {
    case ArrayNode::Kind::History:
        return history(result);
    case ArrayNode::Kind::Stack:
        return stack(result);
    default:
        return result;
    }
}

}  // namespace

void ProgramForward::add(const Input &input, const Array &tangent) {
    inputs_.push_back({input, tangent.func()});
    tangents_[input.target().key] = tangent;
}

std::set<std::string> ProgramForward::keys() const {
    std::set<std::string> keys;
    for (const auto &[key, tangent] : tangents_) {
        keys.insert(key);
    }
    return keys;
}

Arrays ProgramForward::primals(const Arrays &arrays) {
    prepare(arrays);
    Arrays primals;
    for (const Array &array : arrays) {
        primals.push_back(substitution_(array));
    }
    return primals;
}

Arrays ProgramForward::tangents(const Arrays &arrays) {
    prepare(arrays);
    Activity activity(keys());
    std::vector<Func> values;
    for (const Array &array : arrays) {
        if (activity.depends(array)) {
            values.push_back(array.func());
        }
    }
    const std::vector<Func> moved = tangents_of(values, inputs_);
    Arrays tangents;
    size_t next = 0;
    for (const Array &array : arrays) {
        Array tangent;
        if (activity.depends(array)) {
            const Func &d = moved[next++];
            const auto known = tangents_.find(target_of(array.func().function()).key);
            tangent = known != tangents_.end() ? known->second : substitution_(Array(d, array.extents()));
        }
        tangents.push_back(tangent);
    }
    return tangents;
}

// Makes the tangents of all loop results that the Arrays read known.
void ProgramForward::prepare(const Arrays &arrays) {
    std::vector<LoopRead> reads;
    for (const Array &array : arrays) {
        for (const Function &function : differentiable_functions({array.func().function()})) {
            if (const auto node = array_node(function); node && node->loop) {
                reads.push_back({function, node});
            }
        }
    }
    for (const LoopRead &read : reads) {
        prepare(read.node->loop);
        const auto &[results, place] = loops_[read.node->loop];
        const std::string key = target_of(read.function).key;
        if (!results.empty() && place[read.node->index] >= 0 && !tangents_.count(key)) {
            const Array &tangent = results[place[read.node->index]];
            add(Input(Func(read.function)), same_values_of(tangent, read.node->kind));
        }
    }
}

void ProgramForward::prepare(const std::shared_ptr<const LoopNode> &node) {
    if (loops_.count(node)) {
        return;
    }
    loops_[node] = {};
    prepare(node->init);

    // What the body reads but does not change moves once, outside.
    const auto changes = changing_in(*node);
    Arrays captured;
    walk_deep(node->next, [&](const Function &function) {
        const auto read = array_node(function);
        const bool is_captured = read && !changes(function);
        if (is_captured && !tangents_.count(target_of(function).key)) {
            captured.push_back(Array::from_node(read, Func(function)));
        }
        return !is_captured;
    });
    const Arrays moved = tangents(captured);
    for (size_t i = 0; i < captured.size(); i++) {
        if (moved[i].defined() && !tangents_.count(target_of(captured[i].func().function()).key)) {
            add(Input(captured[i]), moved[i]);
        }
    }

    const std::vector<bool> active = active_states(*node, keys());
    std::vector<int> place(active.size(), -1);
    Arrays init = primals(node->init);
    const Arrays init_tangents = tangents(node->init);
    for (size_t i = 0; i < active.size(); i++) {
        if (active[i]) {
            place[i] = static_cast<int>(init.size());
            init.push_back(init_tangents[i].defined()
                               ? init_tangents[i]
                               : zeros("d_" + node->state[i].name(), node->state[i].type(), init[i].extents()));
        }
    }
    if (init.size() == active.size()) {
        return;  // nothing moves; the loop stays as it is
    }
    LoopOptions options = node->options;
    options.capacity = substitution_(node->options.capacity);
    const Arrays results =
        loop_like(*node, substitution_(node->trips), init, LoopBody([&](const Expr &step, const Arrays &state) {
            Substitution inner(&substitution_);
            inner.replace(node->step.as<Variable>()->name, step);
            ProgramForward body(inner);
            body.inputs_ = inputs_;
            body.tangents_ = tangents_;
            body.loops_ = loops_;
            for (size_t i = 0; i < active.size(); i++) {
                inner.replace(node->state[i], state[i]);
                if (active[i]) {
                    body.add(Input(node->state[i]), state[place[i]]);
                }
            }
            Arrays next = body.primals(node->next);
            const Arrays moved = body.tangents(node->next);
            for (size_t i = 0; i < active.size(); i++) {
                if (active[i]) {
                    next.push_back(moved[i].defined()
                                       ? moved[i]
                                       : zeros("d_" + node->state[i].name(), node->state[i].type(), next[i].extents()));
                }
            }
            return next;
        }),
                  options);
    substitution_.replace(node, results);
    loops_[node] = {results, place};
}

}  // namespace sylvite
