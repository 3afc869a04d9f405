#include "autodiff/affine.h"

using namespace Halide::Internal;

namespace sylvite {

namespace {

class UsesAny : public IRGraphVisitor {
public:
    explicit UsesAny(const std::set<std::string> &variables) : variables_(variables) {}
    bool found = false;

private:
    const std::set<std::string> &variables_;
    using IRGraphVisitor::visit;
    void visit(const Variable *op) override { found = found || variables_.count(op->name); }
};

class RemoveMarks : public IRGraphMutator {
    using IRGraphMutator::visit;
    Expr visit(const Call *op) override {
        if (op->is_intrinsic(
                {Call::likely, Call::likely_if_innermost, Call::promise_clamped, Call::unsafe_promise_clamped})) {
            return mutate(op->args[0]);
        }
        return IRGraphMutator::visit(op);
    }
};

void add(Affine &to, const Affine &from, int64_t factor) {
    for (const auto &[name, c] : from.coefficient) {
        if ((to.coefficient[name] += factor * c) == 0) {
            to.coefficient.erase(name);
        }
    }
    const Expr scaled = factor == 1 ? from.rest : from.rest * static_cast<int>(factor);
    to.rest = is_const_zero(to.rest) ? scaled : is_const_zero(from.rest) ? to.rest : to.rest + scaled;
}

bool fits(int64_t c) { return c >= -(1 << 20) && c <= (1 << 20); }

}  // namespace

Expr Affine::expr() const {
    Expr sum = rest;
    for (const auto &[name, c] : coefficient) {
        const Expr term = Variable::make(Halide::Int(32), name) * static_cast<int>(c);
        sum = sum + term;
    }
    return simplify(sum);
}

Affine Affine::without(const std::string &name) const {
    Affine other = *this;
    other.coefficient.erase(name);
    return other;
}

bool as_affine(const Expr &e, const std::set<std::string> &variables, Affine &result) {
    result = {{}, make_zero(Halide::Int(32))};
    if (e.type() != Halide::Int(32)) {
        return false;
    }
    if (!uses_any(e, variables)) {
        result.rest = e;
        return true;
    }
    if (const Variable *op = e.as<Variable>()) {
        result.coefficient[op->name] = 1;
        return true;
    }
    const Add *sum = e.as<Add>();
    const Sub *difference = e.as<Sub>();
    const Mul *product = e.as<Mul>();
    Affine a, b;
    if (sum || difference) {
        if (!as_affine(sum ? sum->a : difference->a, variables, a) ||
            !as_affine(sum ? sum->b : difference->b, variables, b)) {
            return false;
        }
        result = a;
        add(result, b, sum ? 1 : -1);
        return true;
    }
    if (product) {
        const auto left = as_const_int(product->a), right = as_const_int(product->b);
        const auto factor = left ? left : right;
        if (!factor || !fits(*factor) || !as_affine(left ? product->b : product->a, variables, a)) {
            return false;
        }
        add(result, a, *factor);
        return true;
    }
    return false;
}

bool uses_any(const Expr &e, const std::set<std::string> &variables) {
    UsesAny uses(variables);
    e.accept(&uses);
    return uses.found;
}

Expr plain_index(const Expr &e) { return RemoveMarks().mutate(substitute_in_all_lets(e)); }

}  // namespace sylvite
