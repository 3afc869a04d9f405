#include "autodiff/batch_copy.h"

#include "autodiff/adjoint_sum.h"
#include "autodiff/stages.h"
#include "frontend/extern_kernel.h"
#include "frontend/remark.h"
#include "frontend/sizes.h"

#include <algorithm>

using namespace Halide::Internal;

namespace sylvite {

using Kind = ArrayNode::Kind;

/// Rewrites the reads in one Expr of a copy, and the remarks on it.
class ReadBatch : public IRGraphMutator {
public:
    ReadBatch(BatchCopy &copy, int level, const std::vector<Expr> &at) : copy_(copy), level_(level), at_(at) {}

private:
    BatchCopy &copy_;
    const int level_;
    const std::vector<Expr> &at_;

    std::vector<Expr> with_batch(std::vector<Expr> args) const {
        args.insert(args.end(), at_.begin(), at_.end());
        return args;
    }
    const Function *given(const std::string &key) const {
        const auto it = copy_.given_.find(key);
        return it == copy_.given_.end() ? nullptr : &it->second;
    }

    // A number that is the same for all elements of an Array may be an index without a bound; Halide refuses one that differs
    // from element to element. Where an element is done it may be any number.
    std::vector<Expr> within_box(const Function &callee, const Call &original, std::vector<Expr> args) const {
        const auto node = array_node(callee);
        for (size_t d = 0; node && d < args.size(); d++) {
            if (!args[d].same_as(original.args[d])) {
                args[d] = Halide::clamp(args[d], 0, node->extents[d] - 1);
            }
        }
        return args;
    }

    using IRGraphMutator::visit;
    Expr visit(const Call *op) override {
        const Expr mutated = IRGraphMutator::visit(op);
        const Call *call = mutated.as<Call>();
        if (call && call->func.defined()) {
            const Function callee(call->func), by = copy_.read(callee, level_);
            const std::vector<Expr> args = within_box(callee, *op, call->args);
            return Call::make(by, by.name() == call->name ? args : with_batch(args), call->value_index);
        }
        const Function *by = given(read_target(mutated).key);
        return by ? Call::make(*by, with_batch(read_arguments(mutated)), 0) : mutated;
    }
    Expr visit(const Variable *op) override {
        if (!op->param.defined()) {
            return op;
        }
        const Function *by = given(target_of(op->param).key);
        if (op->param.is_buffer()) {
            return by ? layout(*op, *by) : Expr(op);
        }
        if (by) {
            return Call::make(*by, at_, 0);
        }
        const int masked = copy_.masked_loop(level_);
        return op->type.is_float() && masked >= 0
                   ? Halide::select(copy_.goes_on(masked, at_), Expr(op), stop_gradient(Expr(op)))
                   : Expr(op);
    }
    Expr visit(const UIntImm *op) override {
        return copy_remark(op, [this](const Function &function) { return copy_.read(function, level_); });
    }

