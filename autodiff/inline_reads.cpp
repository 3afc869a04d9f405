#include "autodiff/inline_reads.h"

#include "autodiff/custom_rule.h"
#include "autodiff/stages.h"
#include "frontend/graph.h"

#include <algorithm>

using namespace Halide::Internal;

namespace sylvite {

bool bounds_its_reads(const Function &function, const FuncValueBounds &values) {
    if (!function.has_pure_definition() || function.has_extern_definition() || !function.updates().empty() ||
        array_node(function) || rule_of(function)) {
        return false;
    }
    Scope<Interval> anywhere;
    for (const std::string &arg : function.args()) {
        anywhere.push(arg, Interval::everything());
    }
    std::map<std::string, Function> callees;
    for (const Function &callee : reads_of(function).functions) {
        callees.emplace(callee.name(), callee);
    }
    const std::vector<Expr> &exprs = function.values();
    return std::all_of(exprs.begin(), exprs.end(), [&](const Expr &e) {
        const std::map<std::string, Box> boxes = boxes_required(e, anywhere, values);
        return std::all_of(boxes.begin(), boxes.end(), [&](const auto &read) {
            const auto callee = callees.find(read.first);
            const auto &bounds = read.second.bounds;
            return std::all_of(bounds.begin(), bounds.end(), [](const Interval &i) { return i.is_bounded(); }) ||
                   (callee != callees.end() && bounds_its_reads(callee->second, values));
        });
    });
}

namespace {

class InlineReads : public IRGraphMutator {
public:
    explicit InlineReads(const std::function<bool(const Function &)> &applies) : applies_(applies) {}

private:
    const std::function<bool(const Function &)> &applies_;

    using IRGraphMutator::visit;
    Expr visit(const Call *op) override {
        const Expr mutated = IRGraphMutator::visit(op);
        const Call *call = mutated.as<Call>();
        if (!call || !call->func.defined() || !applies_(Function(call->func))) {
            return mutated;
        }
        const Function callee(call->func);
        std::map<std::string, Expr> at;
        for (size_t d = 0; d < call->args.size(); d++) {
            at[callee.args()[d]] = call->args[d];
        }
        return mutate(replace_variables(stage_form(callee, 0).values[call->value_index], at));
    }
};

}  // namespace

Expr inline_reads(const Expr &e, const std::function<bool(const Function &)> &applies) {
    return InlineReads(applies).mutate(e);
}

}  // namespace sylvite
