#include "autodiff/reverse.h"

#include "autodiff/affine.h"
#include "frontend/graph.h"

#include <algorithm>
#include <set>

using namespace Halide::Internal;

namespace sylvite {

namespace {

Expr last_of(const Halide::Range &range) { return simplify(range.min + range.extent - 1); }

std::vector<Expr> variables(const std::vector<std::string> &names) {
    std::vector<Expr> vars;
    for (const std::string &name : names) {
        vars.push_back(Variable::make(Halide::Int(32), name));
    }
    return vars;
}

// A read of `func`, which is right on `box` only, at any place: 0 outside.
struct GuardedRead {
    std::vector<Expr> args;
    Expr guard;
};
GuardedRead read_within(const std::vector<Expr> &args, const Region &box, const Scope<Interval> &domain) {
    GuardedRead read;
    for (size_t d = 0; d < args.size(); d++) {
        const Expr last = last_of(box[d]);
        const Interval range = bounds_of_expr_in_scope(args[d], domain);
        if (range.is_bounded() && can_prove(range.min >= box[d].min) && can_prove(range.max <= last)) {
            read.args.push_back(args[d]);
        } else {
            read.args.push_back(Halide::clamp(Halide::likely(args[d]), box[d].min, last));
            read.guard = both(read.guard, args[d] >= box[d].min && args[d] <= last);
        }
    }
    return read;
}

// Defines `func(arguments)` as the sum of the contributions: gathers in the pure definition, the rest as updates.
void define_sum(Func &func, const std::vector<std::string> &arguments, Type type,
                const std::vector<Contribution> &contributions) {
    Expr gathered;
    for (const Contribution &contribution : contributions) {
        if (contribution.is_gather) {
            gathered = sum_of(gathered, Halide::cast(type, contribution.value));
        }
    }
    std::vector<Halide::Var> pure(arguments.begin(), arguments.end());
    func(pure) = gathered.defined() ? gathered : make_zero(type);
    for (const Contribution &contribution : contributions) {
        if (contribution.is_gather) {
            continue;
        }
        std::map<std::string, Expr> loops;
        ReductionDomain reduction;  // given below, for it need not show: all iterations may add the same
        if (!contribution.domain.empty()) {
            Region ranges;
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
        const Expr more = Halide::cast(type, replace_variables(contribution.value, loops));
        func.function().define_update(index, {Call::make(func.function(), index, 0) + more}, reduction);
    }
}

}  // namespace

void Reverse::add_root(const Cotangent &root) {
    roots_.push_back(root);
    is_current_ = false;
}

void Reverse::add_root(const ReadTarget &scalar, const Func &adjoint) { scalar_roots_[scalar].push_back(adjoint); }

void Reverse::update() {
    if (is_current_) {
        return;
    }
    is_current_ = true;
    std::vector<Root> roots;
    std::vector<Function> functions;
    for (const Cotangent &root : roots_) {
        roots.push_back({root.output.function(), root.box});
        functions.push_back(root.output.function());
    }
    bounds_ = bounds_of(roots);
    readers_.clear();
    for (const Function &function : functions_of(functions)) {
        const int stages = function.has_pure_definition() ? static_cast<int>(function.updates().size()) + 1 : 0;
        for (int stage = 0; stage < stages; stage++) {
            const StageForm &stage_form = form(function, stage);
            std::vector<Expr> exprs = stage_form.values;
            const Reads read = reads_of(exprs);
            std::set<std::string> keys;
            for (const Function &callee : read.functions) {
                keys.insert(target_of(callee).key);
            }
            for (const Halide::Parameter &parameter : read.parameters) {
                keys.insert(target_of(parameter).key);
            }
            for (const Halide::Buffer<> &buffer : read.buffers) {
                keys.insert(target_of(buffer).key);
            }
            keys.erase(target_of(function).key);
            for (const std::string &key : keys) {
                readers_[key].push_back({function, stage});
            }
        }
        for (const Halide::ExternFuncArgument &argument : function.extern_arguments()) {
            if (argument.is_func()) {
                readers_[target_of(Function(argument.func)).key].push_back({function, 0});
            } else if (argument.is_image_param()) {
                readers_[target_of(argument.image_param).key].push_back({function, 0});
            } else if (argument.is_buffer()) {
                readers_[target_of(argument.buffer).key].push_back({function, 0});
            }
        }
    }
}

const StageForm &Reverse::form(const Function &function, int stage) {
    const std::string key = function.name() + " " + std::to_string(stage);
    auto it = forms_.find(key);
    if (it == forms_.end()) {
        it = forms_.emplace(key, stage_form(function, stage)).first;
    }
    return it->second;
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

// Lists what a stage adds to the adjoint of `target`, given the adjoints of the stage's own values.
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
    require_definition(function);
    const Update kind = reader.stage == 0 ? Update::accumulate : kind_of_update(function, reader.stage);
    const auto primal = [&](const Expr &e) { return this->primal(e, function, reader.stage, kind); };
    const StageForm &stage = form(function, reader.stage);
    std::vector<Expr> place;
    for (const Expr &e : stage.args) {
        place.push_back(primal(e));
    }
    const Scope<Interval> domain = stage_domain(function, reader.stage, box);
    std::vector<Expr> seeds(own.size());
    Expr guard = stage.predicate;
    if (kind == Update::overwrite) {
        const GuardedRead read = read_within(place, box, domain);
        const Expr last = Call::make(last_writer(function, reader.stage), read.args, 0);
        guard = both(guard, both(read.guard, last == iteration_number(function, reader.stage)));
    }
    for (size_t c = 0; c < own.size(); c++) {
        if (kind == Update::recur) {
            seeds[c] = recurrence(function, reader.stage).adjoint_of_written(static_cast<int>(c));
        } else if (kind == Update::scan) {
            seeds[c] = scan(function, reader.stage).adjoint_of_written(static_cast<int>(c));
        } else if (own[c]) {
            const GuardedRead read = read_within(place, own[c]->support, domain);
            seeds[c] = Halide::cast(types[c], Call::make(own[c]->sum.function(), read.args, 0));
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
            index.push_back(primal(e));
        }
        Expr condition = primal(both(guard, term.guard));
        if (kind == Update::scan && target.key == target_of(function).key) {
            condition = both(condition, scan(function, reader.stage).reads_old(read_arguments(term.read)));
        }
        additions.push_back({{loops, index, condition, primal(term.coefficient)},
                             term.read,
                             where,
                             stage_domain(function, reader.stage, box)});
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
        define_sum(adjoint.sum, arguments, adjoint_type(type), contributions);
    }
    return adjoint;
}

// The adjoint of what stage `stage` leaves behind.
const Reverse::Adjoint &Reverse::adjoint_after(const Function &function, int component, int stage) {
    const ReadTarget target = target_of(function, component);
    const int stages = static_cast<int>(function.updates().size());
    while (stage < stages && kind_of_update(function, stage + 1) == Update::accumulate) {
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
    Func result("d_" + plain_name(target.key.substr(target.key.find(' ') + 1)));
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
