#include "interpreter_integers.h"

#include <algorithm>
#include <cmath>

namespace sylvite::testing {

using Halide::Type;

int64_t wrapped(const Type &type, int64_t x) {
    const int unused = 64 - type.bits();
    if (unused == 0) {
        return x;
    }
    const uint64_t high = static_cast<uint64_t>(x) << unused;
    return type.is_int() ? static_cast<int64_t>(high) >> unused : static_cast<int64_t>(high >> unused);
}

namespace {

// Halide's division: the remainder is never negative, and both are 0 for a divisor of 0.
int64_t remainder(int64_t a, int64_t b) {
    if (b == 0 || b == -1) {
        return 0;
    }
    const int64_t r = a % b;
    return r < 0 ? r + std::abs(b) : r;
}
int64_t quotient(int64_t a, int64_t b) { return b == 0 ? 0 : b == -1 ? -a : (a - remainder(a, b)) / b; }

}  // namespace

double rounded(const Type &type, double x) {
    return type.bits() == 64   ? x
           : type.bits() == 32 ? static_cast<double>(static_cast<float>(x))
                               : static_cast<double>(static_cast<float>(Halide::float16_t(x)));
}

int64_t truncated(const Type &type, double x) {
    if (std::isnan(x) || std::abs(x) > 9e18) {
        return 0;
    }
    return wrapped(type, static_cast<int64_t>(x));
}

int64_t integer_operation(Op op, int64_t a, int64_t b) {
    switch (op) {
    case Op::add:
        return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
    case Op::sub:
        return static_cast<int64_t>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
    case Op::mul:
        return static_cast<int64_t>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
    case Op::div:
        return quotient(a, b);
    case Op::mod:
        return remainder(a, b);
    case Op::min:
        return std::min(a, b);
    case Op::max:
        return std::max(a, b);
    case Op::absd:
        return std::max(a, b) - std::min(a, b);
    case Op::div_round_to_zero:
        return b == 0 ? 0 : b == -1 ? -a : a / b;
    case Op::mod_round_to_zero:
        return b == 0 || b == -1 ? 0 : a % b;
    case Op::bit_and:
        return a & b;
    case Op::bit_or:
        return a | b;
    case Op::bit_xor:
        return a ^ b;
    case Op::shift_left:
        return b < 0 ? a >> std::min<int64_t>(-b, 63)
                     : static_cast<int64_t>(static_cast<uint64_t>(a) << std::min<int64_t>(b, 63));
    default:
        return b < 0 ? static_cast<int64_t>(static_cast<uint64_t>(a) << std::min<int64_t>(-b, 63))
                     : a >> std::min<int64_t>(b, 63);
    }
}

}  // namespace sylvite::testing
