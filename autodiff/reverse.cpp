#include "autodiff/reverse.h"

#include "autodiff/adjoint_sum.h"
#include "autodiff/inline_reads.h"
#include "autodiff/join_scatters.h"
#include "autodiff/packets.h"
#include "frontend/graph.h"

#include <algorithm>
#include <set>

using namespace Halide::Internal;

namespace sylvite {

void Reverse::add_root(const Cotangent &root) {
    roots_.push_back(root);
    is_current_ = false;
}

void Reverse::add_root(const ReadTarget &scalar, const Func &adjoint) { scalar_roots_[scalar].push_back(adjoint); }

const StageForm &Reverse::form(const Function &function, int stage) {
    const std::string key = function.name() + " " + std::to_string(stage);
    auto it = forms_.find(key);
    if (it == forms_.end()) {
        StageForm form = stage_form(function, stage);
        if (const auto counting = counting_.find(function.name()); counting != counting_.end()) {
            for (size_t c = 0; c < form.values.size(); c++) {
                form.values[c] = Halide::cast(function.output_types()[c],
                                              Call::make(counting->second, form.args, static_cast<int>(c)));
            }
        }
        inline_unbounded(form, stage_text(function, stage));
        it = forms_.emplace(key, std::move(form)).first;
    }
    return it->second;
}

// What a boundary condition is read at need not be bounded. Its own adjoint would have no bounds; that of what it reads
// has, so it is taken for a part of its reader.
void Reverse::inline_unbounded(StageForm &form, const std::string &reader) {
    const auto is_unbounded = [&](const Function &callee) {
        const std::string key = target_of(callee).key;
        const auto box = bounds_.boxes.find(key);
        const bool applies = box != bounds_.boxes.end() &&
                             std::any_of(box->second.begin(), box->second.end(),
                                         [](const Halide::Range &range) { return !range.min.defined(); }) &&
                             bounds_its_reads(callee, bounds_.values);
        if (applies) {
            inlined_.emplace(key, reader);
        }
        return applies;
    };
    for (Expr &e : form.values) {
        e = inline_reads(e, is_unbounded);
    }
}

void Reverse::add_cotangents(const ReadTarget &target, const std::vector<std::string> &arguments, const Region &support,
                             std::vector<Contribution> &contributions) const {
    if (const auto it = scalar_roots_.find(target); it != scalar_roots_.end()) {
        for (const Func &adjoint : it->second) {
            contributions.push_back({{}, {}, adjoint(), true});
        }
    }
    Scope<Interval> domain;
    for (size_t d = 0; d < support.size(); d++) {
        domain.push(arguments[d], Interval(support[d].min, last_of(support[d])));
    }
    for (const Cotangent &root : roots_) {
        if (target_of(root.output.function()).key == target.key) {
            const GuardedRead read = read_within(variables(arguments), root.box, domain);
            const Expr value = Call::make(root.adjoint.function(), read.args, target.value_index);
            contributions.push_back({{}, variables(arguments), guarded(read.guard, value), true});
        }
    }
}

void Reverse::add_additions(const Reader &reader, const ReadTarget &target, std::vector<Addition> &additions) {
    const Function &function = reader.function;
    const std::string where = stage_text(function, reader.stage);
    const std::vector<Type> types = function.output_types();
    std::vector<const Adjoint *> own(function.outputs());
    Region box;
    for (int c = 0; c < function.outputs(); c++) {
        if (types[c].is_float()) {
            const Adjoint &adjoint = adjoint_after(function, c, reader.stage);
            if (adjoint.sum.defined()) {
                box = box.empty() ? adjoint.support : union_of(box, adjoint.support);
                own[c] = &adjoint;
            }
        }
    }
    if (std::all_of(own.begin(), own.end(), [](const Adjoint *a) { return a == nullptr; })) {
        return;
    }
    if (const auto ruled = rule_of(function)) {
        add_rule_additions(*ruled, own, box, target, additions);
        return;
    }
    require_definition(function);
    if (runs_never(stage_definition(function, reader.stage))) {
        return;
    }
    const std::vector<StageForm> elements = elements_of(form(function, reader.stage), where);
    for (size_t k = 0; k < elements.size(); k++) {
        add_additions(reader, elements[k], static_cast<int>(k), own, box, target, additions);
    }
}

// The same of one element of what the stage stores at once.
void Reverse::add_additions(const Reader &reader, const StageForm &stage, int element,
                            const std::vector<const Adjoint *> &own, const Region &box, const ReadTarget &target,
                            std::vector<Addition> &additions) {
    const Function &function = reader.function;
    const std::string where = stage_text(function, reader.stage);
    const Update kind = reader.stage == 0 ? Update::accumulate : kind_of_update(function, reader.stage);
    const auto primal = [&](const Expr &e) { return this->primal(e, function, reader.stage, kind); };
    const Scope<Interval> domain = stage_domain(function, reader.stage, box);
    // What the stage reads under its predicate, the transposed one may come to read without.
    const auto protect = [&](const Expr &e) {
        return stage.predicate.defined() && e.defined() ? read_inside(e, bounds_, domain) : e;
    };
    std::vector<Expr> place;
    for (const Expr &e : stage.args) {
        place.push_back(protect(primal(e)));
    }
    std::vector<Expr> seeds(own.size());
    Expr guard = stage.predicate;
    if (kind == Update::overwrite) {
        const GuardedRead read = read_within(place, box, domain);
        const Expr last = Call::make(last_writer(function, reader.stage), read.args, 0);
        guard = both(guard, both(read.guard, last == iteration_number(function, reader.stage)));
    }
    for (size_t c = 0; c < own.size(); c++) {
        if (kind == Update::recur) {
            seeds[c] = recurrence(function, reader.stage).adjoint_of_written(static_cast<int>(c), element);
        } else if (kind == Update::scan) {
            seeds[c] = scan(function, reader.stage).adjoint_of_written(static_cast<int>(c));
        } else if (own[c]) {
            const GuardedRead read = read_within(place, own[c]->support, domain);
            seeds[c] = Halide::cast(function.output_types()[c], Call::make(own[c]->sum.function(), read.args, 0));
            if (own.size() == 1) {
                guard = both(guard, read.guard);
            } else {
                seeds[c] = guarded(read.guard, seeds[c]);
            }
        }
    }
    std::vector<LoopDim> loops;
    for (size_t d = 0; d < box.size(); d++) {
        const Variable *arg = stage.args[d].as<Variable>();
        if (reader.stage == 0 || (arg && arg->name == function.args()[d] && !arg->reduction_domain.defined())) {
            loops.push_back({function.args()[d], box[d].min, box[d].extent, false});
        }
    }
    for (const ReductionVariable &r : stage_definition(function, reader.stage).schedule().rvars()) {
        loops.push_back({r.var, r.min, r.extent, true});
    }
    const auto is_target = [&](const ReadTarget &read) { return read == target; };
    for (const Term &term : linear_form(stage.values, seeds, is_target, where)) {
        std::vector<Expr> index;
        for (const Expr &e : read_arguments(term.read)) {
            index.push_back(protect(primal(e)));
        }
        Expr condition = both(primal(guard), protect(primal(term.guard)));
        if (kind == Update::scan && target.key == target_of(function).key) {
            condition = both(condition, scan(function, reader.stage).reads_old(read_arguments(term.read)));
        }
        additions.push_back({{loops, index, condition, protect(primal(term.coefficient))},
                             term.read,
                             where,
                             stage_domain(function, reader.stage, box)});
    }
}

// The same of a Func with a rule of the user's own.
void Reverse::add_rule_additions(const RuledFunc &ruled, const std::vector<const Adjoint *> &own, const Region &box,
                                 const ReadTarget &target, std::vector<Addition> &additions) {
    const Function function = ruled.output.function();
    auto it = pullbacks_.find(function.name());
    if (it == pullbacks_.end()) {
        Func adjoint("adjoint_" + plain_name(function.name()));
        const std::vector<std::string> arguments = adjoint_arguments(function);
        std::vector<Expr> values;
        for (int c = 0; c < function.outputs(); c++) {
            const Type type = function.output_types()[c];
            values.push_back(make_zero(type));
            if (own[c]) {
                values[c] = Halide::cast(type, adjoint_after_at(function, c, 0, variables(arguments)));
            }
        }
        adjoint(std::vector<Halide::Var>(arguments.begin(), arguments.end())) = Halide::Tuple(values);
        it = pullbacks_.emplace(function.name(), pull_back(ruled, adjoint, box, bounds_)).first;
    }
    for (size_t i = 0; i < ruled.inputs.size(); i++) {
        const Function input = ruled.inputs[i].function();
        if (target.key != target_of(input).key) {
            continue;
        }
        const RulePart &part = it->second[i][target.value_index];
        if (!part.adjoint.defined()) {
            continue;
        }
        const std::vector<std::string> arguments = adjoint_arguments(input);
        const std::vector<Expr> place = variables(arguments);
        std::vector<LoopDim> loops;
        Scope<Interval> domain;
        for (size_t d = 0; d < arguments.size(); d++) {
            loops.push_back({arguments[d], part.region[d].min, part.region[d].extent, false});
            domain.push(arguments[d], Interval(part.region[d].min, last_of(part.region[d])));
        }
        const Expr value = Call::make(part.adjoint.function(), place, part.value_index);
        additions.push_back({{loops, place, Expr(), value},
                             Call::make(input, place, target.value_index),
                             stage_text(function, 0),
                             std::move(domain)});
    }
}

// The region outside which an adjoint is zero. Arrays keep their box: programs use their adjoints as a whole.
Region Reverse::support_of(const ReadTarget &target, const std::vector<Addition> &additions) const {
    const auto needed = bounds_.boxes.find(target.key);
    Region support;
    bool is_first = true;
    const auto extend = [&](const Region &region) {
        support = is_first ? region : union_of(support, region);
        is_first = false;
    };
    for (const Cotangent &root : roots_) {
        if (target_of(root.output.function()).key == target.key) {
            if (array_node(root.output.function())) {
                return needed->second;
            }
            extend(root.box);
        }
    }
    for (const Addition &addition : additions) {
        const Call *call = addition.read.as<Call>();
        if (call && call->func.defined() && array_node(Function(call->func))) {
            return needed->second;
        }
        extend(region_read(addition.read, addition.scatter.guard, addition.domain, bounds_));
    }
    for (size_t d = 0; d < support.size(); d++) {
        if (!support[d].min.defined() && needed != bounds_.boxes.end()) {
            support[d] = needed->second[d];
        }
    }
    return support;
}

const Reverse::Adjoint &Reverse::adjoint_and_support(const ReadTarget &target,
                                                     const std::vector<std::string> &arguments, Type type) {
    update();
    if (auto it = adjoints_.find(target); it != adjoints_.end()) {
        return it->second;
    }
    if (const auto it = hidden_leaves_.find(target.key); it != hidden_leaves_.end()) {
        refuse_hidden(it->second, target.key);
    }
    std::vector<Addition> additions;
    if (auto it = readers_.find(target.key); it != readers_.end()) {
        const std::vector<Reader> readers = it->second;
        for (const Reader &reader : readers) {
            add_additions(reader, target, additions);
        }
    }
    const std::string name = target.key.substr(target.key.find(' ') + 1);
    Adjoint adjoint;
    adjoint.support = support_of(target, additions);
    for (const Addition &addition : additions) {
        require_bounded(adjoint.support, plain_name(name), addition.where);
    }
    std::vector<Contribution> contributions;
    add_cotangents(target, arguments, adjoint.support, contributions);
    return adjoints_[target] = sum_up(target, arguments, type, adjoint.support, contributions, additions);
}

Reverse::Adjoint Reverse::sum_up(const ReadTarget &target, const std::vector<std::string> &arguments, Type type,
                                 const Region &support, std::vector<Contribution> contributions,
                                 const std::vector<Addition> &additions) {
    for (const Addition &addition : additions) {
        for (Contribution &contribution : scatter_to_gather(addition.scatter, arguments, support)) {
            contributions.push_back(std::move(contribution));
        }
    }
    Adjoint adjoint{Func(), support};
    if (!contributions.empty()) {
        adjoint.sum = Func("adjoint_" + plain_name(target.key.substr(target.key.find(' ') + 1)));
        define_sum(adjoint.sum, arguments, adjoint_type(type), join_scatters(std::move(contributions)));
    }
    return adjoint;
}

// The adjoint of what stage `stage` leaves behind.
const Reverse::Adjoint &Reverse::adjoint_after(const Function &function, int component, int stage) {
    const ReadTarget target = target_of(function, component);
    const int stages = updates_of(function);
    while (stage < stages && (kind_of_update(function, stage + 1) == Update::accumulate ||
                              runs_never(stage_definition(function, stage + 1)))) {
        stage++;  // which hands adjoints on unchanged
    }
    if (stage == stages) {
        return adjoint_and_support(target, adjoint_arguments(function), function.output_types()[component]);
    }
    const auto key = std::make_pair(target, stage);
    if (const auto it = earlier_.find(key); it != earlier_.end()) {
        return it->second;
    }
    Adjoint adjoint = adjoint_before(function, component, stage + 1);
    return earlier_[key] = std::move(adjoint);
}

// The stage run backwards from the adjoints of what it left.
Recurrence &Reverse::recurrence(const Function &function, int stage) {
    const std::string key = function.name() + " " + std::to_string(stage);
    if (const auto it = recurrences_.find(key); it != recurrences_.end()) {
        return it->second;
    }
    const Region &box = bounds_.boxes.at(target_of(function).key);
    require_bounded(region_touched(function, stage, box, bounds_.values), plain_name(function.name()),
                    stage_text(function, stage));
    Recurrence recurrence(function, stage, form(function, stage), box, after_stage(function, stage - 1));
    recurrence.reverse([&](int component, const std::vector<Expr> &place) {
        return adjoint_after_at(function, component, stage, place);
    });
    return recurrences_.emplace(key, std::move(recurrence)).first->second;
}

Scan &Reverse::scan(const Function &function, int stage) {
    const std::string key = function.name() + " " + std::to_string(stage);
    if (const auto it = scans_.find(key); it != scans_.end()) {
        return it->second;
    }
    Scan scan = *Scan::of(function, stage, form(function, stage));
    const Function before = after_stage(function, stage - 1), after = after_stage(function, stage);
    scan.reverse([&](int component,
                     const std::vector<Expr> &place) { return adjoint_after_at(function, component, stage, place); },
                 [&](const Expr &e) { return scan.primal(e, before, after); });
    return scans_.emplace(key, std::move(scan)).first->second;
}

// The adjoint of what stage `stage` leaves at a place, 0 outside its support; undefined if it is zero everywhere.
Expr Reverse::adjoint_after_at(const Function &function, int component, int stage, const std::vector<Expr> &place) {
    const Adjoint &after = adjoint_after(function, component, stage);
    if (!after.sum.defined()) {
        return Expr();
    }
    const GuardedRead read = read_within(place, after.support, Scope<Interval>());
    return guarded(read.guard, Call::make(after.sum.function(), read.args, 0));
}

// The Func as it is after a stage: itself, or a copy that ends there.
Function Reverse::after_stage(const Function &function, int stage) {
    if (stage == static_cast<int>(function.updates().size())) {
        return function;
    }
    const std::string key = function.name() + " " + std::to_string(stage);
    if (const auto it = after_stages_.find(key); it != after_stages_.end()) {
        return it->second;
    }
    return after_stages_.emplace(key, sylvite::after_stage(function, stage)).first->second;
}

// An Expr of a stage, with reads of its own Func made reads of what still is there in the end.
Expr Reverse::primal(const Expr &e, const Function &function, int stage, Update kind) {
    if (!reads(e, function)) {
        return e;
    }
    if (kind == Update::recur) {
        return recurrence(function, stage).primal(e);
    }
    const Function before = after_stage(function, stage - 1);
    return kind == Update::scan ? scan(function, stage).primal(e, before, after_stage(function, stage))
                                : redirect_reads(e, function, before);
}

// The adjoint of what was there before stage `stage`, which does not accumulate: what the stage did not overwrite, and
// what it read.
Reverse::Adjoint Reverse::adjoint_before(const Function &function, int component, int stage) {
    const Update kind = kind_of_update(function, stage);
    const ReadTarget target = target_of(function, component);
    const std::vector<std::string> arguments = adjoint_arguments(function);
    const std::vector<Expr> place = variables(arguments);
    const Type type = function.output_types()[component];
    bool any = false;
    for (int c = 0; c < function.outputs(); c++) {
        any = any || (function.output_types()[c].is_float() && adjoint_after(function, c, stage).sum.defined());
    }
    if (!any) {
        return {};
    }
    if (kind == Update::recur) {
        const Region &box = bounds_.boxes.at(target.key);
        const Expr before = recurrence(function, stage).adjoint_before(component, place);
        return sum_up(target, arguments, type, box, {{{}, place, before, true}}, {});
    }
    const Adjoint after = adjoint_after(function, component, stage);

    std::vector<Addition> additions;
    if (kind == Update::rewrite || kind == Update::scan) {
        add_additions({function, stage}, target, additions);
    }
    Region support = after.sum.defined() ? after.support : Region();
    for (const Addition &addition : additions) {
        const Region region = region_read(addition.read, addition.scatter.guard, addition.domain, bounds_);
        support = support.empty() ? region : union_of(support, region);
    }

    require_bounded(support, plain_name(function.name()), stage_text(function, stage));

    std::vector<Contribution> contributions;
    Expr kept;  // undefined: everything is overwritten
    if (kind == Update::overwrite) {
        kept = Call::make(last_writer(function, stage), place, 0) < 0;
    } else if (kind == Update::scan) {
        kept = negation(scan(function, stage).writes(place));
    } else {
        const StageForm &stage_form = form(function, stage);
        std::map<std::string, Expr> here;
        for (size_t d = 0; d < arguments.size(); d++) {
            here[function.args()[d]] = place[d];
        }
        for (size_t d = 0; d < arguments.size(); d++) {
            const Variable *arg = stage_form.args[d].as<Variable>();
            if (!arg || arg->name != function.args()[d]) {
                const Expr elsewhere = place[d] != replace_variables(stage_form.args[d], here);
                kept = kept.defined() ? kept || elsewhere : elsewhere;
            }
        }
        if (kept.defined() && reads(kept, function)) {
            kept = primal(kept, function, stage, kind);
        }
    }
    if (kept.defined() && after.sum.defined()) {
        Scope<Interval> domain;
        for (size_t d = 0; d < support.size(); d++) {
            domain.push(arguments[d], Interval(support[d].min, last_of(support[d])));
        }
        const GuardedRead read = read_within(place, after.support, domain);
        const Expr value = Call::make(after.sum.function(), read.args, 0);
        contributions.push_back({{}, place, guarded(both(read.guard, kept), value), true});
    }
    return sum_up(target, arguments, type, support, contributions, additions);
}

Func Reverse::adjoint(const ReadTarget &target, const std::vector<std::string> &arguments, Type type) {
    return adjoint_and_support(target, arguments, type).sum;
}

Func Reverse::adjoint_everywhere(const ReadTarget &target, const std::vector<std::string> &arguments, Type type) {
    const Adjoint &adjoint = adjoint_and_support(target, arguments, type);
    if (const auto it = hidden_functions_.find(target.key); it != hidden_functions_.end()) {
        refuse_hidden(it->second, target.key);
    }
    const std::string name = plain_name(target.key.substr(target.key.find(' ') + 1));
    if (const auto it = inlined_.find(target.key); it != inlined_.end()) {
        require_bounded(bounds_.boxes.at(target.key), name, it->second);
    }
    Func result("d_" + name);
    const std::vector<Halide::Var> pure(arguments.begin(), arguments.end());
    if (!adjoint.sum.defined()) {
        result(pure) = make_zero(type);
        return result;
    }
    const GuardedRead read = read_within(variables(arguments), adjoint.support, Scope<Interval>());
    result(pure) = guarded(read.guard, Halide::cast(type, Call::make(adjoint.sum.function(), read.args, 0)));
    return result;
}

}  // namespace sylvite
