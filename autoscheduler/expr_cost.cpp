#include "autoscheduler/expr_cost.h"

#include <set>

using namespace Halide::Internal;
using Halide::Expr;

namespace sylvite {

namespace {

// Operations of a lane that a call costs, on the scale on which an addition costs 1. Halide 21 calls the scalar C
// library for those in the second group on CPUs.
struct CallCost {
    const char *name;
    double operations;
};
const CallCost call_costs[] = {
    {"sqrt", 6},
    {"abs", 1},
    {"floor", 1},
    {"ceil", 1},
    {"round", 2},
    {"trunc", 1},
    {"exp", 15},
    {"log", 15},
    {"pow", 35},
    {"fast_inverse", 3},
    {"fast_inverse_sqrt", 3},
    {"likely", 0},
    {"likely_if_innermost", 0},
    {"sin", 60},
    {"cos", 60},
    {"tan", 80},
    {"asin", 60},
    {"acos", 60},
    {"atan", 60},
    {"atan2", 80},
    {"sinh", 80},
    {"cosh", 80},
    {"tanh", 60},
    {"asinh", 80},
    {"acosh", 80},
    {"atanh", 80},
    {"erf", 60},
};

double cost_of_call(const Call *op) {
    for (const CallCost &row : call_costs) {
        const std::string name = row.name;
        if (op->name == name || op->name == name + "_f" + std::to_string(op->type.bits())) {
            return row.operations;
        }
    }
    return op->is_pure() && op->call_type == Call::PureExtern ? 40 : 1;
}

bool is_likely(const Expr &e) { return Call::as_intrinsic(e, {Call::likely, Call::likely_if_innermost}) != nullptr; }

class Costs : public IRGraphVisitor {
public:
    ExprCost cost;

private:
    bool in_index_ = false;

    using IRGraphVisitor::visit;

    void add(double operations) { cost.operations += in_index_ ? 0 : operations; }

    template<typename Op>
    void binary(const Op *op, double operations) {
        add(operations);
        IRGraphVisitor::visit(op);
    }

    // The operand that is marked as likely is the one that is computed in the loop that counts.
    template<typename Op>
    bool only_likely(const Op *op) {
        for (const Expr *side : {&op->a, &op->b}) {
            if (is_likely(*side)) {
                side->accept(this);
                return true;
            }
        }
        return false;
    }

    static double division_cost(const Halide::Type &type, const Expr &by) {
        return type.is_float() ? 4 : is_const(by) ? 4 : 20;
    }

    void visit(const Add *op) override { binary(op, 1); }
    void visit(const Sub *op) override { binary(op, 1); }
    void visit(const Mul *op) override { binary(op, 1); }
    void visit(const Div *op) override { binary(op, division_cost(op->type, op->b)); }
    void visit(const Mod *op) override { binary(op, division_cost(op->type, op->b)); }
    void visit(const EQ *op) override { binary(op, 1); }
    void visit(const NE *op) override { binary(op, 1); }
    void visit(const LT *op) override { binary(op, 1); }
    void visit(const LE *op) override { binary(op, 1); }
    void visit(const GT *op) override { binary(op, 1); }
    void visit(const GE *op) override { binary(op, 1); }
    void visit(const And *op) override { binary(op, 1); }
    void visit(const Or *op) override { binary(op, 1); }
    void visit(const Cast *op) override {
        add(1);
        IRGraphVisitor::visit(op);
    }
    void visit(const Min *op) override {
        if (!only_likely(op)) {
            binary(op, 1);
        }
    }
    void visit(const Max *op) override {
        if (!only_likely(op)) {
            binary(op, 1);
        }
    }
    void visit(const Select *op) override {
        for (const Expr *side : {&op->true_value, &op->false_value}) {
            if (is_likely(*side)) {
                side->accept(this);
                return;
            }
        }
        add(1);
        IRGraphVisitor::visit(op);
    }

    void visit(const Call *op) override {
        const bool read = op->call_type == Call::Halide || op->call_type == Call::Image;
        const bool outer = in_index_;
        cost.has_edges |= op->is_intrinsic({Call::likely, Call::likely_if_innermost});
        if (read) {
            bool known = false;
            for (const Read &other : cost.reads) {
                bool same = other.name == op->name;
                for (size_t i = 0; same && i < op->args.size(); i++) {
                    same = equal(other.args[i], op->args[i]);
                }
                known |= same;
            }
            if (!known) {
                cost.reads.push_back({op->name, op->func, op->args});
                cost.operations += 1;
            }
            in_index_ = true;
        } else {
            add(cost_of_call(op));
        }
        IRGraphVisitor::visit(op);
        in_index_ = outer;
    }
};

}  // namespace

ExprCost cost_of(const std::vector<Expr> &values) {
    Costs costs;
    // The visitor knows what it has seen by address, so all must live as long as it.
    std::vector<Expr> whole;
    for (const Expr &value : values) {
        // Lets are shared parts; the visitor would take their variables for unknowns.
        whole.push_back(substitute_in_all_lets(value));
        whole.back().accept(&costs);
    }
    return std::move(costs.cost);
}

std::optional<int64_t> stride_along(const Expr &arg, const std::string &name) {
    if (!expr_uses_var(arg, name)) {
        return 0;
    }
    const Expr next = substitute(name, Variable::make(Halide::Int(32), name) + 1, arg);
    const auto stride = as_const_int(simplify(next - arg));
    return stride ? std::optional<int64_t>(*stride) : std::nullopt;
}

}  // namespace sylvite
