#include "autodiff/scan.h"

#include "autodiff/affine.h"
#include "autodiff/boxes.h"
#include "frontend/graph.h"

#include <algorithm>

using namespace Halide::Internal;

namespace sylvite {

using Halide::Func;
using Halide::Type;

namespace {

// The places at which Exprs read a Func, each once.
class CollectReads : public IRGraphVisitor {
public:
    explicit CollectReads(const std::string &name) : name_(name) {}
    std::vector<std::vector<Expr>> places;

private:
    const std::string &name_;
    using IRGraphVisitor::visit;
    void visit(const Call *op) override {
        IRGraphVisitor::visit(op);
        if (op->func.defined() && op->name == name_) {
            places.push_back(op->args);
        }
    }
};

class RedirectEach : public IRGraphMutator {
public:
    RedirectEach(const std::string &name, const std::function<Function(const std::vector<Expr> &)> &to) :
        name_(name), to_(to) {}

private:
    const std::string &name_;
    const std::function<Function(const std::vector<Expr> &)> &to_;
    using IRGraphMutator::visit;
    Expr visit(const Call *op) override {
        const Expr mutated = IRGraphMutator::visit(op);
        const Call *call = mutated.as<Call>();
        return call && call->func.defined() && call->name == name_
                   ? Call::make(to_(op->args), call->args, op->value_index)
                   : mutated;
    }
};

bool same_place(const std::vector<Expr> &a, const std::vector<Expr> &b) {
    return std::equal(a.begin(), a.end(), b.begin(), [](const Expr &x, const Expr &y) { return equal(x, y); });
}

Expr last_of(const ReductionVariable &r) { return simplify(r.min + r.extent - 1); }

}  // namespace

std::optional<Scan> Scan::of(const Function &function, int stage, const StageForm &form) {
    Scan scan;
    scan.function_ = function;
    scan.form_ = form;
    scan.stage_ = stage;
    scan.rvars_ = function.update(stage - 1).schedule().rvars();
    std::set<std::string> names;
    for (const ReductionVariable &r : scan.rvars_) {
        names.insert(r.var);
    }
    // Where it writes: every reduction variable is the index of one dimension, up to sign and offset.
    std::map<std::string, Axis> axes;
    std::set<std::string> loops = names;
    loops.insert(function.args().begin(), function.args().end());
    for (size_t d = 0; d < form.args.size(); d++) {
        const Variable *arg = form.args[d].as<Variable>();
        if (arg && arg->name == function.args()[d] && !arg->reduction_domain.defined()) {
            continue;
        }
        Affine index;
        if (reads(form.args[d], function) || !as_affine(plain_index(form.args[d]), loops, index) ||
            uses_any(index.rest, loops) || !reads_of(std::vector<Expr>{index.rest}).functions.empty()) {
            return std::nullopt;
        }
        if (index.coefficient.empty()) {
            continue;  // always the same index
        }
        const auto [name, sign] = *index.coefficient.begin();
        if (index.coefficient.size() > 1 || !names.count(name) || std::abs(sign) != 1 ||
            !axes.emplace(name, Axis{d, static_cast<int>(sign), index.rest}).second) {
            return std::nullopt;
        }
    }
    for (const ReductionVariable &r : scan.rvars_) {
        if (!axes.count(r.var)) {
            return std::nullopt;
        }
        scan.axes_.push_back(axes.at(r.var));
    }
    // What it reads: places that an earlier iteration would write, and its own.
    if (reads(form.predicate, function)) {
        return std::nullopt;
    }
    CollectReads collect(function.name());
    for (const Expr &e : form.values) {
        e.accept(&collect);
    }
    for (const std::vector<Expr> &place : collect.places) {
        std::vector<int> delay(scan.rvars_.size(), 0);
        std::vector<bool> is_axis(place.size(), false);
        for (size_t m = 0; m < scan.axes_.size(); m++) {
            const Axis &axis = scan.axes_[m];
            is_axis[axis.dimension] = true;
            const auto distance =
                as_const_int(simplify(plain_index(form.args[axis.dimension]) - plain_index(place[axis.dimension])));
            if (!distance || std::abs(*distance) > (1 << 20)) {
                return std::nullopt;
            }
            delay[m] = static_cast<int>(*distance) * axis.sign;
        }
        for (size_t d = 0; d < place.size(); d++) {
            if (!is_axis[d] && !equal(place[d], form.args[d])) {
                return std::nullopt;
            }
        }
        // The last reduction variable is the outermost loop.
        const auto outermost = std::find_if(delay.rbegin(), delay.rend(), [](int steps) { return steps != 0; });
        if (outermost != delay.rend() && *outermost < 0) {
            return std::nullopt;
        }
        scan.reads_.push_back({place, delay});
    }
    for (size_t c = 0; c < form.values.size(); c++) {
        if (form.values[c].type().is_float()) {
            scan.floats_.push_back(static_cast<int>(c));
        }
    }
    return scan;
}

const Scan::Read &Scan::read_at(const std::vector<Expr> &place) const {
    const auto read =
        std::find_if(reads_.begin(), reads_.end(), [&](const Read &r) { return same_place(r.place, place); });
    _halide_internal_assert(read != reads_.end()) << "a read of " << function_.name() << " that the scan does not know";
    return *read;
}

namespace {

bool is_own(const std::vector<int> &delay) {
    return std::all_of(delay.begin(), delay.end(), [](int steps) { return steps == 0; });
}

}  // namespace

Expr Scan::primal(const Expr &e, const Function &before, const Function &after) const {
    const std::function<Function(const std::vector<Expr> &)> to = [&](const std::vector<Expr> &place) {
        return is_own(read_at(place).delay) ? before : after;
    };
    return e.defined() ? RedirectEach(function_.name(), to).mutate(e) : e;
}

// Whether the predicate of the stage holds for values of the reduction variables, held within the domain: nothing
// outside is read. Undefined: always.
Expr Scan::predicate_at(const std::map<std::string, Expr> &iteration) const {
    std::map<std::string, Expr> held;
    for (const ReductionVariable &r : rvars_) {
        held[r.var] = Halide::clamp(iteration.at(r.var), r.min, last_of(r));
    }
    return form_.predicate.defined() ? replace_variables(form_.predicate, held) : Expr();
}

// Whether there is an iteration so many steps away from an iteration. Undefined: always.
Expr Scan::is_iteration(const std::vector<int> &steps) const {
    Expr inside;
    for (size_t m = 0; m < rvars_.size(); m++) {
        const Expr at = Variable::make(Halide::Int(32), rvars_[m].var) + steps[m];
        if (steps[m] != 0) {
            inside = both(inside, steps[m] > 0 ? at <= last_of(rvars_[m]) : at >= rvars_[m].min);
        }
    }
    return both(inside, predicate_at(at_distance(steps, false)));
}

Expr Scan::writes(const std::vector<Expr> &place) const {
    std::map<std::string, Expr> iteration;
    Expr written = const_true();
    for (size_t m = 0; m < rvars_.size(); m++) {
        const Expr distance = place[axes_[m].dimension] - axes_[m].offset;
        const Expr at = simplify(axes_[m].sign > 0 ? distance : -distance);
        iteration[rvars_[m].var] = at;
        written = written && at >= rvars_[m].min && at <= last_of(rvars_[m]);
    }
    std::map<std::string, Expr> here;
    for (size_t d = 0; d < place.size(); d++) {
        here[function_.args()[d]] = place[d];
        const bool is_axis =
            std::any_of(axes_.begin(), axes_.end(), [&](const Axis &axis) { return axis.dimension == d; });
        const Variable *arg = form_.args[d].as<Variable>();
        if (!is_axis && !(arg && arg->name == function_.args()[d])) {
            written = written && place[d] == form_.args[d];
        }
    }
    return simplify(replace_variables(both(written, predicate_at(iteration)), here));
}

// The reduction variables so many steps away.
std::map<std::string, Expr> Scan::at_distance(const std::vector<int> &steps, bool held) const {
    std::map<std::string, Expr> iteration;
    for (size_t m = 0; m < rvars_.size(); m++) {
        Expr at = Variable::make(Halide::Int(32), rvars_[m].var);
        if (steps[m] != 0) {
            at = at + steps[m];
            at = held ? Halide::clamp(Halide::likely(at), rvars_[m].min, last_of(rvars_[m])) : at;
        }
        iteration[rvars_[m].var] = at;
    }
    return iteration;
}

Expr Scan::reads_old(const std::vector<Expr> &place) const {
    std::vector<int> steps = read_at(place).delay;
    if (is_own(steps)) {
        return Expr();
    }
    for (int &step : steps) {
        step = -step;
    }
    return negation(is_iteration(steps));
}

void Scan::reverse(const std::function<Expr(int, const std::vector<Expr> &)> &after,
                   const std::function<Expr(const Expr &)> &primal) {
    Func adjoints("adjoints_through_" + plain_name(function_.name()));
    std::vector<Expr> here, start;
    for (const std::string &arg : function_.args()) {
        here.push_back(Variable::make(Halide::Int(32), arg));
    }
    std::vector<Type> types;
    for (const int c : floats_) {
        types.push_back(adjoint_type(form_.values[c].type()));
        const Expr e = after(c, here);
        start.push_back(e.defined() ? Halide::cast(types.back(), e) : make_zero(types.back()));
    }
    adjoints.function().define(function_.args(), start);
    adjoints_ = adjoints.function();

    std::vector<Expr> seeds(form_.values.size()), sums;
    for (size_t i = 0; i < floats_.size(); i++) {
        seeds[floats_[i]] = adjoint_of_written(floats_[i]);
        sums.push_back(Call::make(*adjoints_, form_.args, static_cast<int>(i)));
    }
    // What iteration i wrote was read by the iterations i + delay.
    const auto is_self = [&](const ReadTarget &read) { return read.key == target_of(function_).key; };
    for (const Term &term : linear_form(form_.values, seeds, is_self, stage_text(function_, stage_))) {
        const std::vector<int> &delay = read_at(read_arguments(term.read)).delay;
        if (is_own(delay)) {
            continue;
        }
        const std::map<std::string, Expr> reader = at_distance(delay, true);
        const Expr value = replace_variables(guarded(primal(term.guard), primal(term.coefficient)), reader);
        const Expr is_reader = is_iteration(delay);
        for (size_t i = 0; i < floats_.size(); i++) {
            if (floats_[i] == read_target(term.read).value_index) {
                sums[i] = sum_of(sums[i], guarded(is_reader, Halide::cast(types[i], value)));
            }
        }
    }
    Halide::Region ranges;
    for (const ReductionVariable &r : rvars_) {
        ranges.emplace_back(r.min, r.extent);
    }
    Halide::RDom domain(ranges, "r");
    std::map<std::string, Expr> backwards;
    for (size_t m = 0; m < rvars_.size(); m++) {
        backwards[rvars_[m].var] = simplify(rvars_[m].min + last_of(rvars_[m])) - domain[static_cast<int>(m)];
    }
    if (form_.predicate.defined()) {
        domain.where(replace_variables(form_.predicate, backwards));
    }
    std::vector<Expr> place;
    for (const Expr &e : form_.args) {
        place.push_back(simplify(replace_variables(e, backwards)));
    }
    for (Expr &e : sums) {
        e = common_subexpression_elimination(replace_variables(e, backwards));
    }
    adjoints_->define_update(place, sums, domain.domain());
}

Expr Scan::adjoint_of_written(int component) const {
    const auto it = std::find(floats_.begin(), floats_.end(), component);
    if (it == floats_.end()) {
        return Expr();
    }
    const int value = static_cast<int>(it - floats_.begin());
    return Halide::cast(form_.values[component].type(), Call::make(*adjoints_, form_.args, value));
}

}  // namespace sylvite
