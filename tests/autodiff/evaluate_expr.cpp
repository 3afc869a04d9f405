#include "evaluate_expr.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <stdexcept>

namespace sylvite::testing {

using namespace Halide::Internal;
using Halide::Type;

namespace {

constexpr long double infinity = std::numeric_limits<long double>::infinity();
constexpr long double nan = std::numeric_limits<long double>::quiet_NaN();

using Unary = long double (*)(long double);
const std::map<std::string, Unary> unary = {
    {"sqrt", [](long double x) { return std::sqrt(x); }},
    {"fast_inverse", [](long double x) { return 1 / x; }},
    {"fast_inverse_sqrt", [](long double x) { return 1 / std::sqrt(x); }},
    {"exp", [](long double x) { return std::exp(x); }},
    {"log", [](long double x) { return std::log(x); }},
    {"sin", [](long double x) { return std::sin(x); }},
    {"cos", [](long double x) { return std::cos(x); }},
    {"tan", [](long double x) { return std::tan(x); }},
    {"asin", [](long double x) { return std::asin(x); }},
    {"acos", [](long double x) { return std::acos(x); }},
    {"atan", [](long double x) { return std::atan(x); }},
    {"sinh", [](long double x) { return std::sinh(x); }},
    {"cosh", [](long double x) { return std::cosh(x); }},
    {"tanh", [](long double x) { return std::tanh(x); }},
    {"asinh", [](long double x) { return std::asinh(x); }},
    {"acosh", [](long double x) { return std::acosh(x); }},
    {"atanh", [](long double x) { return std::atanh(x); }},
    {"floor", [](long double x) { return std::floor(x); }},
    {"ceil", [](long double x) { return std::ceil(x); }},
    {"trunc", [](long double x) { return std::trunc(x); }},
    {"round", [](long double x) { return std::nearbyint(x); }},
};
using Binary = long double (*)(long double, long double);
const std::map<std::string, Binary> binary = {
    {"pow", [](long double x, long double y) { return std::pow(x, y); }},
    {"atan2", [](long double y, long double x) { return std::atan2(y, x); }},
};
const std::map<std::string, long double> constants = {
    {"random", 0.37L}, {"halide_print", 0.0L}, {"nan", nan}, {"inf", infinity}, {"neg_inf", -infinity}};

int64_t wrap(int64_t value, Type type) {
    if (type.bits() == 64) {
        return value;
    }
    const int64_t modulus = int64_t(1) << type.bits(), rest = ((value % modulus) + modulus) % modulus;
    return type.is_int() && rest >= modulus / 2 ? rest - modulus : rest;
}

// Rounds down, and is 0 for division by zero.
int64_t divide(int64_t a, int64_t b) {
    if (b == 0) {
        return 0;
    }
    const int64_t rest = ((a % b) + std::abs(b)) % std::abs(b);
    return (a - rest) / b;
}

std::string without_type(const std::string &name) {
    for (const char *suffix : {"_f16", "_f32", "_f64"}) {
        if (ends_with(name, suffix)) {
            return name.substr(0, name.size() - 4);
        }
    }
    return name;
}

template<typename To, typename From>
To same_bits(From from) {
    static_assert(sizeof(To) == sizeof(From));
    To to;
    std::memcpy(&to, &from, sizeof(to));
    return to;
}

}  // namespace

Value ExprProgram::round(Value value, Type type) const {
    if (!type.is_float()) {
        value.integer = wrap(value.integer, type);
    } else if (!is_exact_) {
        value.real = type.bits() == 64   ? static_cast<double>(value.real)
                     : type.bits() == 32 ? static_cast<float>(value.real)
                                         : static_cast<double>(Halide::float16_t(static_cast<double>(value.real)));
    }
    return value;
}

int ExprProgram::add(const Halide::Expr &e) {
    held_.push_back(e);  // nodes are known by their addresses
    return number_of(e);
}

int ExprProgram::number_of(const Halide::Expr &e) {
    const auto *const key = static_cast<const BaseExprNode *>(e.get());
    if (const auto it = numbers_.find(key); it != numbers_.end()) {
        return it->second;
    }
    Node node{key, nullptr, e.type(), {}, {}, {}};
    std::vector<Halide::Expr> operands;
    const auto two = [&](const auto *op, auto compute) {
        if (op) {
            operands = {op->a, op->b};
            node.compute = compute;
        }
    };
    if (e.as<IntImm>() || e.as<UIntImm>() || e.as<FloatImm>() || e.as<StringImm>()) {
        node.compute = &ExprProgram::constant;
    } else if (const auto *v = e.as<Variable>()) {
        const bool is_parameter = v->param.defined() || v->image.defined();
        node.compute = is_parameter ? &ExprProgram::parameter : &ExprProgram::variable;
        if (!is_parameter) {
            node.slot = slots_.emplace(v->name, static_cast<int>(slots_.size())).first->second;
            variables_.resize(slots_.size());
        }
    } else if (const auto *c = e.as<Cast>()) {
        operands = {c->value};
        node.compute = &ExprProgram::cast;
    } else if (const auto *r = e.as<Reinterpret>()) {
        operands = {r->value};
        node.compute = &ExprProgram::reinterpret;
    } else if (const auto *n = e.as<Not>()) {
        operands = {n->a};
        node.compute = &ExprProgram::condition;
    } else if (const auto *s = e.as<Select>()) {
        operands = {s->condition, s->true_value, s->false_value};
        node.compute = &ExprProgram::select;
    } else if (const auto *call = e.as<Call>()) {
        operands = call->args;
        set_up_call(node, call);
        if (node.function == "require") {
            operands.pop_back();  // what is done if it fails
        } else if (constants.count(node.function)) {
            operands.clear();
        }
    } else {
        const auto either = [&](auto compute, auto... kinds) { (two(e.as<decltype(kinds)>(), compute), ...); };
        either(&ExprProgram::arithmetic, Add(), Sub(), Mul(), Div(), Mod(), Min(), Max());
        either(&ExprProgram::comparison, EQ(), NE(), LT(), LE(), GT(), GE());
        either(&ExprProgram::condition, And(), Or());
    }
    if (!node.compute) {
        throw std::runtime_error("the evaluator does not know " + node.function + ", a node of type " +
                                 std::to_string(static_cast<int>(key->node_type)));
    }
    for (const Halide::Expr &operand : operands) {
        node.operands.push_back(number_of(operand));
        node.operand_type = operand.type();
    }
    if (!operands.empty() && !e.as<Select>()) {
        node.operand_type = operands[0].type();
    }
    nodes_.push_back(node);
    return numbers_[key] = static_cast<int>(nodes_.size()) - 1;
}

void ExprProgram::set_up_call(Node &node, const Call *call) {
    static const std::map<std::string, Value (ExprProgram::*)(const Node &)> special = {
        {"if_then_else", &ExprProgram::select},
        {"mux", &ExprProgram::mux},
        {"undef", &ExprProgram::undefined},
        {"lerp", &ExprProgram::lerp},
        {"abs", &ExprProgram::absolute},
        {"likely", &ExprProgram::first},
        {"likely_if_innermost", &ExprProgram::first},
        {"promise_clamped", &ExprProgram::first},
        {"unsafe_promise_clamped", &ExprProgram::first},
        {"memoize_expr", &ExprProgram::first},
        {"saturating_cast", &ExprProgram::cast},
        {"require", &ExprProgram::second},
        {"return_second", &ExprProgram::second},
        {"bitwise_and", &ExprProgram::bits},
        {"bitwise_or", &ExprProgram::bits},
        {"bitwise_xor", &ExprProgram::bits},
        {"shift_left", &ExprProgram::bits},
        {"shift_right", &ExprProgram::bits},
        {"strict_add", &ExprProgram::arithmetic},
        {"strict_sub", &ExprProgram::arithmetic},
        {"strict_mul", &ExprProgram::arithmetic},
        {"strict_div", &ExprProgram::arithmetic},
        {"strict_min", &ExprProgram::arithmetic},
        {"strict_max", &ExprProgram::arithmetic},
        {"strict_eq", &ExprProgram::comparison},
        {"strict_lt", &ExprProgram::comparison},
        {"strict_le", &ExprProgram::comparison},
    };
    node.function = without_type(call->name);
    if (call->call_type == Call::Halide || call->call_type == Call::Image) {
        node.compute = &ExprProgram::read;
    } else if (const auto it = special.find(node.function); it != special.end() && call->is_intrinsic()) {
        node.compute = it->second;
    } else if (unary.count(node.function) || binary.count(node.function) || constants.count(node.function)) {
        node.compute = &ExprProgram::function;
    }
}

void ExprProgram::set_variable(const std::string &name, int value) {
    if (const auto it = slots_.find(name); it != slots_.end()) {
        variables_[it->second] = value;
    }
}

Value ExprProgram::value(int number) {
    Node &node = nodes_[number];
    if (node.epoch != epoch_) {
        node.value = (this->*node.compute)(node);
        node.epoch = epoch_;
    }
    return node.value;
}

Value ExprProgram::constant(const Node &node) {
    switch (node.expr->node_type) {
    case IRNodeType::IntImm:
        return {0, static_cast<const IntImm *>(node.expr)->value};
    case IRNodeType::UIntImm:
        return {0, static_cast<int64_t>(static_cast<const UIntImm *>(node.expr)->value)};
    case IRNodeType::FloatImm:
        return {static_cast<const FloatImm *>(node.expr)->value, 0};
    default:
        return {};  // texts, which are printed only
    }
}

Value ExprProgram::variable(const Node &node) { return {0, variables_[node.slot]}; }

Value ExprProgram::parameter(const Node &node) {
    return round(lookup_(static_cast<const Variable *>(node.expr)), node.type);
}

Value ExprProgram::cast(const Node &node) {
    const Value from = of(node, 0);
    if (node.type.is_bool()) {
        return {0, node.operand_type.is_float() ? from.real != 0 : from.integer != 0};
    }
    if (node.operand_type.is_float()) {
        if (node.type.is_float()) {
            return round(from, node.type);
        }
        const auto whole = static_cast<int64_t>(from.real);
        if (node.function == "saturating_cast") {
            const int64_t low = node.type.is_int() ? -(int64_t(1) << (node.type.bits() - 1)) : 0;
            const int64_t high = (int64_t(1) << (node.type.bits() - node.type.is_int())) - 1;
            return {0, std::min(std::max(whole, low), high)};
        }
        return round({0, whole}, node.type);
    }
    return round(node.type.is_float() ? Value{static_cast<long double>(from.integer), 0} : from, node.type);
}

Value ExprProgram::reinterpret(const Node &node) {
    const Value from = of(node, 0);
    if (node.type.bits() == 32 && node.operand_type.is_float() && !node.type.is_float()) {
        return round({0, same_bits<int32_t>(static_cast<float>(from.real))}, node.type);
    }
    if (node.type.bits() == 32 && node.type.is_float() && !node.operand_type.is_float()) {
        return {same_bits<float>(static_cast<int32_t>(from.integer)), 0};
    }
    if (node.type.is_float() == node.operand_type.is_float()) {
        return round(from, node.type);
    }
    throw std::runtime_error("the evaluator reinterprets floats of 32 bits only");
}

Value ExprProgram::arithmetic(const Node &node) {
    const Value a = of(node, 0), b = of(node, 1);
    const long double x = a.real, y = b.real;
    const int64_t i = a.integer, j = b.integer;
    const std::string &name = node.function;
    Value result;
    if (node.expr->node_type == IRNodeType::Add || name == "strict_add") {
        result = {x + y, i + j};
    } else if (node.expr->node_type == IRNodeType::Sub || name == "strict_sub") {
        result = {x - y, i - j};
    } else if (node.expr->node_type == IRNodeType::Mul || name == "strict_mul") {
        result = {x * y, i * j};
    } else if (node.expr->node_type == IRNodeType::Div || name == "strict_div") {
        result = node.type.is_float() ? Value{x / y, 0} : Value{0, divide(i, j)};
    } else if (node.expr->node_type == IRNodeType::Mod) {
        result = node.type.is_float() ? Value{x - y * std::floor(x / y), 0} : Value{0, j ? i - j * divide(i, j) : 0};
    } else if (node.expr->node_type == IRNodeType::Min || name == "strict_min") {
        result = {x < y ? x : y, std::min(i, j)};
    } else {
        result = {x > y ? x : y, std::max(i, j)};
    }
    return round(result, node.type);
}

Value ExprProgram::comparison(const Node &node) {
    const Value a = of(node, 0), b = of(node, 1);
    const auto holds = [&](auto x, auto y) {
        switch (node.expr->node_type) {
        case IRNodeType::EQ:
            return x == y;
        case IRNodeType::NE:
            return x != y;
        case IRNodeType::LT:
            return x < y;
        case IRNodeType::LE:
            return x <= y;
        case IRNodeType::GT:
            return x > y;
        case IRNodeType::GE:
            return x >= y;
        default:
            return node.function == "strict_eq" ? x == y : node.function == "strict_lt" ? x < y : x <= y;
        }
    };
    return {0, node.operand_type.is_float() ? holds(a.real, b.real) : holds(a.integer, b.integer)};
}

Value ExprProgram::condition(const Node &node) {
    const bool a = of(node, 0).integer != 0;
    if (node.expr->node_type == IRNodeType::Not) {
        return {0, !a};
    }
    return a == (node.expr->node_type == IRNodeType::Or) ? Value{0, a} : of(node, 1);
}

Value ExprProgram::select(const Node &node) {
    const bool chosen = of(node, 0).integer != 0;
    return chosen ? of(node, 1) : node.operands.size() > 2 ? of(node, 2) : Value();
}

Value ExprProgram::mux(const Node &node) {
    const int64_t which = of(node, 0).integer, last = static_cast<int64_t>(node.operands.size()) - 2;
    return of(node, 1 + static_cast<int>(which < 0 || which > last ? last : which));
}

Value ExprProgram::first(const Node &node) { return of(node, 0); }
Value ExprProgram::second(const Node &node) { return of(node, 1); }

Value ExprProgram::lerp(const Node &node) {
    const auto *call = static_cast<const Call *>(node.expr);
    const Type type = call->args[2].type();
    const Value w = of(node, 2);
    const long double weight =
        type.is_float() ? w.real : static_cast<long double>(w.integer) / (std::ldexp(1.0L, type.bits()) - 1);
    return round({of(node, 0).real * (1 - weight) + of(node, 1).real * weight, 0}, node.type);
}

Value ExprProgram::absolute(const Node &node) {
    const Value a = of(node, 0);
    return {std::abs(a.real), std::abs(a.integer)};
}

Value ExprProgram::bits(const Node &node) {
    const int64_t a = of(node, 0).integer, b = of(node, 1).integer;
    const int64_t result = node.function == "bitwise_and"   ? a & b
                           : node.function == "bitwise_or"  ? a | b
                           : node.function == "bitwise_xor" ? a ^ b
                           : node.function == "shift_left"  ? a * (int64_t(1) << b)
                                                            : a >> b;
    return round({0, result}, node.type);
}

Value ExprProgram::function(const Node &node) {
    if (const auto it = constants.find(node.function); it != constants.end()) {
        return {it->second, 0};
    }
    const long double a = of(node, 0).real;
    const auto it = unary.find(node.function);
    return round({it != unary.end() ? it->second(a) : binary.at(node.function)(a, of(node, 1).real), 0}, node.type);
}

Value ExprProgram::undefined(const Node &) { throw Undefined(); }

Value ExprProgram::read(const Node &node) {
    std::vector<int> place;
    for (const int operand : node.operands) {
        place.push_back(static_cast<int>(value(operand).integer));
    }
    return read_(static_cast<const Call *>(node.expr), place);
}

}  // namespace sylvite::testing
