#include "frontend/graph.h"

#include <algorithm>

using namespace Halide::Internal;

namespace sylvite {

namespace {

class Collect : public IRGraphVisitor {
public:
    explicit Collect(Reads &reads) : reads_(reads) {}

private:
    Reads &reads_;
    std::set<std::string> functions_, buffers_;
    std::map<std::string, Halide::Parameter> parameters_;
    std::set<const ArrayNode *> arrays_;

    using IRGraphVisitor::visit;

    void add(const Halide::Parameter &parameter) {
        if (!parameter.defined() || parameter.type().is_handle()) {
            return;
        }
        const auto [known, is_new] = parameters_.emplace(parameter.name(), parameter);
        if (is_new) {
            reads_.parameters.push_back(parameter);
        } else if (!known->second.same_as(parameter)) {
            reads_.namesakes.push_back(parameter);
        }
    }

    void visit(const Call *op) override {
        IRGraphVisitor::visit(op);
        if (op->func.defined() && functions_.insert(op->name).second) {
            reads_.functions.emplace_back(op->func);
        }
        if (auto node = array_node(op); node && arrays_.insert(node.get()).second) {
            reads_.arrays.push_back(node);
        }
        add(op->param);
        if (op->image.defined() && buffers_.insert(op->image.name()).second) {
            reads_.buffers.push_back(op->image);
        }
    }

