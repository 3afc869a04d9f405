#include "autodiff/linear_form.h"

#include "frontend/array.h"
#include "frontend/print.h"
#include "frontend/remark.h"

#include <algorithm>
#include <map>
#include <unordered_map>

using namespace Halide::Internal;

namespace sylvite {

namespace {

// Value and guard of the adjoint of an expression node; both undefined before the first contribution.
struct Adjoint {
    Expr value;
    Expr guard;
};

// Contributions under different guards are each masked; the sum counts where any of them does.
void accumulate(Adjoint &to, const Expr &value, const Expr &guard) {
    if (!to.value.defined()) {
        to = {value, guard};
    } else if (to.guard.same_as(guard) || (to.guard.defined() && guard.defined() && equal(to.guard, guard))) {
        to.value = sum_of(to.value, value);
    } else {
        to.value = sum_of(guarded(to.guard, to.value), guarded(guard, value));
        to.guard = either(to.guard, guard);
    }
}

// Calls `visit` on the reads in an Expr and on the calls around them; does not go on where it returns false.
class VisitExprs : public IRGraphVisitor {
public:
    explicit VisitExprs(const std::function<bool(const Expr &)> &visit) : visit_(visit) {}
    void walk(const Expr &e) { e.accept(this); }

private:
    const std::function<bool(const Expr &)> &visit_;
    using IRGraphVisitor::visit;
    void visit(const Call *op) override {
        if (visit_(op)) {
            IRGraphVisitor::visit(op);
        }
    }
    void visit(const Variable *op) override { visit_(op); }
};

class Linearize {
public:
    Linearize(const std::function<bool(const ReadTarget &)> &active, std::string where, const RuleLookup &rule,
              const Expr &value, const Expr &result) :
        active_(active),
        where_(std::move(where)), rule_for_(rule), value_(value), result_(result) {}

    // Lists the nodes through which `e` depends on active reads, operands before results.
    bool order(const Expr &e) {
        if (!e.type().is_float() || is_stopped(e)) {
            return false;
        }
        if (auto it = depends_.find(e.get()); it != depends_.end()) {
            return it->second;
        }
        bool depends = false;
        if (const ReadTarget target = read_target(e); !target.key.empty()) {
            depends = active_(target);
        } else {
            for (const Expr &operand : operands(e)) {
                depends = order(operand) || depends;
            }
            require_all_in_operands(e);
            if (!depends) {
                refuse_unknown(e);
            }
        }
        depends_[e.get()] = depends;
        if (depends) {
            nodes_.push_back(e);
        }
        return depends;
    }

    void seed(const Expr &e, const Expr &value) { accumulate(adjoints_[e.get()], value, Expr()); }

    std::vector<Term> terms() {
        for (auto node = nodes_.rbegin(); node != nodes_.rend(); ++node) {
            const Adjoint adjoint = adjoints_[node->get()];
            if (!adjoint.value.defined() || is_const_zero(adjoint.value)) {
                continue;
            }
            if (!read_target(*node).key.empty()) {
                add_term(*node, adjoint);
            } else {
                push(*node, adjoint);
            }
        }
        return terms_;
    }

private:
    const std::function<bool(const ReadTarget &)> &active_;
    std::string where_;
    const RuleLookup &rule_for_;
    const Expr value_, result_;  // an Expr, and what has the same value without computing it
    std::vector<Expr> nodes_;
    std::unordered_map<const IRNode *, bool> depends_;
    std::unordered_map<const IRNode *, Adjoint> adjoints_;
    std::vector<Term> terms_;

    static Operands operands(const Expr &e) {
        if (const Call *call = e.as<Call>()) {
            if (const auto node = array_node(call)) {
                return node->kind == ArrayNode::Kind::Value ? Operands{call->args[1]} : Operands{};
            }
        }
        return operation_of(e).operands;
    }

    // What is neither an operation nor a constant nor a read might hide one.
    void refuse_unknown(const Expr &e) const {
        const Call *call = e.as<Call>();
        _halide_internal_assert(!operation_of(e).name.empty() || is_const(e) || e.as<Variable>() ||
                                (call && array_node(call)))
            << "linear_form() knows no such Expr, in " << where_ << ": " << e;
    }

    // A rule of the user's own says all there is to say: an active read in the value that no operand has would be lost.
    void require_all_in_operands(const Expr &e) const {
        const Remarked remarked = remark_on(e);
        if (!operation_of(e).rule) {
            return;
        }
        const std::vector<Expr> known = active_reads(remarked.operands);
        for (const Expr &read : active_reads({remarked.value})) {
            const bool is_known =
                std::any_of(known.begin(), known.end(), [&](const Expr &other) { return equal(read, other); });
            const std::string key = read_target(read).key;
            _halide_user_assert(is_known)
                << "custom_rule() needs all that its value is computed from among the operands; "
                << key.substr(key.find(' ') + 1) << " in " << where_ << " is not, as " << sylvite::print(read)
                << ", and a derivative by it is asked for: add it, or wrap it in stop_gradient().";
        }
    }

