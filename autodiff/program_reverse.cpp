#include "autodiff/program_reverse.h"

#include "frontend/graph.h"
#include "frontend/substitute.h"

#include <algorithm>

using namespace Halide::Internal;

namespace sylvite {

using Kind = ArrayNode::Kind;

namespace {

std::vector<Expr> coordinates(size_t n) {
    std::vector<Expr> at;
    for (size_t d = 0; d < n; d++) {
        at.push_back(Halide::Var("i" + std::to_string(d)));
    }
    return at;
}

std::vector<Halide::Var> variables(size_t n) {
    std::vector<Halide::Var> at;
    for (size_t d = 0; d < n; d++) {
        at.emplace_back("i" + std::to_string(d));
    }
    return at;
}

// Slice `t` of a history.
Array slice(const Array &history, const Expr &t, const Array &state) {
    Func at_step(state.name());
    std::vector<Expr> at = coordinates(state.extents().size());
    at.push_back(t);
    at_step(variables(state.extents().size())) = history(at);
    return Array(at_step, state.extents());
}

// The Array that `f` hands on unchanged, if it does nothing else; otherwise a new Array of its values.
Array as_array(const Func &f, const std::vector<Expr> &extents) {
    const Function function = f.function();
    const Call *call = function.updates().empty() ? function.values()[0].as<Call>() : nullptr;
    const auto node = call && call->func.defined() ? array_node(Function(call->func)) : nullptr;
    bool same_place = node != nullptr && same_extents(node->extents, extents);
    for (size_t d = 0; same_place && d < call->args.size(); d++) {
        const Variable *arg = call->args[d].as<Variable>();
        same_place = arg && arg->name == function.args()[d];
    }
    return same_place ? Array::from_node(node, Func(Function(call->func))) : Array(f, extents);
}

Array plus(const Array &sum, const Func &more) {
    if (!more.defined()) {
        return sum;
    }
    Func result(sum.name());
    const std::vector<Expr> at = coordinates(sum.extents().size());
    result(variables(at.size())) = sum(at) + more(at);
    return Array(result, sum.extents());
}

// Something that the body of a loop reads from outside it and that can be differentiated by: an Array or a scalar.
struct Captured {
    ReadTarget target;
    std::string name;
    Type type;
    std::vector<Expr> extents;
    Array array;
    Halide::Parameter scalar;
};

}  // namespace

ProgramReverse::ProgramReverse(std::set<std::string> wanted, std::function<bool(const Function &)> is_local) :
    wanted_(std::move(wanted)), is_local_(std::move(is_local)) {}

void ProgramReverse::add_root(const Array &output, const Array &adjoint) {
    roots_.push_back(output);
    reverse_.add_root({output.func(), adjoint.func(), output.box()});
}

Func ProgramReverse::adjoint(const Array &array) {
    const Function function = array.func().function();
    return reverse_.adjoint(target_of(function), adjoint_arguments(function), array.type());
}

Func ProgramReverse::adjoint(const Halide::Parameter &parameter) {
    return reverse_.adjoint(target_of(parameter), {}, parameter.type());
}

void ProgramReverse::sweep() {
    for (const LoopReads &loop : loops_last_first()) {
        sweep(loop);
    }
}

// The loops of this level, each after all loops that read its results.
std::vector<ProgramReverse::LoopReads> ProgramReverse::loops_last_first() {
    std::vector<LoopReads> order;
    std::map<const LoopNode *, std::vector<LoopRead>> reads;
    std::set<const LoopNode *> seen;
    std::set<std::string> functions;
    std::function<void(const Function &)> visit = [&](const Function &function) {
        if (!functions.insert(function.name()).second || !is_local_(function)) {
            return;
        }
        for (const Function &callee : reads_of(function).functions) {
            visit(callee);
        }
        const auto node = array_node(function);
        if (node && node->loop) {
            reads[node->loop.get()].push_back({function, node});
            if (seen.insert(node->loop.get()).second) {
                walk_deep(node->loop->init, [&](const Function &f) { return visit(f), is_local_(f); });
                walk_deep(node->loop->next, [&](const Function &f) { return visit(f), is_local_(f); });
                order.push_back({node->loop, {}});
            }
        }
    };
    for (const Array &root : roots_) {
        visit(root.func().function());
    }
    std::reverse(order.begin(), order.end());
    for (LoopReads &loop : order) {
        loop.reads = reads[loop.node.get()];
    }
    return order;
}

// The sum of the adjoints of all reads of a state's result or history.
Array ProgramReverse::adjoint_of_state(const LoopReads &loop, int index, Kind kind) {
    Array sum;
    for (const LoopRead &read : loop.reads) {
        if (read.node->index != index || read.node->kind != kind) {
            continue;
        }
        const Func part = reverse_.adjoint(target_of(read.function), adjoint_arguments(read.function), read.node->type);
        if (part.defined()) {
            sum = sum.defined() ? plus(sum, part) : as_array(part, read.node->extents);
        }
    }
    return sum;
}

void ProgramReverse::sweep(const LoopReads &reads) {
    const LoopNode &node = *reads.node;
    const std::vector<bool> active = active_states(node, wanted_);
    std::vector<int> states;  // the active ones
    Arrays init;              // of the reverse loop: their adjoints, then the sums for what is captured
    std::vector<Array> history_adjoints;
    bool any = false;
    for (int i = 0; i < static_cast<int>(active.size()); i++) {
        if (!active[i]) {
            continue;
        }
        const Array &state = node.state[i];
        Array last = adjoint_of_state(reads, i, Kind::Result);
        history_adjoints.push_back(adjoint_of_state(reads, i, Kind::History));
        any = any || last.defined() || history_adjoints.back().defined();
        states.push_back(i);
        init.push_back(last.defined() ? last
                                      : zeros("adjoint_" + state.name(), adjoint_type(state.type()), state.extents()));
    }
    if (!any) {
        return;
    }

    const auto changes = changing_in(node);
    std::vector<Captured> captured;
    Activity outside(wanted_);
    std::set<std::string> scalars, inner_wanted = wanted_;
    walk_deep(node.next, [&](const Function &function) {
        const auto array = array_node(function);
        if (array && !changes(function)) {
            if (array->type.is_float() && outside.depends(function)) {
                captured.push_back({target_of(function), array->name, array->type, array->extents,
                                    Array::from_node(array, Func(function)), Halide::Parameter()});
                inner_wanted.insert(captured.back().target.key);
            }
            return false;
        }
        for (const Halide::Parameter &scalar : reads_of(function).parameters) {
            if (scalar.type().is_float() && outside.depends(scalar) && scalars.insert(scalar.name()).second) {
                captured.push_back({target_of(scalar), scalar.name(), scalar.type(), {}, Array(), scalar});
            }
        }
        return true;
    });
    for (const Captured &c : captured) {
        const auto sum = sums_.find(c.target);
        init.push_back(sum != sums_.end() ? sum->second : zeros("adjoint_" + c.name, adjoint_type(c.type), c.extents));
    }
    for (int i : states) {
        inner_wanted.insert(target_of(node.state[i].func().function()).key);
    }

    LoopOptions options = node.options;
    options.name += "_reverse";
    options.capacity = node.capacity;
    const Arrays results =
        loop(node.trips, init, LoopBody([&](const Expr &back, const Arrays &adjoints) {
                 ProgramReverse body(inner_wanted, changes);
                 for (size_t k = 0; k < states.size(); k++) {
                     body.add_root(node.next[states[k]], adjoints[k]);
                 }
                 for (size_t k = 0; k < captured.size(); k++) {
                     body.add_to(captured[k].target, adjoints[states.size() + k]);
                 }
                 body.sweep();
                 const Expr step = node.trips - 1 - back;
                 Arrays next;
                 for (size_t k = 0; k < states.size(); k++) {
                     const Array &state = node.state[states[k]];
                     const Type type = adjoint_type(state.type());
                     Func before = body.adjoint(state);
                     Array sum = before.defined() ? as_array(before, state.extents())
                                                  : zeros("adjoint_" + state.name(), type, state.extents());
                     if (history_adjoints[k].defined()) {
                         sum = plus(sum, slice(history_adjoints[k], step, state).func());
                     }
                     next.push_back(sum);
                 }
                 for (const Captured &c : captured) {
                     const Func more = c.array.defined() ? body.adjoint(c.array) : body.adjoint(c.scalar);
                     next.push_back(plus(body.sum(c.target), more));
                 }
                 Substitution recorded;
                 recorded.replace(node.step.as<Variable>()->name, step);
                 for (size_t i = 0; i < node.state.size(); i++) {
                     const Array result = Array::from_node(std::make_shared<ArrayNode>(
                         ArrayNode{Kind::Result, node.state[i].name(), node.state[i].type(), node.state[i].extents(),
                                   Func(), reads.node, static_cast<int>(i)}));
                     recorded.replace(node.state[i], slice(history(result), step, node.state[i]));
                 }
                 for (Array &array : next) {
                     array = recorded(array);
                 }
                 return next;
             }),
             options);

    size_t k = 0;
    for (int i : states) {
        if (outside.depends(node.init[i])) {
            add_root(node.init[i], results[k]);
        }
        k++;
    }
    for (const Captured &c : captured) {
        const Array &total = results[k++];
        if (sums_.count(c.target)) {
            sums_[c.target] = total;
        } else if (c.array.defined()) {
            add_root(c.array, total);
        } else {
            reverse_.add_root(c.target, total.func());
        }
    }
}

}  // namespace sylvite