    void visit(const Variable *op) override {
        add(op->param);
        if (op->image.defined() && buffers_.insert(op->image.name()).second) {
            reads_.buffers.push_back(op->image);
        }
    }
};

class ReplaceVariables : public IRGraphMutator {
public:
    explicit ReplaceVariables(const std::map<std::string, Expr> &replacements) : replacements_(replacements) {}

private:
    const std::map<std::string, Expr> &replacements_;
    using IRGraphMutator::visit;
    Expr visit(const Variable *op) override {
        const auto it = replacements_.find(op->name);
        return it == replacements_.end() ? Expr(op) : it->second;
    }
};

void for_each_expr(const Definition &definition, const std::function<void(const Expr &)> &visit) {
    for (const Expr &value : definition.values()) {
        visit(value);
    }
    for (const Expr &arg : definition.args()) {
        visit(arg);
    }
    if (definition.predicate().defined()) {
        visit(definition.predicate());
    }
    for (const ReductionVariable &r : definition.schedule().rvars()) {
        visit(r.min);
        visit(r.extent);
    }
}

void visit_producers_first(const Function &function, const Producers &producers, std::set<std::string> &seen,
                           std::vector<Function> &order) {
    if (!seen.insert(function.name()).second) {
        return;
    }
    for (const Function &producer : producers(function)) {
        visit_producers_first(producer, producers, seen, order);
    }
    order.push_back(function);
}

}  // namespace

void for_each_expr(const Function &function, const std::function<void(const Expr &)> &visit) {
    if (function.has_pure_definition()) {
        for_each_expr(function.definition(), visit);
    }
    for (const Definition &update : function.updates()) {
        for_each_expr(update, visit);
    }
    for (const Halide::ExternFuncArgument &argument : function.extern_arguments()) {
        if (argument.is_expr()) {
            visit(argument.expr);
        }
    }
}

Reads reads_of(const std::vector<Expr> &exprs) {
    Reads reads;
    Collect collect(reads);
    for (const Expr &expr : exprs) {
        expr.accept(&collect);
    }
    return reads;
}

Reads reads_of(const Function &function) {
    std::vector<Expr> exprs;
    for_each_expr(function, [&](const Expr &e) { exprs.push_back(e); });
    Reads reads = reads_of(exprs);
    for (const Halide::ExternFuncArgument &argument : function.extern_arguments()) {
        if (argument.is_func()) {
            reads.functions.emplace_back(argument.func);
        } else if (argument.is_buffer()) {
            reads.buffers.push_back(argument.buffer);
        } else if (argument.is_image_param()) {
            reads.parameters.push_back(argument.image_param);
        }
    }
    return reads;
}

Expr replace_variables(const Expr &e, const std::map<std::string, Expr> &replacements) {
    return e.defined() && !replacements.empty() ? ReplaceVariables(replacements).mutate(e) : e;
}

RDomCopy copy_rdom(const std::vector<ReductionVariable> &variables, const Expr &predicate,
                   const std::function<Expr(const Expr &)> &rewrite) {
    RDomCopy copy;
    if (variables.empty()) {
        return copy;
    }
    Halide::Region ranges;
    for (const ReductionVariable &r : variables) {
        ranges.emplace_back(rewrite(r.min), rewrite(r.extent));
    }
    Halide::RDom rdom(ranges, "r");
    for (size_t i = 0; i < variables.size(); i++) {
        copy.variables[variables[i].var] = rdom[static_cast<int>(i)];
    }
    if (predicate.defined() && !is_const_one(predicate)) {
        rdom.where(replace_variables(rewrite(predicate), copy.variables));
    }
    copy.domain = rdom.domain();
    return copy;
}

std::vector<Function> functions_of(const std::vector<Function> &outputs, const Producers &producers) {
    std::set<std::string> seen;
    std::vector<Function> order;
    for (const Function &output : outputs) {
        visit_producers_first(output, producers, seen, order);
    }
    return order;
}

std::vector<Function> functions_of(const std::vector<Function> &outputs) {
    return functions_of(outputs, [](const Function &function) { return reads_of(function).functions; });
}

std::vector<Function> functions_of(const std::vector<Func> &outputs) {
    std::vector<Function> functions;
    for (const Func &output : outputs) {
        functions.push_back(output.function());
    }
    return functions_of(functions);
}

void require_distinct_names(const std::vector<Function> &functions) {
    std::map<std::string, Halide::Parameter> parameters;
    std::map<std::string, Halide::Buffer<>> buffers;
    std::map<std::string, std::string> variables;  // and a Func that has it
    for (const Function &function : functions) {
        for (const std::string &arg : function.args()) {
            variables.emplace(arg, function.name());
        }
    }
    for (const Function &function : functions) {
        const Reads reads = reads_of(function);
        std::vector<Halide::Parameter> read = reads.parameters;
        read.insert(read.end(), reads.namesakes.begin(), reads.namesakes.end());
        for (const Halide::Parameter &parameter : read) {
            const auto [it, is_new] = parameters.emplace(parameter.name(), parameter);
            _halide_user_assert(is_new || it->second.same_as(parameter))
                << "Parameters are told apart by name; two different ones are called " << parameter.name()
                << ": rename one of them.";
            const auto variable = variables.find(parameter.name());
            _halide_user_assert(parameter.is_buffer() || variable == variables.end())
                << "Parameters and variables are told apart by name; " << parameter.name() << " is a parameter in "
                << plain_name(function.name()) << " and a variable in " << plain_name(variable->second)
                << ": rename one of them.";
        }
        for (const Halide::Buffer<> &buffer : reads.buffers) {
            const auto [it, is_new] = buffers.emplace(buffer.name(), buffer);
            _halide_user_assert(is_new || it->second.same_as(buffer))
                << "Buffers are told apart by name; two different ones are called " << buffer.name()
                << ": rename one of them.";
        }
    }
}

std::string plain_name(const std::string &name) { return name.substr(0, name.find('$')); }

std::map<std::string, std::string> stage_names(const std::vector<Function> &functions) {
    std::map<std::string, std::string> names;
    std::map<std::string, int> count;
    for (const Function &function : functions) {
        // An anonymous Func is `f` and a running number; one that was named f12 by the user is f12$0.
        const std::string &name = function.name();
        const bool anonymous = name.size() > 1 && name.find_first_not_of("0123456789", 1) == std::string::npos;
        const std::string plain = anonymous ? name.substr(0, 1) : plain_name(name);
        const int n = ++count[plain];
        names[name] = n == 1 ? plain : plain + "." + std::to_string(n);
    }
    return names;
}

}  // namespace sylvite
