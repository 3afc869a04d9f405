#include "faults.h"

#include "autodiff/stages.h"
#include "frontend/graph.h"

#include <set>

namespace sylvite::testing {

using namespace Halide::Internal;

namespace {

class CollectNodes : public IRGraphVisitor {
public:
    std::vector<Expr> nodes;

    void include(const Expr &e) override {
        if (seen_.insert(e.get()).second) {
            nodes.push_back(e);
            IRGraphVisitor::include(e);
        }
    }

private:
    std::set<const IRNode *> seen_;
};

class ReplaceNode : public IRGraphMutator {
public:
    ReplaceNode(const Expr &node, const Expr &by) : node_(node), by_(by) {}
    using IRGraphMutator::mutate;
    Expr mutate(const Expr &e) override { return e.same_as(node_) ? by_ : IRGraphMutator::mutate(e); }

private:
    const Expr &node_, &by_;
};

class Plant {
public:
    Plant(const std::vector<Func> &derivatives, const std::vector<Func> &primal) {
        for (const Function &function : functions_of(primal)) {
            primal_.emplace(function.name(), function);
        }
        for (const Function &function : functions_of(derivatives)) {
            for (size_t stage = 0; stage <= function.updates().size() && !primal_.count(function.name()); stage++) {
                plant_in(function, static_cast<int>(stage));
            }
        }
    }

    std::vector<Fault> faults;

private:
    std::map<std::string, Function> primal_;

    void plant_in(const Function &function, int number) {
        const StageExprs right = stage_exprs(function, number);
        const auto plant = [&](const std::string &kind, const StageExprs &wrong) {
            faults.push_back({kind, function, number, wrong});
        };
        CollectNodes collect;
        for_each(right, [&](const Expr &e) { collect.include(e); });
        for (const Expr &node : collect.nodes) {
            for (const auto &[kind, by] : wrong_nodes(node, function)) {
                StageExprs wrong = right;
                ReplaceNode replace(node, by);
                for_each(wrong, [&](Expr &e) { e = replace.mutate(e); });
                plant(kind, wrong);
            }
        }
        for (size_t d = 0; d < right.args.size(); d++) {
            const auto *variable = right.args[d].as<Variable>();
            if (number > 0 && !(variable && variable->name == function.args()[d])) {
                StageExprs wrong = right;
                wrong.args[d] += 1;
                plant("wrong place written", wrong);
            }
        }
        for (size_t i = 0; i < right.loops.size(); i++) {
            const auto &[name, min, extent] = right.loops[i];
            StageExprs first = right, last = right, reversed = right;
            first.loops[i] = {name, min + 1, extent - 1};
            last.loops[i].extent -= 1;
            const Expr back = min + min + extent - 1 - Variable::make(Halide::Int(32), name);
            for_each(reversed, [&, name = name](Expr &e) { e = graph_substitute(name, back, e); });
            plant("first iteration missing", first);
            plant("last iteration missing", last);
            plant("loop in the other direction", reversed);
        }
        if (right.predicate.defined() && !is_const_one(right.predicate)) {
            StageExprs always = right, opposite = right;
            always.predicate = const_true();
            opposite.predicate = !right.predicate;
            plant("predicate dropped", always);
            plant("opposite predicate", opposite);
        }
        if (number > 0) {
            StageExprs nothing = right;
            for (size_t c = 0; c < right.values.size(); c++) {
                nothing.values[c] = Call::make(function, right.args, static_cast<int>(c));
            }
            plant("update left out", nothing);
        }
    }

    template<typename Stage, typename Visit>
    static void for_each(Stage &stage, const Visit &visit) {
        for (auto *exprs : {&stage.args, &stage.values}) {
            for (auto &e : *exprs) {
                visit(e);
            }
        }
        if (stage.predicate.defined()) {
            visit(stage.predicate);
        }
    }

    using Wrong = std::vector<std::pair<std::string, Expr>>;

