#include "schedules/sums.h"

using namespace Halide::Internal;

namespace sylvite {

namespace {

// `a - b`, perhaps inside Lets, as `a + likely(0 - b)`; undefined for anything else.
Halide::Expr as_sum(const Halide::Expr &value) {
    if (const Let *let = value.as<Let>()) {
        const Halide::Expr body = as_sum(let->body);
        return body.defined() ? Let::make(let->name, let->value, body) : body;
    }
    const Sub *difference = value.as<Sub>();
    return difference ? difference->a + Halide::likely(make_zero(value.type()) - difference->b) : Halide::Expr();
}

}  // namespace

AssociativeOp proven_associativity(const Function &function, Definition &update) {
    const auto prove = [&] { return prove_associativity(function.name(), update.args(), update.values()); };
    const AssociativeOp op = prove();
    std::vector<Halide::Expr> &values = update.values();
    if (op.associative() || values.size() != 1 || !values[0].type().is_float()) {
        return op;
    }
    const Halide::Expr original = values[0];
    // In this order nothing that is shared is written out: simplify() walks trees.
    const Halide::Expr sum = as_sum(simplify(common_subexpression_elimination(substitute_in_all_lets(original))));
    if (!sum.defined()) {
        return op;
    }
    values[0] = sum;
    const AssociativeOp of_sum = prove();
    if (!of_sum.associative()) {
        values[0] = original;
    }
    return of_sum;
}

}  // namespace sylvite
