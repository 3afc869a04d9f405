#include "autodiff/activity.h"
#include "autodiff/adjoint_sum.h"
#include "autodiff/batch_copy.h"

using namespace Halide::Internal;

namespace sylvite {

namespace {

Array scalar(const std::string &name, const Expr &value) {
    Func f(name);
    f() = value;
    return Array(f, {});
}

}  // namespace

Arrays BatchCopy::loop(const LoopPtr &node, int level) {
    if (const auto it = levels_[level].loops.find(node); it != levels_[level].loops.end()) {
        return it->second;
    }
    const Expr &capacity = node->options.capacity;
    _halide_user_assert(!capacity.defined() || !batched_(capacity))
        << "vmap() needs a capacity that is the same for the whole batch; that of " << node->options.name
        << " depends on its inputs: give a bound for all elements.";
    Arrays init;
    for (size_t i = 0; i < node->init.size(); i++) {
        init.push_back(batched_(node->state[i]) ? repeated(node->init[i], level) : node->init[i]);
    }
    const bool is_masked = batched_.steps_of(*node);
    const Arrays results = !is_masked        ? in_step(node, init, level)
                           : node->going < 0 ? masked_count(node, init, level)
                                             : masked_while(node, init, level);
    levels_[level].shared.replace(node, results);
    return levels_[level].loops[node] = results;
}

// All elements make the same steps.
Arrays BatchCopy::in_step(const LoopPtr &node, const Arrays &init, int level) {
    const auto step = [&](const Expr &t, const Arrays &state) {
        const int inside = enter(node, node->state, level, t, state);
        Arrays next;
        for (size_t i = 0; i < state.size(); i++) {
            next.push_back(batched_(node->state[i]) ? repeated(node->next[i], inside) : node->next[i]);
        }
        return leave(inside, next);
    };
    return loop_like(*node, node->trips, init, LoopBody(step), undone_by(node, level, nullptr));
}

// As many steps as the element makes that makes most.
Arrays BatchCopy::masked_count(const LoopPtr &node, const Arrays &init, int level) {
    Func each(node->options.name + "_steps_of_each");
    each(batch_variables()) = if_it_goes_on(Halide::max(rewritten(node->trips, level, batch_place()), 0), level);
    const Array steps(each, extents_), most = largest(node->options.name + "_steps", steps);
    const Mask makes_it = [&](const Expr &t, const Arrays &) { return t < steps(batch_place()); };
    const auto step = [&](const Expr &t, const Arrays &state) {
        const int inside = enter(node, node->state, level, t, state, makes_it);
        return leave(inside, masked_step(node->next, inside, state));
    };
    return loop_like(*node, most(), init, LoopBody(step), undone_by(node, level, makes_it));
}

// Steps until no element goes on. Two more states say whether any does, and count the steps; those of the original are
// states like others here.
Arrays BatchCopy::masked_while(const LoopPtr &node, Arrays init, int level) {
    LoopNode like;
    like.trips = node->trips;
    like.going = static_cast<int>(init.size());
    like.steps = like.going + 1;
    const Array &going = init[node->going];
    Func first(going.name());
    first(batch_variables()) = if_it_goes_on(going(batch_place()), level);
    init[node->going] = Array(first, extents_);
    init.push_back(largest("going", init[node->going]));
    init.push_back(scalar("steps", 0));
    const auto step = [&](const Expr &t, const Arrays &state) {
        const Arrays own(state.begin(), state.end() - 2);
        const int inside = enter(node, node->state, level, t, own,
                                 [&](const Expr &, const Arrays &s) { return s[node->going](batch_place()) != 0; });
        Arrays next = masked_step(node->next, inside, own);
        next.push_back(largest("going", next[node->going]));
        next.push_back(scalar("steps", t + 1));
        return leave(inside, next);
    };
    // Undone, an element has made the step that its own count says is the last.
    return loop_like(like, like.trips, init, LoopBody(step),
                     undone_by(node, level, [&](const Expr &t, const Arrays &after) {
                         return after[node->steps](batch_place()) == t + 1;
                     }));
}

// The options of the copy of a loop: its inverse, if it has one, undoes the step of those elements that made it.
LoopOptions BatchCopy::undone_by(const LoopPtr &node, int level, const Mask &made_it) {
    LoopOptions options = node->options;
    if (node->before.empty()) {
        return options;
    }
    options.memory.inverse = [=, this](const Expr &t, const Arrays &all) {
        const Arrays after(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(node->after.size()));
        const int inside = enter(node, node->after, level, t, after, made_it);
        Arrays before;
        if (made_it) {
            Arrays undone = node->before;
            if (node->steps >= 0) {
                undone[node->steps] = scalar("steps", node->step);
                undone[node->going] = scalar("going", 1);
            }
            before = masked_step(undone, inside, after);
        } else {
            for (size_t i = 0; i < after.size(); i++) {
                const Array &array = node->before[i];
                before.push_back(array.defined() && batched_(node->state[i]) ? repeated(array, inside) : array);
            }
        }
        before = leave(inside, before);
        before.resize(all.size());
        return before;
    };
    return options;
}

// A new level for the body of a loop, or for its inverse, for which what it has as `states` are `state`.
int BatchCopy::enter(const LoopPtr &node, const Arrays &states, int level, const Expr &step, const Arrays &state,
                     const Mask &mask) {
    const int inside = static_cast<int>(levels_.size());
    levels_.emplace_back();
    levels_[inside].outer = level;
    levels_[inside].changes = changing_in(*node);
    levels_[inside].shared.replace(node->step.as<Variable>()->name, step);
    for (size_t i = 0; i < state.size(); i++) {
        if (batched_(states[i])) {
            levels_[inside].copies[key_of(states[i].func().function())] = state[i].func().function();
        } else {
            levels_[inside].shared.replace(states[i], state[i]);
        }
    }
    if (mask) {
        levels_[inside].mask = Func("goes_on");
        levels_[inside].mask(batch_variables()) = mask(step, state);
    }
    return inside;
}

// What was built of the original states and step, of those of the new loop.
Arrays BatchCopy::leave(int level, Arrays next) {
    for (Array &array : next) {
        if (array.defined()) {
            array = levels_[level].shared(array);
        }
    }
    return next;
}

// What a step makes of the states of what goes on, the present ones of the rest.
Arrays BatchCopy::masked_step(const Arrays &made_of_one, int level, const Arrays &state) {
    Arrays next;
    for (size_t i = 0; i < state.size(); i++) {
        if (!made_of_one[i].defined()) {
            next.emplace_back();
            continue;
        }
        const Array made = repeated(made_of_one[i], level);
        const std::vector<Halide::Var> vars = coordinates(made.extents().size());
        const std::vector<Expr> place(vars.begin(), vars.end());
        Func chosen(made.name());
        chosen(vars) =
            Halide::select(goes_on(level, {place.end() - dimensions_, place.end()}), made(place), state[i](place));
        next.emplace_back(chosen, state[i].extents());
    }
    return next;
}

// `count`, a number at batch_place(), or 0 where a masked loop around does not go on.
Expr BatchCopy::if_it_goes_on(const Expr &count, int level) const {
    const int masked = masked_loop(level);
    return masked < 0 ? count : Halide::select(goes_on(masked, batch_place()), count, 0);
}

Array BatchCopy::largest(const std::string &name, const Array &each) const {
    const Halide::RDom r(each.box(), "r");
    std::vector<Expr> place;
    for (int d = 0; d < dimensions_; d++) {
        place.push_back(r[d]);
    }
    Func most(name);
    most() = 0;
    most() = Halide::max(most(), each(place));
    return Array(most, {});
}

std::vector<Halide::Var> BatchCopy::batch_variables() const { return coordinates(dimensions_); }

std::vector<Expr> BatchCopy::batch_place() const {
    const std::vector<Halide::Var> vars = batch_variables();
    return {vars.begin(), vars.end()};
}

}  // namespace sylvite
