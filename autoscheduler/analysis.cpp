#include "autoscheduler/analysis.h"

#include "frontend/graph.h"
#include "schedules/sums.h"

#include <algorithm>

using namespace Halide::Internal;
using Halide::Expr;
using Halide::Func;

namespace sylvite {

namespace {

double product(const std::vector<int64_t> &extents) {
    double result = 1;
    for (const int64_t extent : extents) {
        result *= static_cast<double>(std::max<int64_t>(extent, 1));
    }
    return result;
}

class ReplaceParameters : public IRMutator {
public:
    explicit ReplaceParameters(const AutoscheduleOptions &options) : options_(options) {}

private:
    const AutoscheduleOptions &options_;

    // `a.min.0` and `a.extent.0` of a buffer that the caller hands over.
    Expr place_of_buffer(const Variable *op) const {
        for (int d = 0; d < op->param.dimensions(); d++) {
            const std::string dimension = std::to_string(d);
            if (op->name.ends_with(".min." + dimension)) {
                const Expr estimate = op->param.min_constraint_estimate(d);
                return estimate.defined() ? estimate : 0;
            }
            if (op->name.ends_with(".extent." + dimension)) {
                const Expr estimate = op->param.extent_constraint_estimate(d);
                return estimate.defined() ? estimate : make_const(op->type, options_.other_sizes);
            }
        }
        return op;
    }

