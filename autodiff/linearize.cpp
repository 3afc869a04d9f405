#include "autodiff/linearize.h"

#include "autodiff/stages.h"
#include "frontend/graph.h"
#include "frontend/remark.h"

#include <algorithm>
#include <cstring>

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
    const std::set<std::string> &directions_;           // keys
    std::map<std::string, Function> copies_;            // of what depends on them, by name
    std::map<ReadTarget, ImageParam> values_;           // kept whole
    std::map<std::string, Halide::Parameter> scalars_;  // by name of what they keep
    std::vector<std::pair<Expr, ImageParam>> terms_;    // coefficients of the stage at hand

    bool depends(const Function &function) const {
        const Reads reads = reads_of(function);
        return std::any_of(reads.functions.begin(), reads.functions.end(),
                           [&](const Function &f) { return copies_.count(f.name()) > 0; }) ||
               std::any_of(reads.parameters.begin(), reads.parameters.end(),
                           [&](const Halide::Parameter &p) { return directions_.count(target_of(p).key) > 0; });
    }

    ImageParam keep(const Func &residual) {
        const ImageParam kept(residual.type(), residual.dimensions(), unique_name(plain_name(residual.name())));
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

    // A scalar parameter or a size of an image.
    Expr keep_scalar(const Variable *op) {
        auto it = scalars_.find(op->name);
        if (it == scalars_.end()) {
            std::string name = "kept_" + op->name;  // kept_in.extent.0
            std::replace(name.begin(), name.end(), '.', '_');
            it = scalars_.emplace(op->name, Halide::Parameter(op->type, false, 0, unique_name(name))).first;
            if (!op->param.is_buffer()) {
                it->second.set_min_value(op->param.min_value());
                it->second.set_max_value(op->param.max_value());
            }
            result_.scalars.emplace_back(op);
            result_.kept_scalars.push_back(it->second);
        }
        return Variable::make(op->type, it->second.name(), it->second);
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
    const Function self_, copy_;
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
        return copy_remark(op, [this](const Function &function) {
            const auto it = split_.copies_.find(function.name());
            return it == split_.copies_.end() ? split_.kept_function(function) : it->second;
        });
    }
    Expr visit(const Variable *op) override {
        const bool is_primal = op->param.defined() && !split_.directions_.count(target_of(op->param).key);
        return is_primal ? split_.keep_scalar(op) : Expr(op);
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
        const auto rewrite = [&](const Expr &e) { return keep.mutate(e); };
        if (is_pure) {
            result.function().define(function.args(), copy_stage(form, rewrite).values);
            continue;
        }
        define_update(result.function(), copy_stage(form, rewrite));
    }
    return result.function();
}

}  // namespace

Linearized linearize(const Func &output, const std::vector<Input> &inputs) {
    const std::string name = plain_name(output.name());
    _halide_user_assert(output.defined())
        << "linearize() needs a defined Func; " << name << " is not: define it first.";
    _halide_user_assert(output.outputs() == 1 && output.types()[0].is_float())
        << "linearize() needs one float value; " << name << " has " << output.outputs() << " of type "
        << output.types()[0] << ": take it apart, or cast it.";
    Linearized result;
    result.output = output;
    std::vector<Tangent> tangents;
    std::set<std::string> directions;
    for (const Input &x : inputs) {
        _halide_user_assert(x.types().size() == 1) << "linearize() needs inputs with one value; " << x.name() << " has "
                                                   << x.types().size() << ": name them one by one.";
        const ImageParam direction(x.types()[0], x.dimensions(), unique_name("direction_of_" + plain_name(x.name())));
        result.directions.push_back(direction);
        directions.insert(target_of(direction.parameter()).key);
        tangents.push_back({x, direction});
    }
    result.tangent = Func(Split(result, directions)(jvp(output, tangents).function()));
    return result;
}

void Linearized::keep_scalars(const Halide::Target &target) {
    std::vector<Func> values;
    for (const Expr &scalar : scalars) {
        values.emplace_back("scalar");
        values.back()() = scalar;
    }
    if (values.empty()) {
        return;
    }
    const Halide::Realization at_the_point = Halide::Pipeline(values).realize({}, target);
    for (size_t i = 0; i < scalars.size(); i++) {
        const Type type = scalars[i].type();
        halide_scalar_value_t value{};
        std::memcpy(&value, at_the_point[i].data(), type.bytes());
        kept_scalars[i].set_scalar(type, value);
    }
}

void Linearized::evaluate(const std::vector<int> &sizes, const Halide::Target &target) {
    keep_scalars(target);
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