    Wrong wrong_nodes(const Expr &e, const Function &function) const {
        const bool is_float = e.type().is_float();
        if (const Add *op = e.as<Add>(); op && is_float) {
            return {{"wrong sign", op->a - op->b}, {"missing term", op->a}, {"missing term", op->b}};
        } else if (const Sub *op = e.as<Sub>(); op && is_float) {
            return {{"wrong sign", op->a + op->b}, {"missing term", op->a}};
        } else if (const Mul *op = e.as<Mul>(); op && is_float) {
            return {{"missing factor", op->a}, {"missing factor", op->b}};
        } else if (const Div *op = e.as<Div>(); op && is_float) {
            return {{"missing factor", op->a}};
        } else if (const Select *op = e.as<Select>()) {
            return {{"opposite guard", Select::make(!op->condition, op->true_value, op->false_value)},
                    {"guard dropped", op->true_value},
                    {"missing contribution", op->false_value}};
        } else if (const And *op = e.as<And>()) {
            return {{"condition dropped", op->a}, {"condition dropped", op->b}};
        } else if (const Or *op = e.as<Or>()) {
            return {{"condition dropped", op->a}, {"condition dropped", op->b}};
        } else if (const LE *op = e.as<LE>()) {
            return {{"bound off by one", op->a < op->b}};
        } else if (const LT *op = e.as<LT>()) {
            return {{"bound off by one", op->a <= op->b}};
        } else if (const GE *op = e.as<GE>()) {
            return {{"bound off by one", op->a > op->b}};
        } else if (const GT *op = e.as<GT>()) {
            return {{"bound off by one", op->a >= op->b}};
        } else if (const EQ *op = e.as<EQ>()) {
            return {{"opposite condition", op->a != op->b}};
        } else if (const NE *op = e.as<NE>()) {
            return {{"opposite condition", op->a == op->b}};
        } else if (const Min *op = e.as<Min>(); op && !is_float) {
            return {{"clamp dropped", op->a}};
        } else if (const Max *op = e.as<Max>(); op && !is_float) {
            return {{"clamp dropped", op->a}};
        } else if (const Call *op = e.as<Call>();
                   op && (op->call_type == Call::Halide || op->call_type == Call::Image)) {
            return wrong_reads(op, function);
        }
        return {};
    }

    Wrong wrong_reads(const Call *op, const Function &function) const {
        Wrong wrong;
        const auto read = [&](const std::vector<Expr> &args, int component) {
            return Call::make(op->type, op->name, args, op->call_type, op->func, component, op->image, op->param);
        };
        for (size_t d = 0; d < op->args.size(); d++) {
            // What reads itself must do so along its pure dimensions.
            if (op->name != function.name()) {
                std::vector<Expr> args = op->args;
                args[d] += 1;
                wrong.emplace_back("wrong index", read(args, op->value_index));
            }
        }
        if (!op->func.defined() || op->name == function.name()) {
            return wrong;
        }
        const Function callee(op->func);
        for (int c = 0; c < callee.outputs(); c++) {
            if (c != op->value_index && callee.output_types()[c] == op->type) {
                wrong.emplace_back("other value of a Tuple", read(op->args, c));
            }
        }
        if (!callee.updates().empty()) {
            const Function earlier = after_stage(callee, static_cast<int>(callee.updates().size()) - 1);
            wrong.emplace_back("older version of a stage", Call::make(earlier, op->args, op->value_index));
        }
        for (const auto &[name, other] : primal_) {
            if (name != callee.name() && plain_name(name) == plain_name(callee.name()) &&
                other.dimensions() == callee.dimensions() && other.output_types() == callee.output_types()) {
                wrong.emplace_back("newer version of a stage", Call::make(other, op->args, op->value_index));
            }
        }
        return wrong;
    }
};

}  // namespace

std::vector<Fault> faults_in(const std::vector<Func> &derivatives, const std::vector<Func> &primal) {
    return Plant(derivatives, primal).faults;
}

}  // namespace sylvite::testing