    using IRMutator::visit;
    Expr visit(const Variable *op) override {
        if (!op->param.defined() || !(op->type.is_int() || op->type.is_uint())) {
            return op;
        }
        if (op->param.is_buffer()) {
            return place_of_buffer(op);
        }
        if (const auto size = options_.sizes.find(plain_name(op->name)); size != options_.sizes.end()) {
            return make_const(op->type, size->second);
        }
        const Expr estimate = op->param.estimate();
        return estimate.defined() ? estimate : make_const(op->type, options_.other_sizes);
    }
};

// Everything that a definition computes with.
std::vector<Expr> exprs_of(const Definition &definition) {
    std::vector<Expr> exprs = definition.values();
    exprs.insert(exprs.end(), definition.args().begin(), definition.args().end());
    exprs.push_back(definition.predicate());
    return exprs;
}

// What the variables of a definition run over, where its Func is needed on `box`.
Scope<Interval> ranges_of(const Function &function, const Definition &definition, const Box &box) {
    Scope<Interval> ranges;
    for (size_t d = 0; d < box.size(); d++) {
        ranges.push(function.args()[d], box[d]);
    }
    for (const ReductionVariable &r : definition.schedule().rvars()) {
        ranges.push(r.var, Interval(r.min, r.min + r.extent - 1));
    }
    return ranges;
}

// Whether an expression, written out, has more nodes than the bounds of a box need if they are to be proven constant.
class IsLong : public IRMutator {
public:
    using IRMutator::mutate;
    Expr mutate(const Expr &e) override { return nodes_++ > most_nodes ? e : IRMutator::mutate(e); }
    bool operator()(const Expr &e) {
        nodes_ = 0;
        mutate(e);
        return nodes_ > most_nodes;
    }

private:
    static constexpr int most_nodes = 100;
    int nodes_ = 0;
};

// A long bound is a size like another, of which the expected value is known. Bounds of bounds would grow at each stage by
// the number of places that it reads: a pyramid's by 4.
void shorten(Expr &bound, const Estimates &estimates) {
    if (!bound.defined() || !IsLong()(bound)) {
        return;
    }
    bound = simplify(bound);
    if (!IsLong()(bound)) {
        return;
    }
    const Expr expected = estimates(bound);
    if (is_const(expected)) {
        Halide::Parameter size(bound.type(), false, 0);
        size.set_estimate(expected);
        bound = Variable::make(bound.type(), size.name(), size);
    }
}

void shorten(Box &box, const Estimates &estimates) {
    for (size_t d = 0; d < box.size(); d++) {
        shorten(box[d].min, estimates);
        shorten(box[d].max, estimates);
    }
}

// The box of each Func that outputs on the boxes given need. Empty where there is none. (Halide's inference_bounds() takes
// the variables of all RDoms of one name for the same.)
std::map<std::string, Box> boxes_for(const std::vector<Func> &funcs, const std::vector<Box> &outputs,
                                     const Estimates &estimates) {
    std::map<std::string, Box> boxes;
    std::vector<std::string> order;
    std::map<std::string, Function> functions;
    for (const Function &function : functions_of(funcs)) {
        order.push_back(function.name());
        functions.emplace(function.name(), function);
    }
    try {
        const FuncValueBounds values = compute_function_value_bounds(order, functions);
        for (size_t i = 0; i < funcs.size(); i++) {
            boxes[funcs[i].name()] = outputs[i];
        }
        for (auto name = order.rbegin(); name != order.rend(); name++) {
            const Function &function = functions.at(*name);
            const auto found = boxes.find(*name);
            if (!function.has_pure_definition() || found == boxes.end()) {
                continue;
            }
            Box &box = found->second;
            shorten(box, estimates);
            // Updates may write beyond it, and read of the Func itself what those before them must have left there.
            for (auto update = function.updates().rbegin(); update != function.updates().rend(); update++) {
                const Scope<Interval> ranges = ranges_of(function, *update, box);
                Box written;
                for (const Expr &arg : update->args()) {
                    written.push_back(bounds_of_expr_in_scope(arg, ranges, values));
                }
                merge_boxes(box, written);
                for (const Expr &e : exprs_of(*update)) {
                    const std::map<std::string, Box> required = boxes_required(e, ranges, values);
                    if (const auto own = required.find(*name); own != required.end()) {
                        merge_boxes(box, own->second);
                    }
                }
                shorten(box, estimates);
            }
            for (int stage = 0; stage <= static_cast<int>(function.updates().size()); stage++) {
                const Definition &definition = stage == 0 ? function.definition() : function.update(stage - 1);
                const Scope<Interval> ranges = ranges_of(function, definition, box);
                for (const Expr &e : exprs_of(definition)) {
                    for (const auto &[callee, read] : boxes_required(e, ranges, values)) {
                        if (functions.count(callee) && callee != *name) {
                            merge_boxes(boxes[callee], read);
                        }
                    }
                }
            }
        }
    } catch (const Halide::Error &) {
        return {};  // Funcs that are read at unbounded places; sizes are then guessed
    }
    for (auto &[name, box] : boxes) {
        for (size_t d = 0; d < box.size(); d++) {
            box[d] = Interval(simplify(box[d].min), simplify(box[d].max));
        }
    }
    return boxes;
}

Expr extent_of(const Interval &interval) {
    return interval.is_bounded() ? simplify(interval.max - interval.min + 1) : Expr();
}

// Whether parts of an update can be added up in any order, and whether vectors have an instruction for that.
void classify(const Function &function, const Definition &update, DefinitionInfo &info) {
    try {
        Definition sums = update.get_copy();
        const AssociativeOp op = proven_associativity(function, sums);
        // A value that does not depend on the old one is no reduction.
        info.associative =
            op.associative() && std::all_of(op.xs.begin(), op.xs.end(), [](const auto &x) { return !x.var.empty(); });
        const Expr combined = op.associative() && op.size() == 1 ? op.pattern.ops[0] : Expr();
        info.adds_up_vectors =
            info.associative && (combined.as<Add>() || combined.as<Mul>() || combined.as<Min>() || combined.as<Max>());
    } catch (const Halide::Error &) {
        info.associative = false;
    }
}

DefinitionInfo definition_info(const StageInfo &stage, const Definition &definition, const Estimates &estimates) {
    DefinitionInfo info;
    info.args = definition.args();
    std::vector<Expr> exprs = definition.values();
    exprs.insert(exprs.end(), definition.args().begin(), definition.args().end());
    info.cost = cost_of(exprs);
    for (const LoopVariable &variable : loop_variables(definition.schedule())) {
        LoopInfo loop{variable, estimates.other_sizes(), false, -1};
        for (size_t d = 0; d < definition.args().size(); d++) {
            const auto *arg = definition.args()[d].as<Variable>();
            if (arg && arg->name == variable.halide_name) {
                loop.dimension = static_cast<int>(d);
            }
        }
        if (!variable.is_rvar) {
            loop.extent = stage.extents[loop.dimension];
            loop.constant = stage.constant[loop.dimension];
        }
        for (const ReductionVariable &r : definition.schedule().rvars()) {
            if (r.var == variable.halide_name) {
                loop.extent = estimates.value(r.extent, estimates.other_sizes());
                loop.constant = is_const(simplify(r.extent));
            }
        }
        info.loops.push_back(loop);
    }
    return info;
}

}  // namespace

double DefinitionInfo::iterations() const {
    std::vector<int64_t> extents;
    for (const LoopInfo &loop : loops) {
        extents.push_back(loop.extent);
    }
    return product(extents);
}

double StageInfo::points() const { return product(extents); }

Expr Estimates::operator()(const Expr &e) const { return simplify(ReplaceParameters(options_).mutate(e)); }

int64_t Estimates::value(const Expr &e, int64_t otherwise) const {
    const auto value = as_const_int((*this)(e));
    return value ? *value : otherwise;
}

std::map<std::string, std::vector<int64_t>> extents_for(const Func &func, const std::vector<int64_t> &box,
                                                        const Estimates &estimates) {
    Box bounds;
    for (const int64_t extent : box) {
        bounds.push_back(Interval(0, static_cast<int>(extent) - 1));
    }
    std::map<std::string, std::vector<int64_t>> result;
    for (const auto &[name, needed] : boxes_for({func}, {bounds}, estimates)) {
        std::vector<int64_t> &extents = result[name];
        for (size_t d = 0; d < needed.size(); d++) {
            const Expr extent = extent_of(needed[d]);
            extents.push_back(extent.defined() ? estimates.value(extent, estimates.other_sizes())
                                               : estimates.other_sizes());
        }
    }
    return result;
}

std::vector<StageInfo> analyse(const Kernel &kernel, const KernelPipeline &pipeline, const Estimates &estimates) {
    std::vector<Box> boxes;
    for (const size_t output : pipeline.first_outputs) {
        Box box;
        for (const Expr &extent : kernel.outputs[output].extents()) {
            box.push_back(Interval(0, extent - 1));
        }
        boxes.push_back(box);
    }
    const std::map<std::string, Box> bounds = boxes_for(pipeline.outputs, boxes, estimates);
    const std::map<std::string, std::string> names = stage_names(pipeline.stages);
    std::vector<StageInfo> stages;
    for (const Function &function : pipeline.stages) {
        if (!function.has_pure_definition()) {
            continue;
        }
        StageInfo stage;
        stage.name = names.at(function.name());
        stage.function = function;
        stage.output = std::any_of(pipeline.outputs.begin(), pipeline.outputs.end(),
                                   [&](const Func &output) { return output.name() == function.name(); });
        for (const Function &reader : pipeline.stages) {
            for (const Halide::ExternFuncArgument &argument : reader.extern_arguments()) {
                stage.read_by_extern |= argument.is_func() && Function(argument.func).name() == function.name();
            }
        }
        stage.bytes = 1;
        for (const Halide::Type &type : function.output_types()) {
            stage.bytes = std::max(stage.bytes, type.bytes());
        }
        const auto found = bounds.find(function.name());
        for (int d = 0; d < function.dimensions(); d++) {
            Expr extent;
            if (found != bounds.end() && d < static_cast<int>(found->second.size())) {
                extent = extent_of(found->second[d]);
            }
            stage.extents.push_back(extent.defined() ? estimates.value(extent, estimates.other_sizes())
                                                     : estimates.other_sizes());
            stage.constant.push_back(extent.defined() && is_const(extent));
        }
        stage.definitions.push_back(definition_info(stage, function.definition(), estimates));
        for (const Definition &update : function.updates()) {
            stage.definitions.push_back(definition_info(stage, update, estimates));
            classify(function, update, stage.definitions.back());
        }
        stages.push_back(std::move(stage));
    }
    return stages;
}

}  // namespace sylvite
