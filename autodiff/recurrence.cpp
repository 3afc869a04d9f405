#include "autodiff/recurrence.h"

#include "autodiff/boxes.h"
#include "autodiff/packets.h"
#include "frontend/graph.h"

using namespace Halide::Internal;

namespace sylvite {

using Halide::Func;
using Halide::Region;
using Halide::Type;

namespace {

// The places at which an Expr reads a Func, inner ones first, each once.
class CollectPlaces : public IRGraphVisitor {
public:
    CollectPlaces(const std::string &name, std::vector<std::vector<Expr>> &places) : name_(name), places_(places) {}

private:
    const std::string &name_;
    std::vector<std::vector<Expr>> &places_;
    using IRGraphVisitor::visit;
    void visit(const Call *op) override {
        IRGraphVisitor::visit(op);
        if (op->func.defined() && op->name == name_ && index_of(places_, op->args) == places_.size()) {
            places_.push_back(op->args);
        }
    }

public:
    static size_t index_of(const std::vector<std::vector<Expr>> &places, const std::vector<Expr> &place) {
        size_t k = 0;
        while (k < places.size() && !std::equal(place.begin(), place.end(), places[k].begin(),
                                                [](const Expr &a, const Expr &b) { return equal(a, b); })) {
            k++;
        }
        return k;
    }
};

// Reads of a Func at the k-th place made reads of a record at the k-th of other places.
class ReplaceReads : public IRGraphMutator {
public:
    ReplaceReads(const std::string &name, const std::vector<std::vector<Expr>> &places, const Function &record,
                 const std::function<std::vector<Expr>(int)> &at) :
        name_(name),
        places_(places), record_(record), at_(at) {}

private:
    const std::string &name_;
    const std::vector<std::vector<Expr>> &places_;
    const Function &record_;
    const std::function<std::vector<Expr>(int)> &at_;
    using IRGraphMutator::visit;
    Expr visit(const Call *op) override {
        if (op->func.defined() && op->name == name_) {
            const size_t k = CollectPlaces::index_of(places_, op->args);
            return Call::make(record_, at_(static_cast<int>(k)), op->value_index);
        }
        return IRGraphMutator::visit(op);
    }
};

}  // namespace

Recurrence::Recurrence(const Function &function, int stage, const StageForm &form, const Halide::Region &box,
                       const Function &before) :
    function_(function),
    before_(before), stage_(stage), elements_(elements_of(form, stage_text(function, stage))), box_(box),
    iteration_(iteration_number(function, stage)) {
    for (size_t d = 0; d < form.args.size(); d++) {
        const Variable *arg = form.args[d].as<Variable>();
        is_pure_.push_back(arg && arg->name == function.args()[d] && !arg->reduction_domain.defined());
        if (is_pure_.back()) {
            pure_.push_back(arg->name);
        }
    }
    CollectPlaces collect(function.name(), reads_);
    for (const StageForm &element : elements_) {
        for (const std::vector<Expr> *exprs : {&element.args, &element.values}) {
            for (const Expr &e : *exprs) {
                e.accept(&collect);
            }
        }
    }
    if (form.predicate.defined()) {
        form.predicate.accept(&collect);
    }
    for (size_t c = 0; c < form.values.size(); c++) {
        if (form.values[c].type().is_float()) {
            floats_.push_back(static_cast<int>(c));
        }
    }
}

// The arguments of slot 0 at a place.
std::vector<Expr> Recurrence::at(const std::vector<Expr> &place) const {
    std::vector<Expr> args;
    Expr packed = 0, stride = 1;
    for (size_t d = 0; d < place.size(); d++) {
        if (is_pure_[d]) {
            args.push_back(place[d]);
        } else {
            // Clamped to where the stage reads and writes at all: Halide then knows what is needed.
            const Expr last = simplify(box_[d].min + box_[d].extent - 1);
            packed = packed + (Halide::clamp(place[d], box_[d].min, last) - box_[d].min) * stride;
            stride = stride * box_[d].extent;
        }
    }
    args.push_back(simplify(packed));
    args.emplace_back(0);
    return args;
}

// The arguments of a slot that is by iteration, for the current one.
std::vector<Expr> Recurrence::at_iteration(int slot) const {
    std::vector<Expr> args;
    for (const std::string &name : pure_) {
        args.push_back(Variable::make(Halide::Int(32), name));
    }
    args.push_back(iteration_);
    args.emplace_back(slot);
    return args;
}

// The place that is packed in an index; the pure dimensions by their variables.
std::vector<Expr> Recurrence::unpack(const Expr &packed) const {
    std::vector<Expr> place;
    size_t last = 0;
    for (size_t d = 0; d < is_pure_.size(); d++) {
        last = is_pure_[d] ? last : d;
    }
    Expr rest = packed;
    for (size_t d = 0; d < is_pure_.size(); d++) {
        if (is_pure_[d]) {
            place.push_back(Variable::make(Halide::Int(32), function_.args()[d]));
        } else {
            const Expr here = d == last ? rest : rest % box_[d].extent;
            place.push_back(Halide::clamp(here + box_[d].min, box_[d].min, simplify(box_[d].min + box_[d].extent - 1)));
            rest = rest / box_[d].extent;
        }
    }
    return place;
}

// A Func of the pure variables, a place and a slot, with these values in slot 0.
Func Recurrence::start(const std::string &name, const std::vector<Type> &types,
                       const std::function<std::vector<Expr>(const std::vector<Expr> &)> &values) const {
    Func func(name + plain_name(function_.name()));
    std::vector<Halide::Var> args(pure_.begin(), pure_.end());
    const Halide::Var place("place"), slot("slot");
    args.push_back(place);
    args.push_back(slot);
    std::vector<Expr> initial = values(unpack(place));
    for (size_t c = 0; c < types.size(); c++) {
        initial[c] = initial[c].defined() ? select(slot == 0, Halide::cast(types[c], initial[c]), make_zero(types[c]))
                                          : make_zero(types[c]);
    }
    func(args) = Halide::Tuple(initial);
    return func;
}

// Adds the update that makes these steps in every iteration. They are Exprs of the stage's variables.
void Recurrence::run(Function &target, const std::vector<Step> &steps, bool backwards) const {
    const std::vector<ReductionVariable> &rvars = stage_definition(function_, stage_).schedule().rvars();
    Region ranges{{0, static_cast<int>(steps.size())}};
    for (const ReductionVariable &r : rvars) {
        ranges.emplace_back(r.min, r.extent);
    }
    Halide::RDom domain(ranges, "r");
    std::map<std::string, Expr> loops;
    for (size_t d = 0; d < rvars.size(); d++) {
        const Halide::RVar r = domain[static_cast<int>(d) + 1];
        loops[rvars[d].var] = backwards ? simplify(rvars[d].min + rvars[d].min + rvars[d].extent - 1) - r : Expr(r);
    }
    if (elements_[0].predicate.defined() && !has_own_predicate()) {
        domain.where(replace_variables(elements_[0].predicate, loops));
    }
    // The last step is what no other condition holds for.
    const auto choose = [&](const std::function<Expr(const Step &)> &part) {
        Expr chosen = replace_variables(part(steps.back()), loops);
        for (size_t m = steps.size() - 1; m-- > 0;) {
            const Expr e = replace_variables(part(steps[m]), loops);
            chosen = equal(e, chosen) ? e : select(domain[0] == static_cast<int>(m), e, chosen);
        }
        return chosen;
    };
    std::vector<Expr> place, values;
    for (size_t d = 0; d < steps[0].place.size(); d++) {
        place.push_back(choose([&](const Step &step) { return step.place[d]; }));
    }
    for (size_t c = 0; c < steps[0].values.size(); c++) {
        values.push_back(choose([&](const Step &step) { return step.values[c]; }));
    }
    target.define_update(place, values, domain.domain());
}

void Recurrence::record() {
    const std::vector<Type> types = function_.output_types();
    const auto all_of = [&](const Function &func, const std::vector<Expr> &args) {
        std::vector<Expr> values;
        for (size_t c = 0; c < types.size(); c++) {
            values.push_back(Call::make(func, args, static_cast<int>(c)));
        }
        return values;
    };
    Func record = start("reads_of_", types, [&](const std::vector<Expr> &place) { return all_of(before_, place); });
    record_ = record.function();
    std::vector<Step> steps;
    for (size_t k = 0; k < reads_.size(); k++) {
        steps.push_back({at_iteration(1 + static_cast<int>(k)), all_of(*record_, at(primals(reads_[k])))});
    }
    // What is read is recorded whether the stage then writes or not.
    for (const StageForm &element : elements_) {
        steps.push_back({at(primals(element.args)), primals(element.values)});
        if (has_own_predicate()) {
            keep_unless(primal(element.predicate), *record_, steps.back());
        }
    }
    run(*record_, steps, false);
}

// Whether the predicate reads the Func itself. A Func that only predicates read is not realized by Halide 21, so such a
// one becomes part of the values.
bool Recurrence::has_own_predicate() const { return reads(elements_[0].predicate, function_); }

// Makes a step of `target` write back what is there where the condition does not hold.
void Recurrence::keep_unless(const Expr &condition, const Function &target, Step &step) {
    for (size_t c = 0; c < step.values.size(); c++) {
        const Expr old = Call::make(target, step.place, static_cast<int>(c));
        step.values[c] = select(condition, step.values[c], old);
    }
}

Expr Recurrence::primal(const Expr &e) {
    if (!reads(e, function_)) {
        return e;
    }
    if (!record_) {
        record();
    }
    return ReplaceReads(function_.name(), reads_, *record_, [&](int k) { return at_iteration(1 + k); }).mutate(e);
}

std::vector<Expr> Recurrence::primals(std::vector<Expr> exprs) {
    for (Expr &e : exprs) {
        e = primal(e);
    }
    return exprs;
}

void Recurrence::reverse(const AdjointAt &after) {
    std::vector<Type> types;
    for (const int c : floats_) {
        types.push_back(adjoint_type(elements_[0].values[c].type()));
    }
    Func adjoints = start("adjoints_through_", types, [&](const std::vector<Expr> &place) {
        std::vector<Expr> values;
        for (const int c : floats_) {
            values.push_back(after(c, place));
        }
        return values;
    });
    adjoints_ = adjoints.function();
    const auto value = [&](const std::vector<Expr> &args, size_t i) {
        return Call::make(*adjoints_, args, static_cast<int>(i));
    };
    // Takes the adjoints of what the iteration wrote, the last first, leaves zero there, and hands them on to what the
    // iteration read.
    std::vector<Step> steps;
    for (int k = static_cast<int>(elements_.size()); k-- > 0;) {
        const std::vector<Expr> written = at(primals(elements_[k].args));
        Step take{at_iteration(1 + k), {}}, clear{written, {}};
        for (size_t i = 0; i < floats_.size(); i++) {
            take.values.push_back(value(written, i));
            clear.values.push_back(make_zero(types[i]));
        }
        steps.push_back(take);
        steps.push_back(clear);
    }
    const size_t first = steps.size();
    std::vector<std::vector<Expr>> places;  // of the steps from there on
    const auto is_self = [&](const ReadTarget &read) { return read.key == target_of(function_).key; };
    for (size_t k = 0; k < elements_.size(); k++) {
        const StageForm &element = elements_[k];
        std::vector<Expr> seeds(element.values.size());
        for (const int c : floats_) {
            seeds[c] = adjoint_of_written(c, static_cast<int>(k));
        }
        for (const Term &term : linear_form(element.values, seeds, is_self, stage_text(function_, stage_))) {
            const std::vector<Expr> place = read_arguments(term.read);
            const size_t p = CollectPlaces::index_of(places, place);
            if (p == places.size()) {
                places.push_back(place);
                Step step{at(primals(place)), {}};
                for (size_t i = 0; i < floats_.size(); i++) {
                    step.values.push_back(value(step.place, i));
                }
                steps.push_back(step);
            }
            for (size_t i = 0; i < floats_.size(); i++) {
                if (floats_[i] == read_target(term.read).value_index) {
                    const Expr more = guarded(primal(term.guard), primal(term.coefficient));
                    Expr &sum = steps[first + p].values[i];
                    sum = sum_of(sum, Halide::cast(types[i], more));
                }
            }
        }
    }
    if (has_own_predicate()) {
        for (Step &step : steps) {
            keep_unless(primal(elements_[0].predicate), *adjoints_, step);
        }
    }
    run(*adjoints_, steps, true);
}

Expr Recurrence::adjoint_of_written(int component, int element) const {
    for (size_t i = 0; i < floats_.size(); i++) {
        if (floats_[i] == component) {
            const Expr adjoint = Call::make(*adjoints_, at_iteration(1 + element), static_cast<int>(i));
            return Halide::cast(elements_[0].values[component].type(), adjoint);
        }
    }
    return Expr();
}

Expr Recurrence::adjoint_before(int component, const std::vector<Expr> &place) const {
    for (size_t i = 0; i < floats_.size(); i++) {
        if (floats_[i] == component) {
            return Call::make(*adjoints_, at(place), static_cast<int>(i));
        }
    }
    return Expr();
}

}  // namespace sylvite
