#include "autodiff/replay.h"

#include "autodiff/activity.h"
#include "frontend/substitute.h"

#include <cmath>

using namespace Halide::Internal;

namespace sylvite {

using LoopPtr = std::shared_ptr<const LoopNode>;
using Kind = ArrayNode::Kind;

namespace {

Arrays keep_all(const LoopPtr &loop, const Arrays &adjoints, const ReverseStep &undo, const LoopOptions &options) {
    const Expr steps = steps_of(loop);
    return sylvite::loop(steps, adjoints, LoopBody([&](const Expr &back, const Arrays &after) {
                             const Expr step = steps - 1 - back;
                             Arrays now;
                             for (size_t i = 0; i < loop->state.size(); i++) {
                                 now.push_back(slice(history(result_of(loop, i)), step));
                             }
                             return undo(step, now, after);
                         }),
                         options);
}

// The states go backwards beside the adjoints.
Arrays run_inverse(const LoopPtr &loop, const std::vector<bool> &needed, const Arrays &adjoints,
                   const ReverseStep &undo, const LoopOptions &options) {
    const Expr steps = steps_of(loop);
    std::vector<size_t> given;
    Arrays init = adjoints;
    for (size_t i = 0; i < loop->state.size(); i++) {
        _halide_user_assert(loop->before[i].defined() || !needed[i])
            << "The reverse derivative of " << loop->options.name << " needs state " << i << " ("
            << loop->state[i].name() << ") before each step, which its inverse does not give: use Memory::binomial.";
        if (loop->before[i].defined()) {
            given.push_back(i);
            init.push_back(result_of(loop, i));
        }
    }
    const Arrays results = sylvite::loop(steps, init, LoopBody([&](const Expr &back, const Arrays &all) {
                                             const Expr step = steps - 1 - back;
                                             Substitution undone;
                                             undone.replace(loop->step.as<Variable>()->name, step);
                                             for (size_t k = 0; k < given.size(); k++) {
                                                 undone.replace(loop->after[given[k]], all[adjoints.size() + k]);
                                             }
                                             Arrays now(loop->state.size());
                                             for (size_t i : given) {
                                                 now[i] = undone(loop->before[i]);
                                             }
                                             Arrays next =
                                                 undo(step, now, Arrays(all.begin(), all.begin() + adjoints.size()));
                                             for (size_t i : given) {
                                                 next.push_back(now[i]);
                                             }
                                             return next;
                                         }),
                                         options);
    return Arrays(results.begin(), results.begin() + adjoints.size());
}

Expr wide(const Expr &e) { return Halide::cast<int64_t>(e); }

// As small as it gets: counts of inner loops are made of those of outer ones, and would double from level to level as trees.
Expr compact(const Expr &e) { return simplify(common_subexpression_elimination(e)); }

// C(k + i, k), 0 for i < 0: how many steps k snapshots reach if none is run again more than i times.
Expr reach(int k, const Expr &i) {
    Expr c = make_one(Halide::Int(64));
    for (int t = 1; t <= k; t++) {
        c = c * (wide(i) + t) / t;
    }
    return Halide::select(i < 0, make_zero(Halide::Int(64)), c);
}

// The smallest r for which reach(k, r) >= n. From (r + 1)^k <= k! reach(k, r) <= (r + (k + 1) / 2)^k it is among a few.
Expr repetitions(int k, const Expr &n) {
    if (k == 1) {
        return Halide::max(n - 1, 0);
    }
    const double factorial = std::tgamma(k + 1.0);
    const Expr root = Halide::pow(make_const(Halide::Float(64), factorial) * Halide::cast<double>(n),
                                  make_const(Halide::Float(64), 1.0 / k));
    const Expr least = Halide::max(Halide::cast<int>(Halide::floor(root)) - (k + 1) / 2 - 2, 0);
    Expr r = least;
    for (int more = 0; more < (k + 1) / 2 + 4; more++) {
        r += Halide::cast<int>(reach(k, least + more) < wide(n));
    }
    return r;
}

// A stretch of reach(level, r - 1) + extra steps, 0 <= extra <= reach(level - 1, r), is reversed with `level` snapshots by
// running each of its steps at most r times again: from the snapshot at its head the states go on to the head of a part at
// its end, which is reversed with a snapshot less; then the same for what is left of it, r being one less. The parts of the
// left are thus the steps of a loop, and all that it keeps are the initial states of loops around it. With
//
//     left(p) = reach(level, r - p - 1) + max(0, extra - reach(level - 1, r) + reach(level - 1, r - p))
//
// steps left after p parts, part p is a stretch of reach(level - 1, r - p - 1) + extra' steps. Both it and what is left meet
// the condition for the optimum, r l - reach(level + 1, r - 1) steps in all (Griewank, Walther 2000, proposition 1).
class RunAgain {
public:
    RunAgain(const LoopPtr &loop, const std::vector<bool> &needed, const ReverseStep &undo,
             const LoopOptions &options) :
        loop_(loop),
        states_(states_for(needed)), undo_(undo), options_(options) {}

