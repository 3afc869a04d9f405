#include "autodiff/stages.h"

#include "autodiff/boxes.h"
#include "frontend/graph.h"

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
        return op && op->func.defined() && op->name == from_ ? Call::make(to_, op->args, first_ + op->value_index)
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
            arguments[d] = "i" + std::to_string(d);
        }
    }
    return arguments;
}

void require_definition(const Function &function) {
    _halide_user_assert(!function.has_extern_definition())
        << "A derivative needs definitions; " << plain_name(function.name())
        << " is an extern stage, whose derivative is not known: write it as a Func, or leave it off the way from the "
        << "inputs to the output.";
}

StageForm stage_form(const Function &function, int stage) {
    StageForm form;
    const Definition &definition = stage_definition(function, stage);
    for (const Expr &e : definition.args()) {
        form.args.push_back(substitute_in_all_lets(e));
    }
    for (const Expr &e : definition.values()) {
        form.values.push_back(substitute_in_all_lets(e));
    }
    if (definition.predicate().defined() && !is_const_one(definition.predicate())) {
        form.predicate = substitute_in_all_lets(definition.predicate());
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

namespace {

bool is_accumulation(const Function &function, int stage, std::string *reason) {
    const StageForm form = stage_form(function, stage);
    auto fail = [&](const std::string &text) {
        if (reason) {
            *reason = text;
        }
        return false;
    };
    for (const Expr &e : form.args) {
        if (reads(e, function)) {
            return fail("chooses where it writes by what it wrote before");
        }
    }
    if (reads(form.predicate, function)) {
        return fail("chooses when it writes by what it wrote before");
    }
    const std::string key = target_of(function).key;
    for (size_t c = 0; c < form.values.size(); c++) {
        if (!form.values[c].type().is_float()) {
            continue;
        }
        std::vector<Expr> seeds(form.values.size());
        seeds[c] = make_one(form.values[c].type());
        int self_reads = 0;
        const auto any = [](const ReadTarget &) { return true; };
        for (const Term &term : linear_form(form.values, seeds, any, stage_text(function, stage))) {
            const ReadTarget target = read_target(term.read);
            if (target.key != key) {
                if (reads(term.coefficient, function) || reads(term.guard, function)) {
                    return fail("uses the value that it overwrites in a product, function or condition");
                }
                for (const Expr &e : read_arguments(term.read)) {
                    if (reads(e, function)) {
                        return fail("chooses what it reads by what it wrote before");
                    }
                }
                continue;
            }
            const std::vector<Expr> args = read_arguments(term.read);
            bool same_place = target.value_index == static_cast<int>(c);
            for (size_t d = 0; d < args.size(); d++) {
                same_place = same_place && equal(args[d], form.args[d]);
            }
            if (!same_place) {
                return fail("reads its own values at another place");
            }
            if (term.guard.defined() || !is_const_one(simplify(term.coefficient))) {
                return fail("scales, selects or transforms the value that it overwrites");
            }
            self_reads++;
        }
        if (self_reads != 1) {
            return fail("overwrites values");
        }
    }
    return true;
}

}  // namespace

Update kind_of_update(const Function &function, int stage, std::string *reason) {
    if (is_accumulation(function, stage, reason)) {
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
    return reads_itself ? Update::recur : Update::overwrite;
}

Function after_stage(const Function &function, int stage) {
    Func prefix(plain_name(function.name()));
    prefix.function().define(function.args(), stage_form(function, 0).values);
    for (int s = 1; s <= stage; s++) {
        const StageForm form = stage_form(function, s);
        std::vector<Expr> args, values;
        for (const Expr &e : form.args) {
            args.push_back(redirect_reads(e, function, prefix.function()));
        }
        for (const Expr &e : form.values) {
            values.push_back(redirect_reads(e, function, prefix.function()));
        }
        prefix.function().define_update(args, values, form.domain);
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
