#include "autodiff/vmap.h"

#include "autodiff/activity.h"
#include "autodiff/adjoint_sum.h"
#include "autodiff/custom_rule.h"
#include "autodiff/stages.h"
#include "frontend/graph.h"
#include "frontend/remark.h"

#include <algorithm>
#include <map>

using namespace Halide::Internal;

namespace sylvite {

namespace {

// Rewrites the reads in one Expr, and the remarks on it.
class ReadBatch : public IRGraphMutator {
public:
    ReadBatch(const std::map<std::string, Function> &batched, const std::vector<Expr> &at) :
        batched_(batched), at_(at) {}

private:
    const std::map<std::string, Function> &batched_;
    const std::vector<Expr> &at_;

    // What stands for the read of a target at a place; undefined if it is not batched.
    Expr read(const Expr &e, std::vector<Expr> args) const {
        const ReadTarget target = read_target(e);
        const auto it = batched_.find(target.key);
        if (target.key.empty() || it == batched_.end()) {
            return Expr();
        }
        args.insert(args.end(), at_.begin(), at_.end());
        return Call::make(it->second, args, target.value_index);
    }

    using IRGraphMutator::visit;
    Expr visit(const Call *op) override {
        const Expr mutated = IRGraphMutator::visit(op);
        const Expr batched = read(mutated, read_arguments(mutated));
        return batched.defined() ? batched : mutated;
    }
    Expr visit(const Variable *op) override {
        if (op->param.defined() && op->param.is_buffer()) {
            const auto it = batched_.find(target_of(op->param).key);
            return it == batched_.end() ? Expr(op) : layout(*op, it->second);
        }
        const Expr batched = read(op, {});
        return batched.defined() ? batched : Expr(op);
    }
    Expr visit(const UIntImm *op) override {
        return copy_remark(op, [this](const Function &function) {
            const auto it = batched_.find(target_of(function).key);
            return it == batched_.end() ? function : it->second;
        });
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

// Copies what depends on the inputs, with the dimensions of the batch added.
class Vmap {
public:
    explicit Vmap(const std::vector<Batch> &inputs) {
        for (const Batch &batch : inputs) {
            add(batch);
        }
    }

    Func operator()(const Func &output) {
        for (const Function &function : functions_of({output.function()})) {
            require_no_loop(function);
            if (!batched_.count(target_of(function).key) && depends(function)) {
                batched_.emplace(target_of(function).key, copy(function));
            }
        }
        const auto it = batched_.find(target_of(output.function()).key);
        if (it != batched_.end()) {
            return Func(it->second);
        }
        // The same for all elements.
        Func repeated(plain_name(output.name()));
        const Function function = output.function();
        std::vector<Expr> values;
        for (int c = 0; c < output.outputs(); c++) {
            values.push_back(Call::make(function, variables(function.args()), c));
        }
        repeated.function().define(arguments_of(function), values);
        return repeated;
    }

private:
    int dimensions_ = -1;
    std::map<std::string, Function> batched_;  // by key of what they stand for

    void add(const Batch &batch) {
        const Input &x = batch.input;
        const Func &values = batch.values;
        _halide_user_assert(values.defined())
            << "vmap() needs defined values; those of " << x.name() << " are not: define them first.";
        const int more = values.dimensions() - x.dimensions();
        _halide_user_assert(more > 0 && values.outputs() == static_cast<int>(x.types().size()))
            << "vmap() needs values with more dimensions than their input, and as many values; " << x.name() << " has "
            << x.dimensions() << " and " << x.types().size() << ", its values " << values.dimensions() << " and "
            << values.outputs() << ": put the dimensions of the batch last.";
        _halide_user_assert(dimensions_ < 0 || dimensions_ == more)
            << "vmap() needs as many batch dimensions for all inputs; " << x.name() << " has " << more
            << ", those before it " << dimensions_ << ".";
        dimensions_ = more;
        for (size_t c = 0; c < x.types().size(); c++) {
            _halide_user_assert(values.types()[c] == x.types()[c])
                << "vmap() needs values of the type of their input; " << x.name() << " has type " << x.types()[c]
                << ", its values " << values.types()[c] << ": cast them.";
        }
        _halide_user_assert(batched_.emplace(x.target().key, values.function()).second)
            << "vmap() needs distinct inputs; " << x.name() << " is given twice: name it once.";
    }

    bool depends(const Function &function) const {
        const Reads reads = reads_of(function);
        const auto is_batched = [&](const auto &read) { return batched_.count(target_of(read).key) > 0; };
        return std::any_of(reads.functions.begin(), reads.functions.end(), is_batched) ||
               std::any_of(reads.parameters.begin(), reads.parameters.end(), is_batched) ||
               std::any_of(reads.buffers.begin(), reads.buffers.end(), is_batched);
    }

    // Loops are not copied; one that depends on the inputs is refused.
    void require_no_loop(const Function &function) const {
        const auto node = array_node(function);
        if (node && node->loop) {
            walk_deep(function, [&](const Function &inside) {
                _halide_user_assert(!depends(inside) && !batched_.count(target_of(inside).key))
                    << "vmap() needs Funcs; " << plain_name(function.name())
                    << " is computed by a loop that depends on the inputs: write it as a recurrence over an RDom.";
                return true;
            });
        }
    }

    // The names of the batch dimensions of `function`.
    std::vector<std::string> batch_of(const Function &function) const {
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

    std::vector<std::string> arguments_of(const Function &function) const {
        std::vector<std::string> names = function.args();
        for (const std::string &name : batch_of(function)) {
            names.push_back(name);
        }
        return names;
    }

    Function copy(const Function &function) {
        const std::string name = plain_name(function.name());
        _halide_user_assert(!function.has_extern_definition())
            << "vmap() needs definitions; " << name << " is an extern stage: give it the dimensions of the batch.";
        const auto node = array_node(function);
        Func result(name);
        for (const std::string &tag : function.get_trace_tags()) {
            result.add_trace_tag(tag);
        }
        std::vector<Expr> at = variables(batch_of(function));
        std::map<std::string, Function> known = batched_;
        const auto batched = [&](const Expr &e) { return e.defined() ? ReadBatch(known, at).mutate(e) : e; };
        const auto varies = [&](const Expr &e) {
            return std::any_of(at.begin(), at.end(),
                               [&](const Expr &batch) { return expr_uses_var(e, batch.as<Variable>()->name); });
        };
        const auto all = [&](const std::vector<Expr> &exprs) {
            std::vector<Expr> mutated;
            for (const Expr &e : exprs) {
                mutated.push_back(batched(e));
            }
            return mutated;
        };
        std::vector<Expr> initial = stage_form(function, 0).values;
        if (node) {
            initial = {node->value(variables(function.args()))};
        }
        result.function().define(arguments_of(function), all(initial));
        known.emplace(target_of(function).key, result.function());
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
            return with_batched_rule(*ruled, *rule_of(result.function()));
        }
        return result.function();
    }

    Function with_batched_rule(const RuledFunc &ruled, const RuledFunc &batched) const;
};

// A Func in the place of `like` in the rule of one element.
Func placeholder(const Func &like) {
    Func p(plain_name(like.name()));
    std::vector<Expr> zeros;
    for (const Type &type : like.types()) {
        zeros.push_back(make_zero(type));
    }
    p(like.args()) = Halide::Tuple(zeros);
    return p;
}

// `batched` still has the rule of one element, `ruled`.
Function Vmap::with_batched_rule(const RuledFunc &ruled, const RuledFunc &batched) const {
    const size_t n = ruled.inputs.size();
    std::vector<bool> is_batched(n);
    for (size_t i = 0; i < n; i++) {
        _halide_user_assert(!array_node(ruled.inputs[i].function()))
            << "vmap() needs rules of Funcs; that of " << plain_name(ruled.output.name()) << " is of the Array "
            << plain_name(ruled.inputs[i].name()) << ": write the batch as a dimension of it.";
        is_batched[i] = ruled.inputs[i].name() != batched.inputs[i].name();
    }
    const int dimensions = dimensions_;
    // The rule of one element, on Funcs that then are given their batch.
    const auto element = [=](const std::vector<Func> &in, const Func &y, std::vector<Batch> &batch) {
        std::vector<Func> of_element;
        for (size_t i = 0; i < n; i++) {
            of_element.push_back(is_batched[i] ? placeholder(ruled.inputs[i]) : in[i]);
            if (is_batched[i]) {
                batch.push_back({of_element[i], in[i]});
            }
        }
        of_element.push_back(placeholder(ruled.output));
        batch.push_back({of_element[n], y});
        return of_element;
    };
    FuncRule rule;
    if (ruled.rule.jvp) {
        rule.jvp = [=](const std::vector<Func> &in, const Func &y, const std::vector<Func> &tangents) {
            std::vector<Batch> batch;
            std::vector<Func> of_element = element(in, y, batch), moved;
            const Func output = of_element.back();
            of_element.pop_back();
            for (size_t i = 0; i < n; i++) {
                moved.push_back(is_batched[i] ? placeholder(ruled.inputs[i]) : tangents[i]);
                if (is_batched[i]) {
                    batch.push_back({moved[i], tangents[i]});
                }
            }
            return vmap(ruled.rule.jvp(of_element, output, moved), batch);
        };
    }
    if (ruled.rule.vjp) {
        rule.vjp = [=](const std::vector<Func> &in, const Func &y, const Func &adjoint, const Region &box) {
            std::vector<Batch> batch;
            std::vector<Func> of_element = element(in, y, batch);
            const Func output = of_element.back(), seed = placeholder(ruled.output);
            of_element.pop_back();
            batch.push_back({seed, adjoint});
            const Region own(box.begin(), box.end() - dimensions);
            std::vector<Func> adjoints = vmap(ruled.rule.vjp(of_element, output, seed, own), batch);
            for (size_t i = 0; i < n; i++) {
                if (!is_batched[i]) {  // all elements add to the adjoint of what they share
                    const Halide::RDom r(Region(box.end() - dimensions, box.end()), "r");
                    Func sum(plain_name(adjoints[i].name()));
                    const std::vector<Halide::Var> args = in[i].args();
                    std::vector<Expr> at(args.begin(), args.end()), values, zeros;
                    for (int d = 0; d < dimensions; d++) {
                        at.push_back(r[d]);
                    }
                    for (int c = 0; c < in[i].outputs(); c++) {
                        zeros.push_back(make_zero(in[i].types()[c]));
                    }
                    sum(args) = Halide::Tuple(zeros);
                    const std::vector<Expr> place(args.begin(), args.end());
                    for (int c = 0; c < in[i].outputs(); c++) {
                        values.push_back(Call::make(sum.function(), place, c) +
                                         Call::make(adjoints[i].function(), at, c));
                    }
                    sum(args) = Halide::Tuple(values);
                    adjoints[i] = sum;
                }
            }
            return adjoints;
        };
    }
    if (ruled.rule.needs) {
        rule.needs = [=](const Region &box) {
            std::vector<Region> regions = ruled.rule.needs(Region(box.begin(), box.end() - dimensions));
            for (size_t i = 0; i < regions.size() && i < n; i++) {
                if (is_batched[i]) {
                    regions[i].insert(regions[i].end(), box.end() - dimensions, box.end());
                }
            }
            return regions;
        };
    }
    return custom_rule(Func(reads_of(batched.output.function()).functions[0]), batched.inputs, rule).function();
}

}  // namespace

std::vector<Func> vmap(const std::vector<Func> &outputs, const std::vector<Batch> &inputs) {
    _halide_user_assert(!inputs.empty()) << "vmap() needs inputs with many values; it was given none.";
    Vmap map(inputs);
    std::vector<Func> results;
    for (const Func &output : outputs) {
        _halide_user_assert(output.defined())
            << "vmap() needs defined Funcs; " << plain_name(output.name()) << " is not: define it first.";
        results.push_back(map(output));
    }
    return results;
}

Func vmap(const Func &output, const std::vector<Batch> &inputs) { return vmap(std::vector<Func>{output}, inputs)[0]; }

}  // namespace sylvite
