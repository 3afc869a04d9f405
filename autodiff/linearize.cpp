#include "autodiff/linearize.h"

#include "autodiff/affine.h"
#include "autodiff/stages.h"
#include "frontend/graph.h"
#include "frontend/remark.h"

#include <algorithm>

using namespace Halide::Internal;

namespace sylvite {

namespace {

using Halide::ImageParam;

// Copies the part of a tangent that depends on the directions; what the rest gives it becomes residuals.
class Split {
public:
    Split(Linearized &result, const std::set<std::string> &directions) : result_(result), directions_(directions) {}

    Function operator()(const Function &tangent) {
        for (const Function &function : functions_of(std::vector<Function>{tangent})) {
            if (depends(function)) {
                copies_.emplace(function.name(), copy(function));
            }
        }
        const auto it = copies_.find(tangent.name());
        return it == copies_.end() ? tangent : it->second;
    }

private:
    friend class KeepPrimals;
    Linearized &result_;
    const std::set<std::string> &directions_;         // keys
    std::map<std::string, Function> copies_;          // of what depends on them, by name
    std::map<ReadTarget, ImageParam> values_;         // kept whole
    std::vector<std::pair<Expr, ImageParam>> terms_;  // coefficients of the stage at hand

    bool depends(const Function &function) const {
        const Reads reads = reads_of(function);
        return std::any_of(reads.functions.begin(), reads.functions.end(),
                           [&](const Function &f) { return copies_.count(f.name()) > 0; }) ||
               std::any_of(reads.parameters.begin(), reads.parameters.end(),
                           [&](const Halide::Parameter &p) { return directions_.count(target_of(p).key) > 0; });
    }

    ImageParam keep(const Func &residual) {
        const std::string number = std::to_string(result_.residuals.size());
        const ImageParam kept(residual.type(), residual.dimensions(), plain_name(residual.name()) + "_" + number);
        result_.residuals.push_back(residual);
        result_.kept.push_back(kept);
        return kept;
    }

    // A value of the primal, all of it.
    ImageParam keep_value(const Expr &read) {
        const ReadTarget target = read_target(read);
        const auto it = values_.find(target);
        if (it != values_.end()) {
            return it->second;
        }
        std::vector<Halide::Var> at;
        for (size_t d = 0; d < read_arguments(read).size(); d++) {
            at.emplace_back("i" + std::to_string(d));
        }
        const std::vector<Expr> args(at.begin(), at.end());
        Func residual("kept_" + plain_name(target.key.substr(target.key.find(' ') + 1)));
        Expr value = read;
        if (const Call *call = read.as<Call>()) {
            value = Call::make(call->type, call->name, args, call->call_type, call->func, call->value_index,
                               call->image, call->param);
        }
        residual(at) = value;
        return values_.emplace(target, keep(residual)).first->second;
    }

    // A Func of the primal as it was at the point.
    Function kept_function(const Function &function) {
        Func result(plain_name(function.name()));
        std::vector<Expr> args, values;
        for (const std::string &arg : function.args()) {
            args.push_back(Variable::make(Halide::Int(32), arg));
        }
        for (int c = 0; c < function.outputs(); c++) {
            values.push_back(keep_value(Call::make(function, args, c))(args));
        }
        result.function().define(function.args(), values);
        return result.function();
    }

    Function copy(const Function &function);
};

// Rewrites one Expr of a copy. Where `at` is given, coefficients of these variables become residuals.
class KeepPrimals : public IRGraphMutator {
public:
    KeepPrimals(Split &split, const Function &self, const Function &copy, const std::vector<std::string> *at) :
        split_(split), self_(self), copy_(copy), at_(at) {}

    using IRGraphMutator::mutate;
    Expr mutate(const Expr &e) override {
        if (at_ && is_coefficient(e)) {
            return coefficient(e);
        }
        return IRGraphMutator::mutate(e);
    }

private:
    Split &split_;
    const Function &self_, &copy_;
    const std::vector<std::string> *at_;

    bool is_direction(const Expr &read) const { return split_.directions_.count(read_target(read).key) > 0; }

    // Whether `e` is worked out from values of the primal alone, and by more than reading one.
    bool is_coefficient(const Expr &e) const {
        if (!e.type().is_float() || !read_target(e).key.empty() || is_const(e)) {
            return false;
        }
        const Reads reads = reads_of(std::vector<Expr>{e});
        const bool moves =
            std::any_of(
                reads.functions.begin(), reads.functions.end(),
                [&](const Function &f) { return f.name() == self_.name() || split_.copies_.count(f.name()); }) ||
            std::any_of(reads.parameters.begin(), reads.parameters.end(),
                        [&](const Halide::Parameter &p) { return split_.directions_.count(target_of(p).key) > 0; });
        return !moves && !(reads.functions.empty() && reads.parameters.empty() && reads.buffers.empty());
    }

    Expr coefficient(const Expr &e) const {
        std::vector<Expr> args;
        std::vector<Halide::Var> pure;
        for (const std::string &name : *at_) {
            pure.emplace_back(name);
            args.push_back(pure.back());
        }
        for (const auto &[known, kept] : split_.terms_) {
            if (equal(known, e)) {
                return kept(args);
            }
        }
        Func residual("coefficient_of_" + plain_name(self_.name()));
        residual(pure) = e;
        split_.terms_.emplace_back(e, split_.keep(residual));
        return split_.terms_.back().second(args);
    }

