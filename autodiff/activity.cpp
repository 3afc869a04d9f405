#include "autodiff/activity.h"

#include "frontend/graph.h"
#include "frontend/substitute.h"

#include <algorithm>

using namespace Halide::Internal;

namespace sylvite {

bool Activity::depends(const Function &function) {
    if (keys_.count(target_of(function).key)) {
        return true;
    }
    if (const auto it = functions_.find(function.name()); it != functions_.end()) {
        return it->second;
    }
    functions_[function.name()] = false;
    const std::vector<Type> types = function.output_types();
    bool found = false;
    if (std::any_of(types.begin(), types.end(), [](const Type &t) { return t.is_float(); })) {
        const Reads reads = reads_of(function);
        for (const auto &node : reads.arrays) {
            found = found || (node->loop && depends(*node->loop));
        }
        for (const Halide::Parameter &parameter : reads.parameters) {
            found = found || depends(parameter);
        }
        for (const Function &callee : reads.functions) {
            found = found || depends(callee);
        }
    }
    return functions_[function.name()] = found;
}

bool Activity::depends(const LoopNode &loop) {
    if (const auto it = loops_.find(&loop); it != loops_.end()) {
        return it->second;
    }
    loops_[&loop] = false;
    const auto any = [&](const Arrays &arrays) {
        return std::any_of(arrays.begin(), arrays.end(), [&](const Array &a) { return depends(a); });
    };
    return loops_[&loop] = any(loop.init) || any(loop.next);
}

std::vector<bool> active_states(const LoopNode &loop, const std::set<std::string> &keys) {
    std::vector<bool> active(loop.state.size());
    for (size_t i = 0; i < active.size(); i++) {
        active[i] = loop.state[i].type().is_float() && Activity(keys).depends(loop.init[i]);
    }
    for (bool changed = true; changed;) {
        changed = false;
        std::set<std::string> known = keys;
        for (size_t i = 0; i < active.size(); i++) {
            if (active[i]) {
                known.insert(target_of(loop.state[i].func().function()).key);
            }
        }
        Activity activity(known);
        for (size_t i = 0; i < active.size(); i++) {
            if (!active[i] && loop.state[i].type().is_float() && activity.depends(loop.next[i])) {
                active[i] = changed = true;
            }
        }
    }
    return active;
}

namespace {

void walk_deep(std::vector<Function> todo, const std::function<bool(const Function &)> &visit) {
    std::set<std::string> seen;
    const auto add = [&](const Arrays &more) {
        for (const Array &array : more) {
            todo.push_back(array.func().function());
        }
    };
    // Breadth first and in the order of the reads, so that results do not depend on names.
    for (size_t next = 0; next < todo.size(); next++) {
        const Function function = todo[next];
        if (!seen.insert(function.name()).second || !visit(function)) {
            continue;
        }
        const Reads reads = reads_of(function);
        todo.insert(todo.end(), reads.functions.begin(), reads.functions.end());
        if (const auto node = array_node(function); node && node->loop) {
            add(node->loop->init);
            add(node->loop->next);
        }
    }
}

}  // namespace

void walk_deep(const Arrays &arrays, const std::function<bool(const Function &)> &visit) {
    std::vector<Function> functions;
    for (const Array &array : arrays) {
        functions.push_back(array.func().function());
    }
    walk_deep(std::move(functions), visit);
}

void walk_deep(const Function &function, const std::function<bool(const Function &)> &visit) {
    walk_deep(std::vector<Function>{function}, visit);
}

std::function<bool(const Function &)> changing_in(const LoopNode &loop) {
    // A substitution that is never applied tells what depends on the states. The states of a loop inside that changes
    // change too; marking them may show more loops to change.
    std::set<const LoopNode *> changing{&loop};
    Arrays made = loop.next;
    std::copy_if(loop.before.begin(), loop.before.end(), std::back_inserter(made),
                 [](const Array &array) { return array.defined(); });
    for (;;) {
        const auto marks = std::make_shared<Substitution>();
        for (const LoopNode *each : changing) {
            marks->replace(each->step.as<Variable>()->name, each->step);
            for (const Arrays *arrays : {&each->state, &each->after}) {
                for (const Array &state : *arrays) {
                    marks->replace(state, state);
                }
            }
        }
        const size_t known = changing.size();
        walk_deep(made, [&](const Function &function) {
            const auto node = array_node(function);
            const bool changes = marks->touches(function);
            if (changes && node && node->loop) {
                changing.insert(node->loop.get());
            }
            return changes;
        });
        if (changing.size() == known) {
            return [marks](const Function &function) { return marks->touches(function); };
        }
    }
}

}  // namespace sylvite
