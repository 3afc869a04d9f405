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
    Arrays made = node->next;
    std::copy_if(node->before.begin(), node->before.end(), std::back_inserter(made),
                 [](const Array &array) { return array.defined(); });
    walk_deep(made, [&](const Function &function) {
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
    options.memory.bytes = substitution_(node->options.memory.bytes);
    // The same for the step, from `state` to `next`, and for the step undone, from `after` to `before`.
    const auto moving = [&](const Arrays &from, const Arrays &to) {
        return [&, &from = from, &to = to](const Expr &step, const Arrays &state) {
            Substitution inner(&substitution_);
            inner.replace(node->step.as<Variable>()->name, step);
            ProgramForward body(inner);
            body.inputs_ = inputs_;
            body.tangents_ = tangents_;
            body.loops_ = loops_;
            for (size_t i = 0; i < active.size(); i++) {
                inner.replace(from[i], state[i]);
                if (active[i]) {
                    body.add(Input(from[i]), state[place[i]]);
                }
            }
            Arrays known;
            std::copy_if(to.begin(), to.end(), std::back_inserter(known), [](const Array &a) { return a.defined(); });
            const Arrays known_primals = body.primals(known), moved = body.tangents(known);
            Arrays primals, tangents;
            size_t k = 0;
            for (size_t i = 0; i < active.size(); i++) {
                const bool is_known = to[i].defined();
                primals.push_back(is_known ? known_primals[k] : Array());
                if (active[i]) {
                    const std::string name = "d_" + node->state[i].name();
                    tangents.push_back(!is_known            ? Array()
                                       : moved[k].defined() ? moved[k]
                                                            : zeros(name, to[i].type(), primals[i].extents()));
                }
                k += is_known ? 1 : 0;
            }
            primals.insert(primals.end(), tangents.begin(), tangents.end());
            return primals;
        };
    };
    if (!node->before.empty()) {
        options.memory.inverse = moving(node->after, node->before);
    }
    const Arrays results =
        loop_like(*node, substitution_(node->trips), init, LoopBody(moving(node->state, node->next)), options);
    substitution_.replace(node, results);
    loops_[node] = {results, place};
}

}  // namespace sylvite
