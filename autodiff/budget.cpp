#include "autodiff/budget.h"

#include "autodiff/activity.h"
#include "frontend/print.h"

#include <cmath>

using namespace Halide::Internal;

namespace sylvite {

namespace {

Expr wide(const Expr &e) { return Halide::cast<int64_t>(e); }

std::string text_of(const Expr &bytes) {
    const auto constant = as_const_int(simplify(bytes));
    return constant ? std::to_string(*constant) : sylvite::print(bytes);
}

// The loops that run within the steps of `loop`, those within them included.
std::vector<const LoopNode *> loops_in(const LoopNode &loop) {
    const auto changes = changing_in(loop);
    std::vector<const LoopNode *> inner;
    std::set<const LoopNode *> seen;
    walk_deep(loop.next, [&](const Function &function) {
        const auto node = array_node(function);
        if (node && node->loop && changes(function) && seen.insert(node->loop.get()).second) {
            inner.push_back(node->loop.get());
        }
        return changes(function);
    });
    return inner;
}

// As the driver lays them out; where extents are sizes, without what it adds to align them.
Expr bytes_of_states(const LoopNode &loop) {
    Expr total = make_zero(Halide::Int(64));
    for (const Array &state : loop.state) {
        Expr bytes = make_const(Halide::Int(64), state.type().bytes());
        for (const Expr &extent : state.extents()) {
            bytes = bytes * wide(extent);
        }
        bytes = simplify(bytes);
        total += is_const(bytes) ? (bytes + 63) / 64 * 64 : bytes;
    }
    return simplify(total);
}

// For comparing costs: the number of steps, or one that is as good as any.
int64_t likely_steps(const LoopNode &loop) {
    const auto constant = loop.capacity.defined() ? as_const_int(simplify(loop.capacity)) : std::nullopt;
    return constant ? std::max<int64_t>(*constant, 0) : 1000;
}

struct Choice {
    Memory memory;
    Expr bytes;    // of states that are kept, and of those that steps run again work on: two buffers a state
    double again;  // steps of the loop that are run again, for one run of it
};

std::vector<Choice> choices_for(const LoopNode &loop) {
    const Expr states = bytes_of_states(loop);
    Expr inner = make_zero(Halide::Int(64));  // what loops inside work on, once more wherever steps are run again
    for (const LoopNode *inside : loops_in(loop)) {
        inner += 2 * bytes_of_states(*inside);
    }
    const int64_t n = likely_steps(loop);
    std::vector<Choice> choices;
    if (loop.capacity.defined()) {
        const Expr steps = wide(loop.capacity);
        choices.push_back({Memory::store_all, states * (steps + 1), 0});
        if (const auto constant = as_const_int(simplify(loop.capacity))) {
            const auto segment = std::max<int64_t>(1, std::ceil(std::sqrt(static_cast<double>(*constant))));
            const int64_t kept = (*constant + segment - 1) / segment + segment + 4;
            choices.push_back(
                {Memory::sqrt, states * make_const(Halide::Int(64), kept) + inner, static_cast<double>(n)});
        }
    }
    for (int k = 8; k >= 1; k--) {
        choices.push_back({Memory::binomial(k), (2 * states + inner) * k, static_cast<double>(again_with(n, k))});
    }
    return choices;
}

// Searches all combinations for the loops under one budget.
class Search {
public:
    explicit Search(const LoopNode &outer) : bytes_(outer.options.memory.bytes) {
        loops_.push_back(&outer);
        for (const LoopNode *inner : loops_in(outer)) {
            if (inner->options.memory.way == Memory::Way::unsaid) {
                loops_.push_back(inner);
            }
        }
        _halide_user_assert(loops_.size() <= 4)
            << "Memory::budget() needs at most 4 loops that share it; " << outer.options.name
            << " and those inside are " << loops_.size() << ": set LoopOptions::memory of some.";
        for (const LoopNode *loop : loops_) {
            choices_.push_back(choices_for(*loop));
            for (const Array &state : loop->state) {
                for (const Expr &extent : state.extents()) {
                    is_size(extent);
                }
            }
            if (loop->capacity.defined()) {
                is_size(loop->capacity);
            }
            // A step run again runs the loops inside; they run for each step of the loops around.
            double weight = 1;
            for (const LoopNode *inner : loops_in(*loop)) {
                weight += static_cast<double>(likely_steps(*inner));
            }
            for (const LoopNode *around : loops_) {
                const std::vector<const LoopNode *> inside = loops_in(*around);
                if (std::find(inside.begin(), inside.end(), loop) != inside.end()) {
                    weight *= static_cast<double>(likely_steps(*around));
                }
            }
            weights_.push_back(weight);
        }
    }

    void choose(std::map<const LoopNode *, Memory> &chosen) {
        std::vector<size_t> picked;
        search(picked, make_zero(Halide::Int(64)), 0);
        _halide_user_assert(!best_.empty())
            << "Memory::budget() needs bytes for the states of one step at least; " << loops_.front()->options.name
            << " has a budget of " << text_of(bytes_) << " and states of " << text_of(bytes_of_states(*loops_.front()))
            << ", and that they fit is not known: give it more, in terms of the same sizes.";
        for (size_t i = 0; i < loops_.size(); i++) {
            chosen[loops_[i]] = choices_[i][best_[i]].memory;
        }
    }

private:
    const Expr bytes_;
    Scope<Interval> sizes_;  // extents and numbers of steps that are parameters; those below 0 count as 0
    std::vector<const LoopNode *> loops_;
    std::vector<std::vector<Choice>> choices_;
    std::vector<double> weights_;
    std::vector<size_t> best_;
    double least_ = std::numeric_limits<double>::infinity();

    void is_size(const Expr &extent) {
        const auto *size = extent.as<Variable>();
        if (size && !sizes_.contains(size->name)) {
            sizes_.push(size->name, Interval(make_zero(Halide::Int(64)), Interval::pos_inf()));
        }
    }

    // Halide 21 knows nothing of the sign of int64(n) where it knows that of n, so sizes stand as int64 themselves; and it
    // can tell that of a difference of multiples of n, but not compare them.
    bool fits(const Expr &bytes) const {
        class Widen : public IRMutator {
            using IRMutator::visit;
            Expr visit(const Cast *op) override {
                const auto *size = op->value.as<Variable>();
                return size && op->type == Halide::Int(64) ? Variable::make(op->type, size->name)
                                                           : IRMutator::visit(op);
            }
        } widen;
        return can_prove(widen.mutate(bytes_ - bytes) >= 0, sizes_);
    }

    void search(std::vector<size_t> &picked, const Expr &bytes, double again) {
        const size_t i = picked.size();
        if (again >= least_) {
            return;
        }
        if (i == loops_.size()) {
            if (fits(bytes)) {
                best_ = picked;
                least_ = again;
            }
            return;
        }
        for (size_t k = 0; k < choices_[i].size(); k++) {
            const Choice &choice = choices_[i][k];
            picked.push_back(k);
            search(picked, simplify(bytes + choice.bytes), again + choice.again * weights_[i]);
            picked.pop_back();
        }
    }
};

}  // namespace

std::map<const LoopNode *, Memory> chosen_by_budget(const Arrays &arrays) {
    std::map<const LoopNode *, Memory> chosen;
    walk_deep(arrays, [&](const Function &function) {
        const auto node = array_node(function);
        const LoopNode *loop = node ? node->loop.get() : nullptr;
        if (loop && loop->options.memory.way == Memory::Way::budget && !chosen.count(loop)) {
            Search(*loop).choose(chosen);
        }
        return true;
    });
    return chosen;
}

}  // namespace sylvite