    using IRGraphMutator::visit;
    Expr visit(const Call *op) override {
        const Expr mutated = IRGraphMutator::visit(op);
        const Call *call = mutated.as<Call>();
        if (!call || read_target(mutated).key.empty() || is_direction(mutated)) {
            return mutated;
        }
        if (call->func.defined()) {
            if (call->name == self_.name()) {
                return Call::make(copy_, call->args, call->value_index);
            }
            if (const auto it = split_.copies_.find(call->name); it != split_.copies_.end()) {
                return Call::make(it->second, call->args, call->value_index);
            }
        }
        return split_.keep_value(mutated)(call->args);
    }
    Expr visit(const UIntImm *op) override {  // a rule's own Funcs
        const auto remark = remark_in(op);
        if (!remark || remark->functions.empty()) {
            return op;
        }
        std::vector<Function> functions;
        for (const Function &function : remark->functions) {
            const auto it = split_.copies_.find(function.name());
            functions.push_back(it == split_.copies_.end() ? split_.kept_function(function) : it->second);
        }
        return constant_for(remark->with(functions));
    }
    Expr visit(const Variable *op) override {
        const Expr e = op;
        return read_target(e).key.empty() || is_direction(e) ? e : split_.keep_value(e)(std::vector<Expr>());
    }
};

Function Split::copy(const Function &function) {
    Func result(plain_name(function.name()));
    for (int stage = 0; stage <= static_cast<int>(function.updates().size()); stage++) {
        const StageForm form = stage_form(function, stage);
        terms_.clear();
        const bool is_pure = stage == 0;
        const std::vector<std::string> at = function.args();
        KeepPrimals keep(*this, function, result.function(), is_pure ? &at : nullptr);
        const auto all = [&](const std::vector<Expr> &exprs) {
            std::vector<Expr> mutated;
            for (const Expr &e : exprs) {
                mutated.push_back(keep.mutate(e));
            }
            return mutated;
        };
        if (is_pure) {
            result.function().define(function.args(), all(form.values));
            continue;
        }
        std::vector<Expr> args = all(form.args), values = all(form.values);
        ReductionDomain domain;
        if (form.domain.defined()) {
            Region ranges;
            for (const ReductionVariable &r : form.domain.domain()) {
                ranges.emplace_back(r.min, r.extent);
            }
            Halide::RDom rdom(ranges, "r");
            std::map<std::string, Expr> loops;
            for (size_t i = 0; i < ranges.size(); i++) {
                loops[form.domain.domain()[i].var] = rdom[static_cast<int>(i)];
            }
            if (form.predicate.defined()) {
                rdom.where(replace_variables(keep.mutate(form.predicate), loops));
            }
            for (std::vector<Expr> *exprs : {&args, &values}) {
                for (Expr &e : *exprs) {
                    e = replace_variables(e, loops);
                }
            }
            domain = rdom.domain();
        }
        result.function().define_update(args, values, domain);
        if (function.outputs() > 1) {
            for (Expr &e : result.function().update(stage - 1).values()) {
                e = bind_self_reads(e, result.function());
            }
        }
    }
    return result.function();
}

}  // namespace

Linearized linearize(const Func &output, const std::vector<Input> &inputs) {
    _halide_user_assert(output.defined() && output.outputs() == 1 && output.type().is_float())
        << "linearize() needs an output with one float value; " << plain_name(output.name()) << " has none.";
    Linearized result;
    result.output = output;
    std::vector<Tangent> tangents;
    std::set<std::string> directions;
    for (const Input &x : inputs) {
        _halide_user_assert(x.types().size() == 1) << "linearize() needs inputs with one value; " << x.name() << " has "
                                                   << x.types().size() << ": name them one by one.";
        ImageParam direction(x.types()[0], x.dimensions(), "direction_of_" + x.name());
        result.directions.push_back(direction);
        directions.insert(target_of(direction.parameter()).key);
        tangents.push_back({x, direction});
    }
    result.tangent = Func(Split(result, directions)(jvp(output, tangents).function()));
    return result;
}

void Linearized::evaluate(const std::vector<int> &sizes, const Halide::Target &target) {
    for (ImageParam &each : kept) {
        each.reset();
    }
    std::vector<bool> is_given;
    for (const ImageParam &direction : directions) {
        is_given.push_back(direction.get().defined());
    }
    tangent.infer_input_bounds(sizes, target);
    for (size_t i = 0; i < directions.size(); i++) {
        if (!is_given[i]) {
            directions[i].reset();
        }
    }
    std::vector<Func> needed;
    std::vector<Halide::Buffer<>> buffers;
    for (size_t i = 0; i < kept.size(); i++) {
        if (kept[i].get().defined()) {  // what only the rules of further derivatives read is not needed here
            needed.push_back(residuals[i]);
            buffers.push_back(kept[i].get());
        }
    }
    if (!needed.empty()) {
        Halide::Pipeline(needed).realize(Halide::Realization(buffers), target);
    }
}

}  // namespace sylvite
