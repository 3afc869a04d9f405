#include "autodiff/stages.h"

#include "autodiff/boxes.h"
#include "autodiff/packets.h"
#include "autodiff/scan.h"
#include "autodiff/undefined.h"
#include "frontend/graph.h"

#include <algorithm>
#include <set>

using namespace Halide::Internal;

namespace sylvite {

namespace {

class RedirectReads : public IRGraphMutator {
public:
    RedirectReads(const std::string &from, const Function &to, int first) : from_(from), to_(to), first_(first) {}

private:
    std::string from_;
    Function to_;
    int first_;
    using IRGraphMutator::visit;
    Expr visit(const Call *op) override {
        const Expr mutated = IRGraphMutator::visit(op);
        op = mutated.as<Call>();
        return op && op->func.defined() && op->name == from_
                   ? Halide::cast(op->type, Call::make(to_, op->args, first_ + op->value_index))
                   : mutated;
    }
};

// Gives the reads of a Func by itself their Func, which those after rfactor() of Halide 21 do not know.
class OwnReads : public IRGraphMutator {
public:
    explicit OwnReads(const Function &function) : function_(function) {}

private:
    const Function function_;
    using IRGraphMutator::visit;
    Expr visit(const Call *op) override {
        const Expr mutated = IRGraphMutator::visit(op);
        op = mutated.as<Call>();
        return op && op->call_type == Call::Halide && !op->func.defined()
                   ? Call::make(function_, op->args, op->value_index)
                   : mutated;
    }
};

class FindDomain : public IRGraphVisitor {
public:
    ReductionDomain domain;

private:
    using IRGraphVisitor::visit;
    void visit(const Variable *op) override {
        if (op->reduction_domain.defined()) {
            domain = op->reduction_domain;
        }
    }
};

// The values of a Func that an Expr reads inside the arguments of calls.
class HiddenReads : public IRGraphVisitor {
public:
    explicit HiddenReads(const std::string &name) : name_(name) {}
    std::set<int> values;

private:
    const std::string &name_;
    int calls_around_ = 0;
    using IRGraphVisitor::visit;
    void visit(const Call *op) override {
        if (op->name == name_ && calls_around_ > 0) {
            values.insert(op->value_index);
        }
        calls_around_++;
        IRGraphVisitor::visit(op);
        calls_around_--;
    }
};

// True, which Halide's simplifier does not see and its back ends do.
Expr always() {
    return Call::make(Halide::Bool(), Call::return_second, {const_true(), const_true()}, Call::PureIntrinsic);
}

// The values of an update of `function` with a read in sight for each of an earlier value that calls hide. Halide 21
// stores the values of a Tuple one after the other unless it sees that a later one reads an earlier one, and it does not
// look into the arguments of calls for that (SplitTuples.cpp): exp(f(x)[0]) would read the new f(x)[0], and so would
// gather(f(x)[0], f(y)[0]). It sees what a select does not choose. (A Let would go where something is inlined.)
void show_hidden_reads(const Function &function, const std::vector<Expr> &args, std::vector<Expr> &values) {
    for (size_t c = 1; c < values.size(); c++) {
        HiddenReads hidden(function.name());
        values[c].accept(&hidden);
        for (const int earlier : hidden.values) {
            if (earlier < static_cast<int>(c)) {
                const Expr read = Call::make(function, args, earlier);
                values[c] = Select::make(always(), values[c], Halide::cast(values[c].type(), read));
            }
        }
    }
}

Expr without_shown_reads(Expr value) {
    for (const Select *op = value.as<Select>(); op && equal(op->condition, always()); op = value.as<Select>()) {
        value = op->true_value;
    }
    return value;
}

}  // namespace

Expr redirect_reads(const Expr &e, const Function &from, const Function &to, int first) {
    return e.defined() ? RedirectReads(from.name(), to, first).mutate(e) : e;
}

bool reads(const Expr &e, const Function &function) {
    if (!e.defined()) {
        return false;
    }
    for (const Function &callee : reads_of(std::vector<Expr>{e}).functions) {
        if (callee.name() == function.name()) {
            return true;
        }
    }
    return false;
}

std::vector<std::string> adjoint_arguments(const Function &function) {
    std::vector<std::string> arguments = function.args();
    for (size_t d = 0; d < arguments.size(); d++) {
        if (Halide::Var::is_implicit(arguments[d])) {
            std::string name = "i" + std::to_string(d);
            while (std::find(arguments.begin(), arguments.end(), name) != arguments.end()) {
                name += "_";
            }
            arguments[d] = name;
        }
    }
    return arguments;
}

void require_definition(const Function &function) {
    _halide_user_assert(!function.has_extern_definition())
        << "A derivative needs definitions; " << plain_name(function.name())
        << " is an extern stage, whose derivative is not known: give it a custom_rule(), write it as a Func, or leave "
           "it off "
        << "the way from the inputs to the output.";
    const std::vector<Expr> &values = function.has_pure_definition() ? function.values() : std::vector<Expr>();
    _halide_user_assert(std::none_of(values.begin(), values.end(), has_packet))
        << "A derivative needs gather() in updates only; " << plain_name(function.name())
        << " has one in its pure definition: give it one value there.";
}

StageForm stage_form(const Function &function, int stage) {
    StageForm form;
    const Definition &definition = stage_definition(function, stage);
    OwnReads own_reads(function);
    const auto plain = [&](const Expr &e) { return own_reads.mutate(substitute_in_all_lets(e)); };
    for (const Expr &e : definition.args()) {
        form.args.push_back(plain(e));
    }
    for (const Expr &e : definition.values()) {
        const Expr value = without_shown_reads(plain(e));
        const int component = static_cast<int>(form.values.size());
        form.values.push_back(stage == 0 ? value
                                         : old_for_undefined(value, Call::make(function, form.args, component)));
    }
    if (definition.predicate().defined() && !is_const_one(definition.predicate())) {
        form.predicate = plain(definition.predicate());
    }
    FindDomain find;
    for (const std::vector<Expr> *exprs : {&form.args, &form.values}) {
        for (const Expr &e : *exprs) {
            e.accept(&find);
        }
    }
    form.domain = find.domain;
    // An RDom that the Exprs do not show counts all the same: all its iterations do the same.
    const std::vector<ReductionVariable> &rvars = definition.schedule().rvars();
    if (!form.domain.defined() && !rvars.empty()) {
        form.domain = ReductionDomain(rvars);
        if (form.predicate.defined()) {
            form.domain.set_predicate(form.predicate);
        }
    }
    return form;
}

StageForm copy_stage(const StageForm &form, const std::function<Expr(const Expr &)> &rewrite) {
    RDomCopy rdom;
    if (form.domain.defined()) {
        rdom = copy_rdom(form.domain.domain(), form.predicate, rewrite);
    }
    const auto copy = [&](const Expr &e) { return replace_variables(rewrite(e), rdom.variables); };
    StageForm copied;
    std::transform(form.args.begin(), form.args.end(), std::back_inserter(copied.args), copy);
    std::transform(form.values.begin(), form.values.end(), std::back_inserter(copied.values), copy);
    if (form.predicate.defined()) {
        copied.predicate = copy(form.predicate);
    }
    copied.domain = rdom.domain;
    return copied;
}

void define_update(Function function, const StageForm &form) {
    std::vector<Expr> values = form.values;
    show_hidden_reads(function, form.args, values);
    function.define_update(form.args, values, form.domain);
}

namespace {

// The terms of a sum, with their signs.
void list_terms(const Expr &e, std::vector<Expr> &terms) {
    if (const Add *op = e.as<Add>()) {
        list_terms(op->a, terms);
        list_terms(op->b, terms);
    } else if (const Sub *op = e.as<Sub>()) {
        list_terms(op->a, terms);
        terms.push_back(-op->b);
    } else if (Call::as_intrinsic(e, {Call::strict_add})) {
        for (const Expr &operand : e.as<Call>()->args) {
            list_terms(operand, terms);
        }
    } else {
        terms.push_back(e);
    }
}

// Whether each float value is its old value at the same place plus something that does not read the Func.
bool is_accumulation(const Function &function, int stage) {
    const StageForm form = stage_form(function, stage);
    bool accumulates = !reads(form.predicate, function);
    for (const Expr &e : form.args) {
        accumulates = accumulates && !reads(e, function);
    }
    for (size_t c = 0; accumulates && c < form.values.size(); c++) {
        if (!form.values[c].type().is_float()) {
            continue;
        }
        const Expr old = Call::make(function, form.args, static_cast<int>(c));
        std::vector<Expr> terms;
        list_terms(form.values[c], terms);
        int of_old = 0;
        for (const Expr &term : terms) {
            const bool is_old = equal(term, old);
            of_old += is_old;
            accumulates = accumulates && (is_old || !reads(term, function));
        }
        accumulates = accumulates && of_old == 1;
    }
    return accumulates;
}

bool stores_packets(const Definition &definition) {
    return std::any_of(definition.args().begin(), definition.args().end(), has_packet) ||
           std::any_of(definition.values().begin(), definition.values().end(), has_packet);
}

}  // namespace

Update kind_of_update(const Function &function, int stage) {
    if (stores_packets(stage_definition(function, stage))) {
        return Update::recur;
    }
    if (is_accumulation(function, stage)) {
        return Update::accumulate;
    }
    if (stage_definition(function, stage).schedule().rvars().empty()) {
        return Update::rewrite;
    }
    const StageForm form = stage_form(function, stage);
    bool reads_itself = reads(form.predicate, function);
    for (const std::vector<Expr> *exprs : {&form.args, &form.values}) {
        for (const Expr &e : *exprs) {
            reads_itself = reads_itself || reads(e, function);
        }
    }
    return !reads_itself ? Update::overwrite : Scan::of(function, stage, form) ? Update::scan : Update::recur;
}

StageForm without_own_predicate(StageForm form, const Function &function) {
    if (!reads(form.predicate, function)) {
        return form;
    }
    const ReductionDomain domain(form.domain.domain());
    std::map<std::string, Expr> loops;
    for (const ReductionVariable &r : domain.domain()) {
        loops[r.var] = Variable::make(Halide::Int(32), r.var, domain);
    }
    for (size_t c = 0; c < form.values.size(); c++) {
        const Expr old = Call::make(function, form.args, static_cast<int>(c));
        form.values[c] = replace_variables(Halide::select(form.predicate, form.values[c], old), loops);
    }
    for (Expr &e : form.args) {
        e = replace_variables(e, loops);
    }
    form.domain = domain;
    form.predicate = Expr();
    return form;
}

Function after_stage(const Function &function, int stage) {
    Func prefix(plain_name(function.name()));
    prefix.function().define(function.args(), stage_form(function, 0).values);
    for (int s = 1; s <= stage; s++) {
        StageForm form = without_own_predicate(stage_form(function, s), function);
        for (std::vector<Expr> *exprs : {&form.args, &form.values}) {
            for (Expr &e : *exprs) {
                e = redirect_reads(e, function, prefix.function());
            }
        }
        define_update(prefix.function(), form);
    }
    return prefix.function();
}

Expr iteration_number(const Function &function, int stage) {
    Expr number = 0, stride = 1;
    for (const ReductionVariable &r : stage_definition(function, stage).schedule().rvars()) {
        number = number + (Variable::make(Halide::Int(32), r.var) - r.min) * stride;
        stride = stride * r.extent;
    }
    return simplify(number);
}

Function last_writer(const Function &function, int stage) {
    const StageForm form = stage_form(function, stage);
    Func last("last_writer_of_" + plain_name(function.name()));
    last.function().define(function.args(), {-1});
    Expr number = 0, stride = 1;
    for (const ReductionVariable &r : form.domain.domain()) {
        number = number + (Variable::make(Halide::Int(32), r.var, form.domain) - r.min) * stride;
        stride = stride * r.extent;
    }
    last.function().define_update(form.args, {simplify(number)}, form.domain);
    return last.function();
}

}  // namespace sylvite