    std::vector<Expr> active_reads(const std::vector<Expr> &exprs) const {
        std::vector<Expr> reads;
        const std::function<bool(const Expr &)> visit = [&](const Expr &e) {
            const ReadTarget target = read_target(e);
            if (!target.key.empty() && e.type().is_float() && active_(target)) {
                reads.push_back(e);
            }
            return !is_stopped(e);
        };
        for (const Expr &e : exprs) {
            VisitExprs(visit).walk(e);
        }
        return reads;
    }

    void push(const Expr &e, const Adjoint &adjoint) {
        const Call *call = e.as<Call>();
        if (call && array_node(call)) {
            accumulate(adjoints_[call->args[1].get()], adjoint.value, adjoint.guard);
            return;
        }
        const Operation operation = operation_of(e);
        const Rule *rule = operation.rule ? operation.rule.get() : rule_for_(operation.name);
        _halide_user_assert(rule)
            << "A derivative needs a rule for every operation; " << where_ << " has \"" << operation.name << "\" in "
            << sylvite::print(e)
            << ", which has none: write it with operations of docs/rules.md, or give it a custom_rule().";
        const std::vector<Partial> partials =
            rule->partials(operation.operands, result_.defined() && e.same_as(value_) ? result_ : e);
        for (size_t i = 0; i < operation.operands.size() && i < partials.size(); i++) {
            const Expr &operand = operation.operands[i];
            const auto it = depends_.find(operand.get());
            if (it == depends_.end() || !it->second || !partials[i].coefficient.defined()) {
                continue;
            }
            // Products are formed in the wider of the two types of a cast.
            Expr product = product_of(partials[i].coefficient, adjoint.value);
            if (product.type() != operand.type()) {
                product = Halide::cast(operand.type(), product);
            }
            accumulate(adjoints_[operand.get()], product, both(adjoint.guard, partials[i].guard));
        }
    }

    void add_term(const Expr &read, const Adjoint &adjoint) {
        for (Term &term : terms_) {
            if (read_target(term.read) == read_target(read) && equal(term.read, read)) {
                Adjoint merged{term.coefficient, term.guard};
                accumulate(merged, adjoint.value, adjoint.guard);
                term = {term.read, merged.value, merged.guard};
                return;
            }
        }
        terms_.push_back({read, adjoint.value, adjoint.guard});
    }
};

}  // namespace

ReadTarget target_of(const Function &function, int value_index) { return {"func " + function.name(), value_index}; }
ReadTarget target_of(const Halide::Parameter &parameter) { return {"parameter " + parameter.name(), 0}; }
ReadTarget target_of(const Halide::Buffer<> &buffer) { return {"buffer " + buffer.name(), 0}; }

ReadTarget read_target(const Expr &e) {
    if (const Call *call = e.as<Call>()) {
        if (call->func.defined()) {
            return {"func " + call->name, call->value_index};
        }
        if (call->param.defined()) {
            return target_of(call->param);
        }
        if (call->image.defined()) {
            return target_of(call->image);
        }
    } else if (const Variable *variable = e.as<Variable>()) {
        if (variable->param.defined() && !variable->param.is_buffer()) {
            return target_of(variable->param);
        }
    }
    return {};
}

std::vector<Expr> read_arguments(const Expr &read) {
    const Call *call = read.as<Call>();
    return call ? call->args : std::vector<Expr>();
}

std::vector<Term> linear_form(const std::vector<Expr> &values, const std::vector<Expr> &seeds,
                              const std::function<bool(const ReadTarget &)> &active, const std::string &where,
                              const RuleLookup &rule, const Expr &result) {
    Linearize linearize(active, where, rule, values[0], result);
    for (size_t i = 0; i < values.size(); i++) {
        if (seeds[i].defined() && linearize.order(values[i])) {
            linearize.seed(values[i], seeds[i]);
        }
    }
    return linearize.terms();
}

Expr stop_gradient(const Expr &e) {
    _halide_user_assert(e.defined()) << "stop_gradient() needs a defined Expr; it was given one that is not.";
    return e.type().is_float() ? Call::make(e.type(), Call::return_second, {const_true(), e}, Call::PureIntrinsic) : e;
}

bool is_stopped(const Expr &e) {
    const Call *call = Call::as_intrinsic(e, {Call::return_second});
    return call && call->args[0].type().is_bool() && is_const_one(call->args[0]);
}

Expr sum_of(const Expr &a, const Expr &b) {
    if (!a.defined() || is_const_zero(a)) {
        return b;
    }
    return !b.defined() || is_const_zero(b) ? a : a + b;
}

Expr product_of(const Expr &a, const Expr &b) {
    if (is_const_one(a) && a.type() == b.type()) {
        return b;
    }
    if (is_const_one(b) && a.type() == b.type()) {
        return a;
    }
    if (is_const_zero(a)) {
        return a;
    }
    // Constant coefficients stand first and signs move out, so that equal products look equal.
    if (is_const(a, -1)) {
        return -b;
    }
    return is_const(b) ? b * a : a * b;
}

}  // namespace sylvite
