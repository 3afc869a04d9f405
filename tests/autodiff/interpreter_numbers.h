#pragma once

#include <algorithm>
#include <cmath>
#include <string>

namespace sylvite::testing {

/// A value with its derivative in one direction.
struct Dual {
    double f, d;
};

/// A value with its derivatives in two directions and the second derivative by both.
struct HyperDual {
    double f, d1, d2, d12;
};

/// The largest of a number's parts in absolute value; NaN if one of them is.
inline double size_of(double x) { return std::abs(x); }
inline double size_of(const Dual &x) { return std::max(std::abs(x.f), std::abs(x.d)); }
inline double size_of(const HyperDual &x) {
    return std::max({std::abs(x.f), std::abs(x.d1), std::abs(x.d2), std::abs(x.d12)});
}

/// A function of one real variable, with its first and second derivative, which are told the value too.
struct UnaryFunction {
    const char *name;
    double (*value)(double a);
    double (*first)(double a, double y);
    double (*second)(double a, double y);
};

/// The first and second partial derivatives of a function of two variables.
struct Partials {
    double a, b;
    double aa = 0, ab = 0, bb = 0;
};

/// A function of two real variables.
struct BinaryFunction {
    const char *name;
    double (*value)(double a, double b);
    Partials (*partials)(double a, double b, double y);
};

/// By Halide's name without the type, such as "sin"; null if there is none.
const UnaryFunction *unary_function(const std::string &name);
/// Also "+", "-", "*", "/", "%", "min" and "max".
const BinaryFunction *binary_function(const std::string &name);

// What the interpreter needs of a number type. A tangent that is zero contributes nothing, however large the
// derivative, and so does an operand whose derivative is zero, however large its tangent.

inline double times(double factor, double tangent) { return factor == 0 || tangent == 0 ? 0 : factor * tangent; }

inline double value_of(double x) { return x; }
inline double value_of(const Dual &x) { return x.f; }
inline double value_of(const HyperDual &x) { return x.f; }

inline void set_value(double &x, double value) { x = value; }
inline void set_value(Dual &x, double value) { x.f = value; }
inline void set_value(HyperDual &x, double value) { x.f = value; }

template<typename T>
T constant(double value) {
    T x{};
    set_value(x, value);
    return x;
}

// Adds a share of the derivatives of `x` to those of `sum`.
inline void add_share(double &, double, double) {}
inline void add_share(Dual &sum, double share, const Dual &x) { sum.d += share * x.d; }
inline void add_share(HyperDual &sum, double share, const HyperDual &x) {
    sum.d1 += share * x.d1;
    sum.d2 += share * x.d2;
    sum.d12 += share * x.d12;
}

inline double apply_unary(const UnaryFunction &g, double a) { return g.value(a); }
inline Dual apply_unary(const UnaryFunction &g, const Dual &a) {
    const double y = g.value(a.f);
    return {y, a.d == 0 ? 0 : times(g.first(a.f, y), a.d)};
}
inline HyperDual apply_unary(const UnaryFunction &g, const HyperDual &a) {
    const double y = g.value(a.f);
    if (a.d1 == 0 && a.d2 == 0 && a.d12 == 0) {
        return {y, 0, 0, 0};
    }
    const double first = g.first(a.f, y);
    return {y, times(first, a.d1), times(first, a.d2),
            times(first, a.d12) + times(g.second(a.f, y), times(a.d1, a.d2))};
}

inline double apply_binary(const BinaryFunction &g, double a, double b) { return g.value(a, b); }
inline Dual apply_binary(const BinaryFunction &g, const Dual &a, const Dual &b) {
    const double y = g.value(a.f, b.f);
    const Partials p = g.partials(a.f, b.f, y);
    return {y, times(p.a, a.d) + times(p.b, b.d)};
}
inline HyperDual apply_binary(const BinaryFunction &g, const HyperDual &a, const HyperDual &b) {
    const double y = g.value(a.f, b.f);
    const Partials p = g.partials(a.f, b.f, y);
    return {y, times(p.a, a.d1) + times(p.b, b.d1), times(p.a, a.d2) + times(p.b, b.d2),
            times(p.a, a.d12) + times(p.b, b.d12) + times(p.aa, times(a.d1, a.d2)) +
                times(p.ab, times(a.d1, b.d2) + times(b.d1, a.d2)) + times(p.bb, times(b.d1, b.d2))};
}

}  // namespace sylvite::testing
