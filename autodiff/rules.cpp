#include "autodiff/rules.h"

#include "autodiff/conditions.h"
#include "frontend/print.h"
#include "frontend/remark.h"

#include <cmath>
#include <map>
#include <sstream>

using namespace Halide;
using Halide::Internal::Call;

namespace sylvite {

namespace {

Expr real(const Type &type, double value) { return Internal::make_const(type, value); }
Expr real(const Expr &like, double value) { return real(like.type(), value); }

Expr cast_node(const Type &type, const Expr &e) { return Internal::Cast::make(type, e); }

Expr if_then_else(const Expr &condition, const Expr &yes, const Expr &no) {
    return Call::make(yes.type(), Call::if_then_else, {condition, yes, no}, Call::PureIntrinsic);
}

// Halide 21's simplifier takes remainders of floats for those of integers: it makes x % c == 0 of x % c < 1, and x == 0 of
// x == x % c. It leaves strict comparisons alone.
Expr is_less(const Expr &a, const Expr &b, bool or_equal) {
    if (has_float_remainder(a) || has_float_remainder(b)) {
        return Call::make(Bool(), or_equal ? Call::strict_le : Call::strict_lt, {a, b}, Call::PureIntrinsic);
    }
    return or_equal ? a <= b : a < b;
}

// The sign of x, 0 at 0.
Expr sign_of(const Expr &x) {
    const Expr zero = real(x, 0);
    return select(is_less(zero, x, false), real(x, 1), select(is_less(x, zero, false), real(x, -1), zero));
}

// By the operand of min or max that is the `low` or the `high` one: where it is chosen, and by half if both are equal.
Partial chosen(const Expr &low, const Expr &high) {
    return {select(is_less(low, high, false), real(low, 1), real(low, 0.5)), is_less(low, high, true)};
}

// d (a / b) / d b = -y / b; of a reciprocal without a second division.
Expr by_divisor(const Operands &a, const Expr &y) { return Internal::is_const_one(a[0]) ? -(y * y) : -y / a[1]; }

// The weight of lerp as a number in [0, 1].
Expr lerp_weight(const Operands &a) {
    const Type type = a[2].type();
    if (type.is_float()) {
        return cast(a[0].type(), a[2]);
    }
    return cast(a[0].type(), a[2]) / Internal::make_const(a[0].type(), std::ldexp(1.0, type.bits()) - 1);
}

std::vector<Partial> mux_partials(const Operands &a, const Expr &y) {
    const int last = static_cast<int>(a.size()) - 2;
    std::vector<Partial> partials{Partial()};
    Expr earlier = Internal::const_false();
    for (int i = 0; i <= last; i++) {
        const Expr here = i < last ? a[0] == i : negation(earlier);
        partials.emplace_back(real(y, 1), here);
        earlier = earlier || here;
    }
    return partials;
}

// Rows read: operation, partials in a[0], a[1], ... and the result y, an example, where it is tested, conventions.
#define D(...)                                                     \
    [](const Operands &a, const Expr &y) -> std::vector<Partial> { \
        (void)a, (void)y;                                          \
        return {__VA_ARGS__};                                      \
    }
#define E(...)                      \
    [](const Operands &a) -> Expr { \
        (void)a;                    \
        return __VA_ARGS__;         \
    }
#define NONE D()

// clang-format off
const std::vector<Rule> table = {
    // Arithmetic
    {"+", D(real(y, 1), real(y, 1)),                     E(a[0] + a[1]), {{-2, 2}, {-2, 2}}, ""},
    {"-", D(real(y, 1), real(y, -1)),                    E(a[0] - a[1]), {{-2, 2}, {-2, 2}}, ""},
    {"*", D(a[1], a[0]),                                 E(a[0] * a[1]), {{-2, 2}, {-2, 2}}, ""},
    {"/", D(1 / a[1], by_divisor(a, y)),                     E(a[0] / a[1]), {{-2, 2}, {0.5, 2}}, ""},
    {"%", D(real(y, 1), -floor(a[0] / a[1])),            E(a[0] % a[1]), {{-5.4, -4.6}, {2.05, 2.25}},
          "floored, as Halide's %: a - b floor(a / b); at its jumps the derivative from above"},
    {"strict_add", D(real(y, 1), real(y, 1)),            E(strict_float(a[0] + a[1])), {{-2, 2}, {-2, 2}}, ""},
    {"strict_sub", D(real(y, 1), real(y, -1)),           E(strict_float(a[0] - a[1])), {{-2, 2}, {-2, 2}}, ""},
    {"strict_mul", D(a[1], a[0]),                        E(strict_float(a[0] * a[1])), {{-2, 2}, {-2, 2}}, ""},
    {"strict_div", D(1 / a[1], -y / a[1]),               E(strict_float(a[0] / a[1])), {{-2, 2}, {0.5, 2}}, ""},

    // Choice
    {"min", D(chosen(a[0], a[1]), chosen(a[1], a[0])),
          E(min(a[0], a[1]) + min(a[1], a[0]) * a[0]),   {{-2, -0.1}, {0.1, 2}}, "a tie shares the derivative evenly"},
    {"max", D(chosen(a[1], a[0]), chosen(a[0], a[1])),
          E(max(a[0], a[1]) + max(a[1], a[0]) * a[0]),   {{-2, -0.1}, {0.1, 2}}, "a tie shares the derivative evenly"},
    {"strict_min", D(chosen(a[0], a[1]), chosen(a[1], a[0])),
          E(strict_float(min(a[0], a[1]) + min(a[1], a[0]) * a[0])), {{-2, -0.1}, {0.1, 2}}, "a tie shares the derivative evenly"},
    {"strict_max", D(chosen(a[1], a[0]), chosen(a[0], a[1])),
          E(strict_float(max(a[0], a[1]) + max(a[1], a[0]) * a[0])), {{-2, -0.1}, {0.1, 2}}, "a tie shares the derivative evenly"},
    {"select", D(Partial(), Partial(real(y, 1), a[0]), Partial(real(y, 1), negation(a[0]))),
          E(select(a[0] < 0, sin(a[1]), a[2] * a[2]) + a[0] * select(a[0] > 0, sin(a[1]), a[2] * a[2])),
          {{-2, -0.1}, {-2, 2}, {-2, 2}}, "the condition has no derivative; what is not chosen contributes exactly 0"},
    {"if_then_else", D(Partial(), Partial(real(y, 1), a[0]), Partial(real(y, 1), negation(a[0]))),
          E(if_then_else(a[0] < 0, sin(a[1]), a[2] * a[2]) + a[0] * if_then_else(a[0] > 0, sin(a[1]), a[2] * a[2])),
          {{-2, -0.1}, {-2, 2}, {-2, 2}}, "as select; also print_when"},
    {"mux", mux_partials,
          E(mux(cast<int>(a[0]), {a[1] * a[1], a[2], sin(a[1])}) + a[0] * mux(cast<int>(a[0]) + 1, {a[1], a[2], sin(a[1])}) +
            a[2] * mux(cast<int>(a[0]) - 1, {a[1] * a[1], a[2], sin(a[1])})),
          {{1.1, 1.9}, {-2, 2}, {-2, 2}}, "as select"},
    {"abs", D(sign_of(a[0])),                            E(abs(a[0]) + abs(-a[0]) * a[0]), {{-2, -0.1}}, "0 at 0"},

    // Rounding: piecewise constant
    {"floor", NONE,                                      E(floor(a[0])), {{0.1, 0.9}}, "0"},
    {"ceil", NONE,                                       E(ceil(a[0])), {{0.1, 0.9}}, "0"},
    {"trunc", NONE,                                      E(trunc(a[0])), {{0.1, 0.9}}, "0"},
    {"round", NONE,                                      E(round(a[0])), {{0.1, 0.4}}, "0"},

    // Powers, exponentials, logarithms
    {"sqrt", D(1 / (2 * y)),                             E(sqrt(a[0])), {{0.1, 4}}, "Inf at 0"},
    {"fast_inverse_sqrt", D(-y * y * y / 2),             E(cast(a[0].type(), fast_inverse_sqrt(cast<float>(a[0])))), {{0.1, 4}}, ""},
    {"fast_inverse", D(-y * y),                          E(cast(a[0].type(), fast_inverse(cast<float>(a[0])))), {{0.5, 2}}, ""},
    {"exp", D(y),                                        E(exp(a[0])), {{-2, 2}}, ""},
    {"log", D(1 / a[0]),                                 E(log(a[0])), {{0.1, 4}}, "Inf at 0"},
    {"pow", D(select(a[1] == 0, real(y, 0), a[1] * pow(a[0], a[1] - 1)),
              select(a[0] == 0, real(y, 0), y * log(a[0]))),
          E(pow(a[0], a[1])), {{0.2, 2}, {-2, 2}}, "pow(x, 0) is 1 for all x; in the exponent 0 at x = 0, NaN for x < 0"},

    // Trigonometric and hyperbolic functions
    {"sin", D(cos(a[0])),                                E(sin(a[0])), {{-4, 4}}, ""},
    {"cos", D(-sin(a[0])),                               E(cos(a[0])), {{-4, 4}}, ""},
    {"tan", D(1 + y * y),                                E(tan(a[0])), {{-1.2, 1.2}}, ""},
    {"asin", D(1 / sqrt(1 - a[0] * a[0])),               E(asin(a[0])), {{-0.9, 0.9}}, "Inf at +-1"},
    {"acos", D(-1 / sqrt(1 - a[0] * a[0])),              E(acos(a[0])), {{-0.9, 0.9}}, "-Inf at +-1"},
    {"atan", D(1 / (1 + a[0] * a[0])),                   E(atan(a[0])), {{-3, 3}}, ""},
    {"atan2", D(a[1] / (a[0] * a[0] + a[1] * a[1]), -a[0] / (a[0] * a[0] + a[1] * a[1])),
          E(atan2(a[0], a[1])), {{0.1, 3}, {-3, 3}}, "NaN at (0, 0)"},
    {"sinh", D(cosh(a[0])),                              E(sinh(a[0])), {{-2, 2}}, ""},
    {"cosh", D(sinh(a[0])),                              E(cosh(a[0])), {{-2, 2}}, ""},
    {"tanh", D(1 - y * y),                               E(tanh(a[0])), {{-2, 2}}, ""},
    {"asinh", D(1 / sqrt(a[0] * a[0] + 1)),              E(asinh(a[0])), {{-3, 3}}, ""},
    {"acosh", D(1 / sqrt((a[0] - 1) * (a[0] + 1))),      E(acosh(a[0])), {{1.2, 3}}, "Inf at 1"},
    {"atanh", D(1 / (1 - a[0] * a[0])),                  E(atanh(a[0])), {{-0.9, 0.9}}, "Inf at +-1"},

    // Interpolation, conversion
    {"lerp", D(1 - lerp_weight(a), lerp_weight(a), a[2].type().is_float() ? cast(a[2].type(), a[1] - a[0]) : Expr()),
          E(lerp(a[0], a[1], a[2])), {{-2, 2}, {-2, 2}, {0.1, 0.9}}, "an integer weight w of b bits counts w / (2^b - 1)"},
    {"cast", D(real(y, 1)),
          E(cast_node(a[0].type(), cast_node(Float(64), a[0]) * real(Float(64), 3)) + cast_node(a[0].type(), a[0])),
          {{-2, 2}}, "between floats; to and from integers there is none"},
    {"saturating_cast", D(real(y, 1)),
          E(cast(a[0].type(), saturating_cast<double>(a[0]))), {{-2, 2}}, "as cast: floats saturate at infinity only"},
    {"reinterpret", D(y / a[0]),
          E(cast(a[0].type(), fast_log(cast<float>(a[0])))), {{0.6, 1.4}},
          "only as in fast_log, where it scales by a power of two"},

    // Marks: the value is that of one operand
    {"likely", D(real(y, 1)),                            E(likely(a[0]) * a[0]), {{-2, 2}}, ""},
    {"likely_if_innermost", D(real(y, 1)),               E(likely_if_innermost(a[0]) * a[0]), {{-2, 2}}, ""},
    {"promise_clamped", D(real(y, 1)),
          E(Call::make(a[0].type(), Call::promise_clamped, {a[0], real(a[0], -9), real(a[0], 9)}, Call::PureIntrinsic)),
          {{-2, 2}}, "the bounds have none"},
    {"unsafe_promise_clamped", D(real(y, 1)),
          E(unsafe_promise_clamped(a[0], real(a[0], -9), real(a[0], 9))), {{-2, 2}}, "the bounds have none"},
    {"require", D(Partial(), real(y, 1)),                E(require(a[0] < 9, a[0] * a[0], "bound")), {{-2, 2}}, ""},
    {"return_second", D(Partial(), real(y, 1)),
          E(Call::make(a[0].type(), Call::return_second, {a[0], a[1] * a[0]}, Call::PureIntrinsic)),
          {{-2, 2}, {-2, 2}}, "also print"},
    {"memoize_expr", D(real(y, 1)),                      E(memoize_tag(a[0] * a[0])), {{-2, 2}}, ""},

    // Constants
    {"random", NONE,                                     E(cast(a[0].type(), random_float()) * 0 + a[0]), {{-2, 2}},
          "0: common random numbers"},
    {"undef", NONE,                                      E(select(a[0] < 9, a[0], undef(a[0].type()))), {{-2, 2}},
          "an update leaves what was there"},
    {"nan", NONE,                                        E(select(a[0] < 9, a[0], cast(a[0].type(), Call::make(Float(32), "nan_f32", {}, Call::PureExtern)))), {{-2, 2}}, ""},
    {"inf", NONE,                                        E(select(a[0] < 9, a[0], cast(a[0].type(), Call::make(Float(32), "inf_f32", {}, Call::PureExtern)))), {{-2, 2}}, ""},
    {"neg_inf", NONE,                                    E(select(a[0] < 9, a[0], cast(a[0].type(), Call::make(Float(32), "neg_inf_f32", {}, Call::PureExtern)))), {{-2, 2}}, ""},
};
// clang-format on

#undef D
#undef E
#undef NONE

template<typename Node>
bool binary(const Expr &e, const char *name, Operation &operation) {
    const Node *node = e.as<Node>();
    if (node) {
        operation = {name, {node->a, node->b}, nullptr};
    }
    return node != nullptr;
}

// The float whose bits `e` scales by a power of two: (bits(x) & ~exponent) | (n << 23), as fast_log does; undefined if
// `e` does not look at the bits of a float.
Expr scaled_float(const Expr &e) {
    const Call *bits = Call::as_intrinsic(e, {Call::bitwise_or});
    const Call *masked = bits ? Call::as_intrinsic(bits->args[0], {Call::bitwise_and}) : nullptr;
    const Internal::Reinterpret *source = masked ? masked->args[0].as<Internal::Reinterpret>() : nullptr;
    const bool is_scaling = source && source->value.type() == Float(32) &&
                            Internal::is_const(masked->args[1], static_cast<int32_t>(0x807fffff)) &&
                            Call::as_intrinsic(bits->args[1], {Call::shift_left}) != nullptr;
    return is_scaling ? source->value : Expr();
}

// The floats whose bits an integer is made from. A cast to an integer is not among them: it has no derivative.
class FindFloatBits : public Internal::IRGraphVisitor {
public:
    Operands sources;

private:
    using Internal::IRGraphVisitor::visit;
    void visit(const Internal::Reinterpret *op) override {
        if (op->value.type().is_float()) {
            sources.push_back(op->value);
        } else {
            Internal::IRGraphVisitor::visit(op);
        }
    }
    void visit(const Internal::Cast *op) override {
        if (!op->value.type().is_float()) {
            Internal::IRGraphVisitor::visit(op);
        }
    }
};

struct RuleRemark final : public Remark {
    explicit RuleRemark(std::shared_ptr<const Rule> rule) : rule(std::move(rule)) {}
    std::shared_ptr<const Rule> rule;
    std::shared_ptr<const Remark> with(std::vector<Internal::Function>) const override {
        return std::make_shared<RuleRemark>(rule);
    }
};

}  // namespace

const std::vector<Rule> &rules() { return table; }

Expr with_rule(const Expr &value, const Operands &operands, Rule rule) {
    return with_remark(value, std::make_shared<RuleRemark>(std::make_shared<const Rule>(std::move(rule))), operands);
}

const Rule *rule_for(const std::string &operation) {
    static const std::map<std::string, const Rule *> by_name = [] {
        std::map<std::string, const Rule *> index;
        for (const Rule &rule : table) {
            index[rule.operation] = &rule;
        }
        return index;
    }();
    const auto it = by_name.find(operation);
    return it == by_name.end() ? nullptr : it->second;
}

Operation operation_of(const Expr &e) {
    using namespace Halide::Internal;
    Operation operation;
    if (binary<Add>(e, "+", operation) || binary<Sub>(e, "-", operation) || binary<Mul>(e, "*", operation) ||
        binary<Div>(e, "/", operation) || binary<Mod>(e, "%", operation) || binary<Min>(e, "min", operation) ||
        binary<Max>(e, "max", operation)) {
        return operation;
    }
    if (const Select *op = e.as<Select>()) {
        return {"select", {op->condition, op->true_value, op->false_value}, nullptr};
    }
    if (const Cast *op = e.as<Cast>()) {
        return {"cast", {op->value}, nullptr};
    }
    if (const Reinterpret *op = e.as<Reinterpret>()) {
        if (Expr source = scaled_float(op->value); source.defined()) {
            return {"reinterpret", {source}, nullptr};
        }
        FindFloatBits bits;
        op->value.accept(&bits);
        return {"bits of a float", bits.sources, nullptr};
    }
    if (const Call *op = e.as<Call>()) {
        const Remarked remarked = remark_on(e);
        if (const auto own = std::dynamic_pointer_cast<const RuleRemark>(remarked.remark)) {
            return {own->rule->operation, remarked.operands, own->rule};
        }
        if (op->is_intrinsic()) {
            return {op->name, op->args, nullptr};
        }
        for (const char *suffix : {"_f16", "_f32", "_f64"}) {
            if (op->call_type == Call::PureExtern && ends_with(op->name, suffix)) {
                return {op->name.substr(0, op->name.size() - 4), op->args, nullptr};
            }
        }
        return {"extern " + op->name, op->args, nullptr};
    }
    return operation;
}

std::string rules_as_markdown() {
    std::ostringstream page;
    page << "# Derivative rules\n\n"
            "Made from the table in `autodiff/rules.cpp`; `./dev update-golden` writes it anew. Operands are a, b, c, "
            "d and "
            "the result is y. An\n"
            "operand without a derivative has an empty field. Every row is tested from the table: first and second "
            "partials in f32 and\n"
            "f64, forward and reverse.\n\n"
            "| operation | by a | by b | by c | by d | convention |\n|---|---|---|---|---|---|\n";
    for (const Rule &rule : table) {
        Operands symbols;
        for (const char *name : {"a", "b", "c", "d"}) {
            // What is a condition or a number of an operand is shown as one.
            const bool is_condition = rule.operation == "select" || rule.operation == "if_then_else";
            const Type type = *name != 'a'              ? Float(64)
                              : is_condition            ? Bool()
                              : rule.operation == "mux" ? Int(32)
                                                        : Float(64);
            symbols.push_back(Internal::Variable::make(type, name));
        }
        std::vector<Partial> partials = rule.partials(symbols, Internal::Variable::make(Float(64), "y"));
        partials.resize(4);
        page << "| `" << rule.operation << "` |";
        for (const Partial &partial : partials) {
            if (partial.coefficient.defined()) {
                page << " `" << sylvite::print(Internal::simplify(partial.coefficient)) << "`";
                if (partial.guard.defined()) {
                    page << " where `" << sylvite::print(Internal::simplify(partial.guard)) << "`";
                }
            }
            page << " |";
        }
        page << " " << rule.convention << " |\n";
    }
    return page.str();
}

}  // namespace sylvite
