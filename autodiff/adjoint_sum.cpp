#include "autodiff/adjoint_sum.h"

#include "autodiff/known_sizes.h"
#include "autodiff/linear_form.h"
#include "frontend/graph.h"

using namespace Halide::Internal;

namespace sylvite {

Expr last_of(const Halide::Range &range) { return simplified(range.min + range.extent - 1); }

std::vector<Expr> variables(const std::vector<std::string> &names) {
    std::vector<Expr> vars;
    for (const std::string &name : names) {
        vars.push_back(Variable::make(Halide::Int(32), name));
    }
    return vars;
}

GuardedRead read_within(const std::vector<Expr> &place, const Halide::Region &box, const Scope<Interval> &domain) {
    GuardedRead read;
    for (size_t d = 0; d < place.size(); d++) {
        const Expr last = last_of(box[d]);
        const Interval range = bounds_of_expr_in_scope(place[d], domain);
        const bool begins_within = range.is_bounded() && provable(range.min >= box[d].min);
        if (begins_within && provable(range.max <= last)) {
            read.args.push_back(place[d]);
        } else if (begins_within && provable(range.max <= Halide::max(last, box[d].min))) {
            // Outside only where there is no inside, as clamp(i, 0, n - 1) is for n = 0: the same for all iterations.
            read.args.push_back(place[d]);
            read.guard = both(read.guard, box[d].min <= last);
        } else {
            read.args.push_back(Halide::clamp(Halide::likely(place[d]), box[d].min, last));
            read.guard = both(read.guard, place[d] >= box[d].min && place[d] <= last);
        }
    }
    return read;
}

namespace {

class WithoutLikely : public IRGraphMutator {
    using IRGraphMutator::visit;
    Expr visit(const Call *op) override {
        const bool is_likely = op->is_intrinsic({Call::likely, Call::likely_if_innermost});
        return is_likely ? mutate(op->args[0]) : IRGraphMutator::visit(op);
    }
};

// Where an update writes elsewhere than at the point, f(x, x + 9) += .., the loops of all updates go over a range that
// Halide 21 cannot simplify, and its partition of loops at `likely` then leaves out iterations.
bool writes_elsewhere(const std::vector<Contribution> &contributions, const std::vector<std::string> &arguments) {
    for (const Contribution &contribution : contributions) {
        for (size_t d = 0; d < arguments.size(); d++) {
            const auto *var = contribution.index[d].as<Variable>();
            if (!var || var->name != arguments[d]) {
                return true;
            }
        }
    }
    return false;
}

}  // namespace

void define_sum(Halide::Func &func, const std::vector<std::string> &arguments, Halide::Type type,
                const std::vector<Contribution> &contributions) {
    Expr gathered;
    for (const Contribution &contribution : contributions) {
        if (contribution.is_gather) {
            gathered = sum_of(gathered, Halide::cast(type, contribution.value));
        }
    }
    std::vector<Halide::Var> pure(arguments.begin(), arguments.end());
    func(pure) = gathered.defined() ? gathered : make_zero(type);
    const bool must_stay_whole = writes_elsewhere(contributions, arguments);
    for (const Contribution &contribution : contributions) {
        if (contribution.is_gather) {
            continue;
        }
        std::map<std::string, Expr> loops;
        ReductionDomain reduction;  // given below, for it need not show: all iterations may add the same
        if (!contribution.domain.empty()) {
            Halide::Region ranges;
            for (const LoopDim &dim : contribution.domain) {
                ranges.emplace_back(dim.min, dim.extent);
            }
            const Halide::RDom domain(ranges, "r");
            reduction = domain.domain();
            for (size_t i = 0; i < contribution.domain.size(); i++) {
                loops[contribution.domain[i].name] = domain[static_cast<int>(i)];
            }
        }
        std::vector<Expr> index;
        for (const Expr &e : contribution.index) {
            index.push_back(replace_variables(e, loops));
        }
        Expr more = Halide::cast(type, replace_variables(contribution.value, loops));
        if (must_stay_whole) {
            more = WithoutLikely().mutate(more);
        }
        func.function().define_update(index, {Call::make(func.function(), index, 0) + more}, reduction);
    }
}

}  // namespace sylvite
