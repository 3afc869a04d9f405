#include "autodiff/bits.h"

#include <algorithm>
#include <optional>
#include <utility>

using namespace Halide::Internal;
using Halide::Expr;

namespace sylvite {

namespace {

constexpr int64_t largest = 1 << 24;

// What has the bits of a and of b both.
Expr common_bits(const Expr &a, const Expr &b) {
    for (const auto &[e, bit] : {std::pair(a, b), std::pair(b, a)}) {
        const auto c = as_const_int(bit);
        if (c && *c > 0 && (*c & (*c - 1)) == 0) {
            return e / bit % 2 * bit;
        }
    }
    return a & b;
}

class BitsAsSums : public IRGraphMutator {
public:
    BitsAsSums(const Scope<Interval> &bounds, bool keep_limits) : bounds_(bounds), keep_limits_(keep_limits) {}

private:
    const Scope<Interval> &bounds_;
    const bool keep_limits_;
    using IRGraphMutator::visit;

    static const Call *bits(const Expr &e) {
        return e.type() == Halide::Int(32) ? Call::as_intrinsic(e, {Call::bitwise_xor, Call::bitwise_or}) : nullptr;
    }

    // A number that `e` does not exceed, where it is not negative either.
    std::optional<int64_t> limit(const Expr &e) const {
        if (const Call *op = bits(e)) {
            const std::optional<int64_t> a = limit(op->args[0]), b = limit(op->args[1]);
            if (!a || !b) {
                return std::nullopt;
            }
            int64_t power = 1;
            while (power <= std::max(*a, *b)) {
                power *= 2;
            }
            return power - 1;
        }
        if (const Min *op = e.as<Min>()) {
            const std::optional<int64_t> a = limit(op->a), b = limit(op->b);
            if (a && b) {
                return std::min(*a, *b);
            }
        }
        const Interval interval = bounds_of_expr_in_scope(e, bounds_);
        const auto min = interval.has_lower_bound() ? as_const_int(simplify(interval.min)) : std::nullopt;
        const auto max = interval.has_upper_bound() ? as_const_int(simplify(interval.max)) : std::nullopt;
        return min && max && *min >= 0 && *max < largest ? max : std::nullopt;
    }

    Expr visit(const Call *op) override {
        if (!keep_limits_ && (op->call_type == Call::Halide || op->call_type == Call::Image)) {
            return bits_as_sums(op, bounds_);  // what is read at is no index that is inverted
        }
        if (!bits(op) || !limit(op)) {
            return IRGraphMutator::visit(op);
        }
        const Expr a = mutate(op->args[0]), b = mutate(op->args[1]), both = common_bits(a, b);
        return a + b - (op->is_intrinsic(Call::bitwise_xor) ? both * 2 : both);
    }
    Expr visit(const Min *op) override {
        const auto a = !keep_limits_ && bits(op->a) ? limit(op->a) : std::nullopt, b = as_const_int(op->b);
        return a && b && *a <= *b ? mutate(op->a) : IRGraphMutator::visit(op);
    }
    Expr visit(const Max *op) override {
        const Min *clamped = op->a.as<Min>();
        const bool is_bits = bits(clamped ? clamped->a : op->a) != nullptr;
        const auto b = as_const_int(op->b);
        const bool is_idle = !keep_limits_ && is_bits && limit(op->a) && b && *b <= 0;
        return is_idle ? mutate(op->a) : IRGraphMutator::visit(op);
    }
};

}  // namespace

Expr bits_as_sums(const Expr &e, const Scope<Interval> &bounds) { return BitsAsSums(bounds, true).mutate(e); }

Expr unlimited_bits_as_sums(const Expr &index, const Scope<Interval> &bounds) {
    return BitsAsSums(bounds, false).mutate(index);
}

}  // namespace sylvite
