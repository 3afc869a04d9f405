#include "autodiff/program_reverse.h"

#include "autodiff/captures.h"
#include "autodiff/replay.h"
#include "frontend/graph.h"
#include "frontend/substitute.h"

#include <algorithm>

using namespace Halide::Internal;

namespace sylvite {

using Kind = ArrayNode::Kind;

namespace {

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
    const std::vector<Halide::Var> vars = coordinates(sum.extents().size());
    const std::vector<Expr> at(vars.begin(), vars.end());
    result(vars) = sum(at) + more(at);
    return Array(result, sum.extents());
}

Array zero_of(const Capture &c) { return zeros("adjoint_" + c.name, adjoint_type(c.type), c.summed()); }

// The adjoint of a capture that is of_step(), from `stacked`, what the steps of the reverse loop contributed.
Array adjoint_of_elements(const Capture &c, const Array &stacked, const Expr &steps) {
    Func f(stacked.name());
    const std::vector<Halide::Var> vars = coordinates(c.extents.size());
    std::vector<Expr> at(vars.begin(), vars.end());
    const Expr step = c.step_of(at.back());
    const Expr back = simplify(steps - 1 - step);
    if (can_prove(c.extents.back() == steps) && can_prove(c.step_of(0) == (c.backwards ? steps - 1 : Expr(0)))) {
        at.back() = back;  // every element has its step
        f(vars) = stacked(at);
        return Array(f, c.extents);
    }
    at.back() = Halide::clamp(back, 0, stacked.extents().back() - 1);
    f(vars) = Halide::select(step >= 0 && step < steps, stacked(at), make_zero(stacked.type()));
    return Array(f, c.extents);
}

}  // namespace

ProgramReverse::ProgramReverse(std::set<std::string> wanted, std::function<bool(const Function &)> is_local) :
    wanted_(std::move(wanted)), is_local_(std::move(is_local)),
    // An Array from outside a loop is captured as it is: what it is made of may be captured too.
    reverse_([local = is_local_](const Function &function) { return array_node(function) && !local(function); }) {}

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
    std::vector<int> states;                  // the active ones
    Arrays init;                              // their adjoints after the last step
    Arrays history_adjoints, stack_adjoints;  // of all states at the starts and at the ends of the steps
    bool any = false;
    for (int i = 0; i < static_cast<int>(active.size()); i++) {
        if (!active[i]) {
            continue;
        }
        const Array &state = node.state[i];
        Array last = adjoint_of_state(reads, i, Kind::Result);
        history_adjoints.push_back(adjoint_of_state(reads, i, Kind::History));
        stack_adjoints.push_back(adjoint_of_state(reads, i, Kind::Stack));
        any = any || last.defined() || history_adjoints.back().defined() || stack_adjoints.back().defined();
        states.push_back(i);
        init.push_back(last.defined() ? last
                                      : zeros("adjoint_" + state.name(), adjoint_type(state.type()), state.extents()));
    }
    if (!any) {
        return;
    }

    const auto changes = changing_in(node);
    Activity outside(wanted_);
    std::vector<Capture> captures = captures_of(node, changes, outside);
    std::set<std::string> inner_wanted = wanted_;
    for (const Capture &c : captures) {
        inner_wanted.insert(c.target.key);
    }
    for (int i : states) {
        inner_wanted.insert(target_of(node.state[i].func().function()).key);
    }

    const ReverseStep undo = [&](const Expr &step, const Arrays &now, const Arrays &adjoints) {
        ProgramReverse body(inner_wanted, changes);
        for (size_t k = 0; k < states.size(); k++) {
            const Array more = stack_adjoints[k].defined() ? slice(stack_adjoints[k], step) : Array();
            body.add_root(node.next[states[k]], more.defined() ? plus(adjoints[k], more.func()) : adjoints[k]);
        }
        for (size_t k = 0; k < captures.size(); k++) {
            if (!captures[k].of_step()) {
                body.add_to(captures[k].target, adjoints[states.size() + k]);
            }
        }
        body.sweep();
        Arrays next;
        for (size_t k = 0; k < states.size(); k++) {
            const Array &state = node.state[states[k]];
            const Type type = adjoint_type(state.type());
            Func before = body.adjoint(state);
            Array sum = before.defined() ? as_array(before, state.extents())
                                         : zeros("adjoint_" + state.name(), type, state.extents());
            if (history_adjoints[k].defined()) {
                sum = plus(sum, slice(history_adjoints[k], step).func());
            }
            next.push_back(sum);
        }
        for (size_t k = 0; k < captures.size(); k++) {
            const Capture &c = captures[k];
            const Func more = c.array.defined() ? body.adjoint(c.array) : body.adjoint(c.scalar);
            if (!c.of_step()) {
                next.push_back(plus(body.sum(c.target), more));
            } else {
                next.push_back(more.defined() ? slice(Array(more, c.extents), c.element(step)) : zero_of(c));
            }
        }
        Substitution recorded;
        recorded.replace(node.step.as<Variable>()->name, step);
        for (size_t i = 0; i < now.size(); i++) {
            if (now[i].defined()) {
                recorded.replace(node.state[i], now[i]);
            }
        }
        for (Array &array : next) {
            array = recorded(array);
        }
        return next;
    };
    const auto backwards = [&](const Memory &memory, const std::vector<bool> &needed) {
        LoopOptions options = node.options;
        options.name += "_reverse";
        options.memory = {};
        Arrays after = init;
        for (const Capture &c : captures) {
            const auto sum = sums_.find(c.target);
            after.push_back(!c.of_step() && sum != sums_.end() ? sum->second : zero_of(c));
            if (c.of_step()) {
                // adjoint_of_elements() reads one even if there is none.
                options.capacity = simplify(Halide::max(node.capacity, 1));
            }
        }
        return run_backwards(reads.node, memory, needed, after, undo, options);
    };
    Arrays results = backwards(Memory::store_all, {});
    // If the program reads a history there is one; if no step needs states none is run again.
    const bool is_kept = std::any_of(reads.reads.begin(), reads.reads.end(),
                                     [](const LoopRead &read) { return read.node->kind != Kind::Result; });
    const Memory::Way way = node.options.memory.way;
    if (!is_kept && (way == Memory::Way::binomial || way == Memory::Way::reversible)) {
        const std::vector<bool> needed = states_with_history(reads.node, results);
        if (std::find(needed.begin(), needed.end(), true) != needed.end()) {
            for (Capture &c : captures) {
                if (way == Memory::Way::binomial) {
                    c.first = Expr();  // elements are stacked by one loop over all steps
                }
            }
            results = backwards(node.options.memory, needed);
        }
    }

    size_t k = 0;
    for (int i : states) {
        if (outside.depends(node.init[i])) {
            add_root(node.init[i], results[k]);
        }
        k++;
    }
    for (const Capture &c : captures) {
        const Array &total = results[k++];
        const auto sum = sums_.find(c.target);
        if (c.of_step()) {
            const Array all = adjoint_of_elements(c, stack(total), steps_of(reads.node));
            if (sum != sums_.end()) {
                sum->second = plus(sum->second, all.func());
            } else {
                add_root(c.array, all);
            }
        } else if (sum != sums_.end()) {
            sum->second = total;
        } else if (c.array.defined()) {
            add_root(c.array, total);
        } else {
            reverse_.add_root(c.target, total.func());
        }
    }
}

}  // namespace sylvite