    // `in.extent.0` and the like of an input: those of the ImageParam that stands for it.
    static Expr layout(const Variable &size, const Function &values) {
        const Call *call = values.has_pure_definition() ? values.values()[0].as<Call>() : nullptr;
        const bool is_input = call && call->param.defined() && values.updates().empty();
        const std::string &name = size.param.name();
        _halide_user_assert(is_input) << "vmap() needs an ImageParam for the values of an input whose sizes count; "
                                      << plain_name(values.name()) << " for " << name << " is none, and " << size.name
                                      << " is read: give " << name << " bounds of its own by clamping.";
        return Variable::make(size.type, call->param.name() + size.name.substr(name.size()), call->param);
    }
};

BatchCopy::BatchCopy(int dimensions, std::vector<Expr> extents) :
    dimensions_(dimensions), extents_(std::move(extents)), levels_(1) {}

void BatchCopy::add(const std::string &key, const Func &values) {
    batched_.add(key);
    given_[key] = values.function();
}

void BatchCopy::add(const Array &input, const Array &values) {
    batched_.add(input.func().function());
    levels_[0].copies[key_of(input.func().function())] = values.func().function();
}

std::vector<Func> BatchCopy::operator()(const std::vector<Func> &outputs) {
    std::vector<Function> functions;
    for (const Func &output : outputs) {
        functions.push_back(output.function());
    }
    batched_.learn(functions);
    std::vector<Func> results;
    for (const Function &function : functions) {
        results.emplace_back(repeated(function, 0));
    }
    for (Func &result : results) {
        result = levels_[0].shared(result);
    }
    return results;
}

Arrays BatchCopy::operator()(const Arrays &outputs) {
    std::vector<Function> functions;
    for (const Array &output : outputs) {
        functions.push_back(output.func().function());
    }
    batched_.learn(functions);
    Arrays results;
    for (const Array &output : outputs) {
        results.push_back(batched_(output) ? repeated(output, 0) : output);
    }
    for (Array &result : results) {
        result = levels_[0].shared(result);
    }
    return results;
}

// The level, at or around the given one, that a Function is copied at.
int BatchCopy::home_of(const Function &function, int level) const {
    while (level > 0 && !levels_[level].changes(function)) {
        level = levels_[level].outer;
    }
    return level;
}

// The masked loop at or around a level, or -1.
int BatchCopy::masked_loop(int level) const {
    while (level >= 0 && !levels_[level].mask.defined()) {
        level = levels_[level].outer;
    }
    return level;
}

Function BatchCopy::read(const Function &function, int level) {
    const int home = home_of(function, level), masked = masked_loop(level);
    const bool differs = batched_(function);
    const Function values = differs ? copy(function, home) : function;
    if (masked < 0) {
        return values;
    }
    // Only what belongs to a step alone may hold what a mask is to keep from others.
    const auto node = array_node(function);
    const bool is_state = node && node->kind == Kind::State && home == masked;
    return differs && home >= masked && !is_state ? values : under_mask(function, values, std::max(home, masked));
}

Function BatchCopy::under_mask(const Function &function, const Function &values, int level) {
    const std::vector<Type> types = function.output_types();
    if (std::none_of(types.begin(), types.end(), [](const Type &t) { return t.is_float(); })) {
        return values;
    }
    const FunctionKey key = key_of(function);
    if (const auto it = levels_[level].masked.find(key); it != levels_[level].masked.end()) {
        return it->second;
    }
    const bool has_batch = values.name() != function.name();
    const std::vector<std::string> names = has_batch ? values.args() : arguments_of(function);
    const std::vector<Expr> args = variables(names);
    const std::vector<Expr> at(args.end() - dimensions_, args.end());
    const Expr runs = goes_on(masked_loop(level), at);
    Func result(plain_name(function.name()));
    std::vector<Expr> masked;
    for (int c = 0; c < function.outputs(); c++) {
        const Expr value = Call::make(values, {args.begin(), args.end() - (has_batch ? 0 : dimensions_)}, c);
        masked.push_back(types[c].is_float() ? Halide::select(runs, value, stop_gradient(value)) : value);
    }
    result.function().define(names, masked);
    // Rules of Arrays are given Arrays.
    const Array array = key.first && !extents_.empty()
                            ? Array(result, extents_of(Array::from_node(key.first, Func(function))))
                            : Array();
    const Function made = array.defined() ? array.func().function() : result.function();
    levels_[level].masked.emplace(key, made);
    return made;
}

Function BatchCopy::repeated(const Function &function, int level) {
    const Function values = read(function, level);
    if (values.name() != function.name()) {
        return values;
    }
    Func result(plain_name(function.name()));
    std::vector<Expr> all;
    for (int c = 0; c < function.outputs(); c++) {
        all.push_back(Call::make(function, variables(function.args()), c));
    }
    result.function().define(arguments_of(function), all);
    return result.function();
}

Array BatchCopy::repeated(const Array &array, int level) {
    const Function values = repeated(array.func().function(), level);
    const auto node = array_node(values);
    return node ? Array::from_node(node, Func(values)) : Array(Func(values), extents_of(array));
}

std::vector<Expr> BatchCopy::extents_of(const Array &array) {
    std::vector<Expr> extents = array.extents();
    for (const Expr &extent : extents) {
        _halide_user_assert(!batched_(extent))
            << "vmap() needs arrays of one size for the whole batch; those of " << array.name() << " are "
            << text_of(array.extents()) << ", which depends on its inputs: leave the scalar out of them.";
    }
    extents.insert(extents.end(), extents_.begin(), extents_.end());
    return extents;
}

// The names of the batch dimensions of `function`.
std::vector<std::string> BatchCopy::batch_of(const Function &function) const {
    std::vector<std::string> names;
    for (int number = 0; static_cast<int>(names.size()) < dimensions_; number++) {
        const std::string name = number == 0 ? "batch" : "batch" + std::to_string(number);
        const std::vector<std::string> &args = function.args();
        if (std::find(args.begin(), args.end(), name) == args.end()) {
            names.push_back(name);
        }
    }
    return names;
}

std::vector<std::string> BatchCopy::arguments_of(const Function &function) const {
    std::vector<std::string> names = function.args();
    for (const std::string &name : batch_of(function)) {
        names.push_back(name);
    }
    return names;
}

Expr BatchCopy::rewritten(const Expr &e, int level, const std::vector<Expr> &at) {
    return e.defined() ? ReadBatch(*this, level, at).mutate(e) : e;
}

Function BatchCopy::copy(const Function &function, int level) {
    if (const auto it = given_.find(target_of(function).key); it != given_.end()) {
        return it->second;
    }
    const FunctionKey key = key_of(function);
    if (const auto it = levels_[level].copies.find(key); it != levels_[level].copies.end()) {
        return it->second;
    }
    const Function made = key.first && !extents_.empty() ? copy_array(function, level).func().function()
                                                         : copy_definition(function, level);
    return levels_[level].copies[key] = made;
}

Array BatchCopy::copy_array(const Function &function, int level) {
    const auto node = array_node(function);
    const std::vector<Expr> extents = extents_of(Array::from_node(node, Func(function)));
    if (is_extern_kernel(*node)) {
        return call_for_each(*node, level);
    }
    if (node->kind == Kind::Value) {
        return Array(Func(repeated(node->value.function(), level)), extents);
    }
    _halide_internal_assert(node->loop) << node->name << " has no values for the batch";
    const Array result = loop(node->loop, level)[node->index];
    if (node->kind == Kind::Result) {
        return result;
    }
    // Of all steps: the step is the last dimension there, the batch is last here.
    const Array all = node->kind == Kind::History ? history(result) : stack(result);
    std::vector<Expr> args = variables(arguments_of(function)), place = args;
    std::rotate(place.end() - dimensions_ - 1, place.end() - dimensions_, place.end());
    Func f(node->name);
    f.function().define(arguments_of(function), {all(place)});
    return Array(f, extents);
}

// A C function is called for one element of the batch after the other.
Array BatchCopy::call_for_each(const ArrayNode &extern_kernel, int level) {
    const Function stage = extern_kernel.value.function();
    std::map<std::string, size_t> place;
    Arrays differing;
    for (const Function &argument : reads_of(stage).functions) {
        const auto node = array_node(argument);
        _halide_user_assert(node) << "vmap() needs extern stages of Arrays; " << extern_kernel.name
                                  << " is given the Func " << plain_name(argument.name()) << ": make an Array of it.";
        if (read(argument, level).name() != argument.name() &&
            place.emplace(argument.name(), differing.size()).second) {
            differing.push_back(repeated(Array::from_node(node, Func(argument)), level));
        }
    }
    const ScanBody call = [&](const Expr &element, const Arrays &, const Arrays &now) {
        const auto arguments = extern_arguments(
            stage,
            [&](const Function &argument) {
                const auto it = place.find(argument.name());
                return it == place.end() ? Func(argument) : now[it->second].func();
            },
            [&](const Expr &e) { return rewritten(e, level, {element}); });
        return Scanned{{}, {Array(extern_like(stage, arguments), extern_kernel.extents)}};
    };
    return scan(extents_[0], {}, differing, call, {.name = extern_kernel.name + "_of_each"}).outputs[0];
}

Function BatchCopy::copy_definition(const Function &function, int level) {
    const std::string name = plain_name(function.name());
    _halide_user_assert(!function.has_extern_definition())
        << "vmap() needs definitions; " << name << " is an extern stage: give it the dimensions of the batch.";
    const auto node = array_node(function);
    _halide_user_assert(!node || !node->loop) << "vmap() of Funcs needs Funcs; " << name
                                              << " is computed by a loop that depends on the inputs: write it as a "
                                              << "recurrence over an RDom, or take vmap() of a Program.";
    Func result(name);
    for (const std::string &tag : function.get_trace_tags()) {
        result.add_trace_tag(tag);
    }
    const std::vector<Expr> at = variables(batch_of(function));
    const auto batched = [&](const Expr &e) { return rewritten(e, level, at); };
    const auto varies = [&](const Expr &e) {
        return std::any_of(at.begin(), at.end(),
                           [&](const Expr &batch) { return expr_uses_var(e, batch.as<Variable>()->name); });
    };
    std::vector<Expr> initial = stage_form(function, 0).values;
    if (node) {
        initial = {node->value(variables(function.args()))};
    }
    std::transform(initial.begin(), initial.end(), initial.begin(), batched);
    result.function().define(arguments_of(function), initial);
    levels_[level].copies[key_of(function)] = result.function();  // for what updates read
    for (int stage = 1; stage <= static_cast<int>(function.updates().size()); stage++) {
        for (const ReductionVariable &r : function.update(stage - 1).schedule().rvars()) {
            _halide_user_assert(!varies(batched(r.min)) && !varies(batched(r.extent)))
                << "vmap() needs RDoms of one size for the whole batch; one of " << name
                << " depends on its inputs: give it the largest size and a where().";
        }
        StageForm form = copy_stage(stage_form(function, stage), batched);
        form.args.insert(form.args.end(), at.begin(), at.end());
        define_update(result.function(), form);
    }
    if (const auto ruled = rule_of(function)) {
        return with_batched_rule(*ruled, *rule_of(result.function()), level);
    }
    return result.function();
}

}  // namespace sylvite
