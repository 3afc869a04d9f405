#include "interpreter_numbers.h"

#include <cmath>
#include <cstring>
#include <iterator>

namespace sylvite::testing {

namespace {

double none(double, double) { return 0; }

#define F(...) [](double a) -> double { return __VA_ARGS__; }
#define D(...) [](double a, double y) -> double { return (void)a, (void)y, __VA_ARGS__; }

double cube(double x) { return x * x * x; }

// clang-format off
// What each row reads: name, value, first derivative, second derivative.
const UnaryFunction unary_table[] = {
    {"sin",   F(std::sin(a)),   D(std::cos(a)),                      D(-y)},
    {"cos",   F(std::cos(a)),   D(-std::sin(a)),                     D(-y)},
    {"tan",   F(std::tan(a)),   D(1 / (std::cos(a) * std::cos(a))),  D(2 * y / (std::cos(a) * std::cos(a)))},
    {"asin",  F(std::asin(a)),  D(std::pow(1 - a * a, -0.5)),        D(a * std::pow(1 - a * a, -1.5))},
    {"acos",  F(std::acos(a)),  D(-std::pow(1 - a * a, -0.5)),       D(-a * std::pow(1 - a * a, -1.5))},
    {"atan",  F(std::atan(a)),  D(1 / (1 + a * a)),                  D(-2 * a / ((1 + a * a) * (1 + a * a)))},
    {"sinh",  F(std::sinh(a)),  D(std::cosh(a)),                     D(y)},
    {"cosh",  F(std::cosh(a)),  D(std::sinh(a)),                     D(y)},
    {"tanh",  F(std::tanh(a)),  D((1 - y) * (1 + y)),                D(-2 * y * (1 - y) * (1 + y))},
    {"asinh", F(std::asinh(a)), D(std::pow(1 + a * a, -0.5)),        D(-a * std::pow(1 + a * a, -1.5))},
    {"acosh", F(std::acosh(a)), D(std::pow(a * a - 1, -0.5)),        D(-a * std::pow(a * a - 1, -1.5))},
    {"atanh", F(std::atanh(a)), D(1 / (1 - a * a)),                  D(2 * a / ((1 - a * a) * (1 - a * a)))},
    {"exp",   F(std::exp(a)),   D(y),                                D(y)},
    {"log",   F(std::log(a)),   D(1 / a),                            D(-1 / (a * a))},
    {"sqrt",  F(std::sqrt(a)),  D(0.5 / y),                          D(-0.25 / cube(y))},
    {"fast_inverse",      F(1 / a),            D(-1 / (a * a)),      D(2 / cube(a))},
    {"fast_inverse_sqrt", F(1 / std::sqrt(a)), D(-0.5 * cube(y)),    D(0.75 * y * y * cube(y))},
    {"abs",   F(std::abs(a)),   D(a > 0 ? 1.0 : a < 0 ? -1.0 : 0.0), none},
    {"floor", F(std::floor(a)), none, none},
    {"ceil",  F(std::ceil(a)),  none, none},
    {"trunc", F(std::trunc(a)), none, none},
    {"round", F(std::nearbyint(a)), none, none},
};
#undef F
#undef D

#define F(...) [](double a, double b) -> double { return __VA_ARGS__; }
#define P(...)                                                         \
    [](double a, double b, double y) -> Partials {                     \
        return (void)a, (void)b, (void)y, Partials __VA_ARGS__;        \
    }

// Ties of min and max share evenly.
double share(double mine, double other) { return mine < other ? 1 : mine == other ? 0.5 : 0; }

// pow(a, 0) is 1 for all a, and its derivative by a is 0 for b = 0, by b for a = 0.
double power(double a, double b) { return b == 0 ? 1 : std::pow(a, b); }
double logarithm(double a) { return a == 0 ? 0 : std::log(a); }
Partials power_partials(double a, double b, double y) {
    const double by_b = a == 0 ? 0 : y * std::log(a);
    if (b == 0) {
        return {0, by_b, 0, 0, by_b * logarithm(a)};
    }
    return {b * power(a, b - 1), by_b, b == 1 ? 0 : b * (b - 1) * power(a, b - 2),
            power(a, b - 1) * (1 + b * logarithm(a)), by_b * logarithm(a)};
}

Partials atan2_partials(double a, double b, double) {
    const double r = a * a + b * b;
    return {b / r, -a / r, -2 * a * b / (r * r), (a * a - b * b) / (r * r), 2 * a * b / (r * r)};
}

const BinaryFunction binary_table[] = {
    {"+",     F(a + b),                     P({1, 1})},
    {"-",     F(a - b),                     P({1, -1})},
    {"*",     F(a * b),                     P({b, a, 0, 1, 0})},
    {"/",     F(a / b),                     P({1 / b, -y / b, 0, -1 / (b * b), 2 * y / (b * b)})},
    {"%",     F(a - b * std::floor(a / b)), P({1, -std::floor(a / b)})},
    {"min",   F(a < b ? a : b),             P({share(a, b), share(b, a)})},
    {"max",   F(a > b ? a : b),             P({share(b, a), share(a, b)})},
    {"pow",   power,                        power_partials},
    {"atan2", F(std::atan2(a, b)),          atan2_partials},
};
// clang-format on
#undef F
#undef P

template<typename Row, size_t n>
const Row *find(const Row (&table)[n], const std::string &name) {
    for (const Row &row : table) {
        if (name == row.name) {
            return &row;
        }
    }
    return nullptr;
}

}  // namespace

const UnaryFunction *unary_function(const std::string &name) { return find(unary_table, name); }
const BinaryFunction *binary_function(const std::string &name) { return find(binary_table, name); }

}  // namespace sylvite::testing
