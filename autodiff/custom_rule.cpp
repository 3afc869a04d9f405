#include "autodiff/custom_rule.h"

#include "autodiff/activity.h"
#include "autodiff/stages.h"
#include "frontend/graph.h"
#include "frontend/remark.h"

#include <algorithm>

using namespace Halide::Internal;

namespace sylvite {

namespace {

// Speaks of the Func as it was defined, then of its inputs.
struct FuncRemark final : public Remark {
    FuncRule rule;
    std::shared_ptr<const Remark> with(std::vector<Function> others) const override {
        auto copy = std::make_shared<FuncRemark>(*this);
        copy->functions = std::move(others);
        return copy;
    }
};

std::shared_ptr<const FuncRemark> remark_of(const Function &function) {
    if (!function.has_pure_definition()) {
        return nullptr;
    }
    return std::dynamic_pointer_cast<const FuncRemark>(remark_on(function.values()[0]).remark);
}

void require_like(const Func &given, const Func &model, const std::string &what, const std::string &rule) {
    const std::string name = plain_name(model.name());
    _halide_user_assert(given.defined()) << "custom_rule() needs " << what << " that is defined; that of " << name
                                         << " in the rule of " << rule << " is not.";
    _halide_user_assert(given.dimensions() == model.dimensions() && given.outputs() == model.outputs())
        << "custom_rule() needs " << what << " with the rank and number of values of " << name << ", "
        << model.dimensions() << " and " << model.outputs() << "; the rule of " << rule << " returns one with "
        << given.dimensions() << " and " << given.outputs() << ".";
    for (int c = 0; c < model.outputs(); c++) {
        _halide_user_assert(!model.types()[c].is_float() || given.types()[c] == model.types()[c])
            << "custom_rule() needs " << what << " of the types of " << name << ", " << model.types()[c]
            << "; that in the rule of " << rule << " has type " << given.types()[c] << ": cast it.";
    }
}

}  // namespace

Expr custom_rule(const Expr &value, const Operands &operands, const Partials &partials) {
    _halide_user_assert(value.defined() && value.type().is_float() && partials)
        << "custom_rule() needs a defined float value and a function that gives its partials.";
    for (const Expr &operand : operands) {
        _halide_user_assert(operand.defined()) << "custom_rule() needs defined operands; one is not.";
    }
    const auto checked = [partials](const Operands &a, const Expr &y) {
        std::vector<Partial> result = partials(a, y);
        _halide_user_assert(result.size() == a.size())
            << "custom_rule() needs one Partial per operand; its rule returns " << result.size() << " for " << a.size()
            << ": an operand without a derivative has the Partial {}.";
        for (size_t i = 0; i < a.size(); i++) {
            const Expr &coefficient = result[i].coefficient;
            _halide_user_assert(!coefficient.defined() || coefficient.type() == y.type())
                << "custom_rule() needs partials of the type of its value, " << y.type() << "; that of operand " << i
                << " has type " << coefficient.type() << ": cast it.";
        }
        return result;
    };
    return with_rule(value, operands, {"custom_rule", checked, {}, {}, ""});
}

Func custom_rule(const Func &output, const std::vector<Func> &inputs, const FuncRule &rule) {
    _halide_user_assert(output.defined())
        << "custom_rule() needs a defined Func; " << plain_name(output.name()) << " is not: define it first.";
    _halide_user_assert(rule.jvp || rule.vjp)
        << "custom_rule() needs a jvp or a vjp; the rule of " << plain_name(output.name()) << " has neither.";
    std::set<std::string> known, parameters;
    walk_deep(output.function(), [&](const Function &function) {
        for (const Halide::Parameter &parameter : reads_of(function).parameters) {
            parameters.insert(parameter.name());
        }
        return known.insert(function.name()).second;
    });
    const auto remark = std::make_shared<FuncRemark>();
    remark->rule = rule;
    remark->functions = {output.function()};
    for (const Func &input : inputs) {
        // Extern stages are given ImageParams, not the Funcs that read them.
        const Call *image = input.defined() && input.function().has_pure_definition()
                                ? input.function().values()[0].as<Call>()
                                : nullptr;
        const bool is_read =
            known.count(input.name()) || (image && image->param.defined() && parameters.count(image->param.name()));
        _halide_user_assert(is_read && input.name() != output.name())
            << "custom_rule() needs inputs that its output is made of; " << plain_name(output.name())
            << " does not read " << plain_name(input.name()) << ".";
        remark->functions.push_back(input.function());
    }
    Func ruled(plain_name(output.name()) + "_ruled");
    const std::vector<Halide::Var> args = output.args();
    std::vector<Expr> values;
    for (int c = 0; c < output.outputs(); c++) {
        const Halide::FuncRef at = output(args);
        values.push_back(with_remark(output.outputs() == 1 ? Expr(at) : Expr(at[c]), remark));
    }
    ruled(args) = Halide::Tuple(values);
    return ruled;
}

Array custom_rule(const Array &output, const Arrays &inputs, const FuncRule &rule) {
    std::vector<Func> funcs;
    for (const Array &array : inputs) {
        _halide_user_assert(array.defined()) << "custom_rule() needs defined inputs; one is not.";
        funcs.push_back(array.func());
    }
    _halide_user_assert(output.defined()) << "custom_rule() needs a defined Array; its output is not.";
    return Array(custom_rule(output.func(), funcs, rule), output.extents());
}

namespace {

// A rule at work. One that differentiates its own output would be asked for again without end.
class Asked {
public:
    Asked(const Func &output, const std::string &mode) : place_(names().insert(mode + " of " + output.name())) {
        _halide_user_assert(place_.second)
            << "custom_rule() needs a rule that does not differentiate the output it is given; that of "
            << plain_name(output.name()) << " does: read its values, or differentiate the Func that has no rule.";
    }
    ~Asked() { names().erase(place_.first); }
    Asked(const Asked &) = delete;
    Asked &operator=(const Asked &) = delete;

private:
    // Of this thread, as rules are asked within one another there.
    static std::set<std::string> &names() {
        thread_local std::set<std::string> names;
        return names;
    }
    std::pair<std::set<std::string>::iterator, bool> place_;
};

}  // namespace

Func RuledFunc::jvp(const std::vector<Func> &tangents) const {
    const Asked asked(output, "jvp");
    const Func tangent = rule.jvp(inputs, output, tangents);
    require_like(tangent, output, "a tangent", plain_name(output.name()));
    return tangent;
}

std::vector<Func> RuledFunc::vjp(const Func &adjoint, const Region &box) const {
    const Asked asked(output, "vjp");
    const std::vector<Func> adjoints = rule.vjp(inputs, output, adjoint, box);
    _halide_user_assert(adjoints.size() == inputs.size())
        << "custom_rule() needs one adjoint per input; the rule of " << plain_name(output.name()) << " returns "
        << adjoints.size() << " for " << inputs.size() << ".";
    for (size_t i = 0; i < inputs.size(); i++) {
        require_like(adjoints[i], inputs[i], "an adjoint", plain_name(output.name()));
    }
    return adjoints;
}

std::shared_ptr<const RuledFunc> rule_of(const Function &function) {
    const auto remark = remark_of(function);
    if (!remark) {
        return nullptr;
    }
    _halide_user_assert(function.updates().empty())
        << "custom_rule() gives a rule for what it returns; " << plain_name(function.name())
        << " has updates, which the rule does not know: put them into another Func.";
    auto ruled = std::make_shared<RuledFunc>();
    ruled->rule = remark->rule;
    ruled->output = Func(function);
    for (size_t i = 1; i < remark->functions.size(); i++) {
        ruled->inputs.emplace_back(remark->functions[i]);
    }
    return ruled;
}

std::vector<Function> differentiable_producers(const Function &function) {
    const auto remark = remark_of(function);
    return remark ? std::vector<Function>(remark->functions.begin() + 1, remark->functions.end())
                  : reads_of(function).functions;
}

std::vector<Function> differentiable_functions(const std::vector<Function> &outputs) {
    return functions_of(outputs, differentiable_producers);
}

namespace {

class LeaveOutStopped : public IRGraphMutator {
public:
    using IRGraphMutator::mutate;
    Expr mutate(const Expr &e) override { return is_stopped(e) ? make_zero(e.type()) : IRGraphMutator::mutate(e); }
};

// What a Func reads, but for what is within stop_gradient().
Reads reads_that_count(const Function &function) {
    if (function.has_extern_definition()) {
        return reads_of(function);
    }
    std::vector<Expr> exprs;
    for_each_expr(function,
                  [&](const Expr &e) { exprs.push_back(LeaveOutStopped().mutate(substitute_in_all_lets(e))); });
    return reads_of(exprs);
}

}  // namespace

HiddenByRule hidden_by_rule(const Function &function) {
    HiddenByRule hidden;
    const auto remark = remark_of(function);
    std::set<std::string> seen;
    for (size_t i = 1; i < remark->functions.size(); i++) {
        seen.insert(remark->functions[i].name());
    }
    std::vector<Function> todo{remark->functions[0]};
    while (!todo.empty()) {
        const Function inner = todo.back();
        todo.pop_back();
        const std::vector<Halide::Type> types = inner.output_types();
        const bool has_derivative = std::any_of(types.begin(), types.end(), [](const auto &t) { return t.is_float(); });
        if (!has_derivative || !seen.insert(inner.name()).second) {
            continue;
        }
        const auto node = array_node(inner);
        if (node && node->loop) {
            for (const Arrays *arrays : {&node->loop->init, &node->loop->next}) {
                for (const Array &array : *arrays) {
                    todo.push_back(array.func().function());
                }
            }
        } else {
            const bool is_leaf = node && node->kind != ArrayNode::Kind::Value;
            (is_leaf ? hidden.leaves : hidden.functions).insert(target_of(inner).key);
        }
        const Reads reads = reads_that_count(inner);
        for (const Halide::Parameter &parameter : reads.parameters) {
            hidden.leaves.insert(target_of(parameter).key);
        }
        for (const Halide::Buffer<> &buffer : reads.buffers) {
            hidden.leaves.insert(target_of(buffer).key);
        }
        todo.insert(todo.end(), reads.functions.begin(), reads.functions.end());
    }
    // An extern stage names the ImageParams themselves; those that inputs read are not hidden.
    for (size_t i = 1; i < remark->functions.size(); i++) {
        for (const Halide::Parameter &parameter : reads_of(remark->functions[i]).parameters) {
            if (remark->functions[0].has_extern_definition()) {
                hidden.leaves.erase(target_of(parameter).key);
            }
        }
    }
    return hidden;
}

void refuse_hidden(const Function &function, const std::string &key) {
    _halide_user_error << "custom_rule() needs all that " << plain_name(function.name())
                       << " is differentiated by among its inputs; " << plain_name(key.substr(key.find(' ') + 1))
                       << " is not: add it to them, or read stop_gradient() of it.";
}

}  // namespace sylvite