    Arrays all(int snapshots, const Arrays &adjoints) {
        const Expr steps = steps_of(loop_);
        int level = snapshots;
        Expr r;
        if (const auto constant = as_const_int(simplify(steps))) {
            level = static_cast<int>(std::min<int64_t>(level, std::max<int64_t>(*constant - 1, 1)));
            int least = 0;
            while (*as_const_int(simplify(reach(level, least))) < *constant) {
                least++;
            }
            r = least;
        } else {
            r = repetitions(level, steps);
            if (level > 1 && !loop_->count.defined()) {
                last_ = steps - 1;
            }
        }
        if (loop_->capacity.defined()) {
            options_.capacity = compact(repetitions(level, loop_->capacity) + 1);
        }
        Arrays head;
        for (size_t i : states_) {
            head.push_back(loop_->init[i]);
        }
        const Expr extra = Halide::cast<int>(wide(steps) - reach(level, r - 1));
        return stretch(level, head, 0, compact(r), compact(extra), adjoints);
    }

private:
    const LoopPtr loop_;
    const std::vector<size_t> states_;  // those that must be run again
    const ReverseStep &undo_;
    LoopOptions options_;
    Expr last_;  // the last step, where Halide finds no bounds of what is made of repetitions(), a power

    Expr held(const Expr &step) const { return last_.defined() ? Halide::clamp(step, 0, last_) : step; }

    // What is needed, and what that is computed from.
    std::vector<size_t> states_for(std::vector<bool> needed) const {
        for (bool more = true; more;) {
            more = false;
            for (size_t i = 0; i < needed.size(); i++) {
                if (!needed[i]) {
                    continue;
                }
                walk_deep(Arrays{loop_->next[i]}, [&](const Function &function) {
                    const auto node = array_node(function);
                    for (size_t k = 0; node && k < needed.size(); k++) {
                        if (!needed[k] && loop_->state[k].node() == node) {
                            needed[k] = more = true;
                        }
                    }
                    return true;
                });
            }
        }
        std::vector<size_t> states;
        for (size_t i = 0; i < needed.size(); i++) {
            if (needed[i]) {
                states.push_back(i);
            }
        }
        return states;
    }

    Arrays advance(const Arrays &head, const Expr &first, const Expr &steps) const {
        LoopOptions options = loop_->options;
        options.capacity = loop_->capacity;
        return loop(steps, head, LoopBody([&](const Expr &t, const Arrays &state) {
                        Substitution again;
                        again.replace(loop_->step.as<Variable>()->name, held(compact(first + t)));
                        for (size_t k = 0; k < states_.size(); k++) {
                            again.replace(loop_->state[states_[k]], state[k]);
                        }
                        Arrays next;
                        for (size_t i : states_) {
                            next.push_back(again(loop_->next[i]));
                        }
                        return next;
                    }),
                    options);
    }

    Arrays stretch(int level, const Arrays &head, const Expr &first, const Expr &r, const Expr &extra,
                   const Arrays &adjoints) const {
        if (level == 1) {
            const Expr length = compact(r + extra);
            return loop(length, adjoints, LoopBody([&](const Expr &part, const Arrays &after) {
                            const Expr before = compact(length - 1 - part);
                            const Arrays at = advance(head, first, before);
                            Arrays now(loop_->state.size());
                            for (size_t k = 0; k < states_.size(); k++) {
                                now[states_[k]] = at[k];
                            }
                            return undo_(held(compact(first + before)), now, after);
                        }),
                        options_);
        }
        LoopOptions parts = options_;
        parts.name += "_" + std::to_string(level);
        const Expr missing = wide(extra) - reach(level - 1, r);
        return loop(compact(r + Halide::cast<int>(missing == 0)), adjoints,
                    LoopBody([&](const Expr &part, const Arrays &after) {
                        const Expr least = compact(r - part);
                        const Expr begin = compact(Halide::cast<int>(
                            reach(level, least - 2) +
                            Halide::max(missing + reach(level - 1, least - 1), make_zero(Halide::Int(64)))));
                        const Expr more = compact(Halide::cast<int>(Halide::clamp(
                            missing + reach(level - 1, least), make_zero(Halide::Int(64)), reach(level - 2, least))));
                        const Arrays at = advance(head, first, begin);
                        return stretch(level - 1, at, compact(first + begin), least, more, after);
                    }),
                    parts);
    }
};

}  // namespace

Array result_of(const LoopPtr &loop, size_t index) {
    const Array &state = loop->state[index];
    return Array::from_node(std::make_shared<ArrayNode>(
        ArrayNode{Kind::Result, state.name(), state.type(), state.extents(), Func(), loop, static_cast<int>(index)}));
}

std::vector<bool> states_with_history(const LoopPtr &loop, const Arrays &arrays) {
    std::vector<bool> found(loop->state.size());
    walk_deep(arrays, [&](const Function &function) {
        const auto node = array_node(function);
        if (node && node->kind == Kind::History && node->loop == loop) {
            found[node->index] = true;
        }
        return true;
    });
    return found;
}

Arrays run_backwards(const LoopPtr &loop, const Memory &memory, const std::vector<bool> &needed, const Arrays &adjoints,
                     const ReverseStep &step, const LoopOptions &options) {
    switch (memory.way) {
    case Memory::Way::binomial:
        return RunAgain(loop, needed, step, options).all(memory.snapshots, adjoints);
    case Memory::Way::reversible:
        return run_inverse(loop, needed, adjoints, step, options);
    default:
        return keep_all(loop, adjoints, step, options);
    }
}

}  // namespace sylvite
