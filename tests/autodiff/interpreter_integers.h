#pragma once

#include "interpreter_tape.h"

namespace sylvite::testing {

// Integers of all types are kept in 64 bits.

/// `x` as the type holds it.
int64_t wrapped(const Halide::Type &type, int64_t x);
/// A float as a type of floats holds it.
double rounded(const Halide::Type &type, double x);
/// A float as an integer, towards zero.
int64_t truncated(const Halide::Type &type, double x);

/// An operation of Op on two integers.
int64_t integer_operation(Op op, int64_t a, int64_t b);

/// A comparison of Op.
template<typename A>
bool compare(Op op, A a, A b) {
    switch (op) {
    case Op::eq:
        return a == b;
    case Op::ne:
        return a != b;
    case Op::lt:
        return a < b;
    case Op::le:
        return a <= b;
    case Op::gt:
        return a > b;
    default:
        return a >= b;
    }
}

}  // namespace sylvite::testing
