#include "frontend/random.h"

using namespace Halide;

namespace sylvite {

namespace {

// The second word of the counters by which keys are made; indices, which are not negative, have others.
constexpr uint32_t counter_of_keys = 0x80000000u;

Expr word(uint32_t value) { return Internal::make_const(UInt(32), value); }

Expr rotated(const Expr &x, int by) { return (x << word(by)) | (x >> word(32 - by)); }

std::array<Expr, 2> threefry(const RandomKey &key, const Expr &counter_high, const Expr &counter_low) {
    constexpr int rounds = 20;
    constexpr int rotations[] = {13, 15, 26, 6, 17, 29, 16, 24};
    const Expr keys[] = {key.high, key.low, word(0x1BD11BDAu) ^ key.high ^ key.low};
    Expr a = counter_high + keys[0], b = counter_low + keys[1];
    for (int round = 1; round <= rounds; round++) {
        a = a + b;
        b = rotated(b, rotations[(round - 1) % 8]) ^ a;
        if (round % 4 == 0) {
            const int injection = round / 4;
            a = a + keys[injection % 3];
            b = b + keys[(injection + 1) % 3] + word(injection);
        }
    }
    return {a, b};
}

Expr as_word(const Expr &e, const char *function) {
    const bool is_integer = e.defined() && (e.type().is_int() || e.type().is_uint()) && e.type().is_scalar();
    _halide_user_assert(is_integer && e.type().bits() <= 32)
        << function << " needs integers of at most 32 bits; it was given "
        << (e.defined() ? "another type: cast it" : "an undefined Expr") << ".";
    return cast<uint32_t>(e);
}

void check_float(Type type, const char *function) {
    _halide_user_assert(type == Float(16) || type == Float(32) || type == Float(64))
        << function << " needs a float type of 16, 32 or 64 bits; it was given " << type << ".";
}

// The highest `bits` bits of a word as a fraction, exact where the type holds so many.
Expr fraction(Type type, const Expr &random, int bits) {
    return cast(type, random >> word(32 - bits)) * Internal::make_const(type, std::ldexp(1.0, -bits));
}

}  // namespace

RandomKey random_key(const Expr &seed) {
    const bool is_integer =
        seed.defined() && (seed.type().is_int() || seed.type().is_uint()) && seed.type().is_scalar();
    _halide_user_assert(is_integer) << "random_key() needs an integer; it was given "
                                    << (seed.defined() ? "another type: cast it" : "an undefined Expr") << ".";
    const bool is_long = seed.type().bits() == 64;
    return {is_long ? cast<uint32_t>(cast<uint64_t>(seed) >> 32) : word(0), cast<uint32_t>(seed)};
}

RandomKey fold_in(const RandomKey &key, const Expr &item) {
    const auto [high, low] = threefry(key, as_word(item, "fold_in()"), word(counter_of_keys));
    return {high, low};
}

std::vector<RandomKey> split(const RandomKey &key, int n) {
    std::vector<RandomKey> keys;
    for (int i = 0; i < n; i++) {
        keys.push_back(fold_in(key, i));
    }
    return keys;
}

std::array<Expr, 2> random_words(const RandomKey &key, const std::vector<Expr> &index) {
    const auto at = [&](size_t i) { return i < index.size() ? as_word(index[i], "random_words()") : word(0); };
    RandomKey folded = key;
    for (size_t i = 2; i < index.size(); i++) {
        folded = fold_in(folded, at(i));
    }
    return threefry(folded, at(0), at(1));
}

Expr random_bits(const RandomKey &key, const std::vector<Expr> &index) { return random_words(key, index)[0]; }

Expr random_uniform(Type type, const RandomKey &key, const std::vector<Expr> &index) {
    check_float(type, "random_uniform()");
    const auto [first, second] = random_words(key, index);
    switch (type.bits()) {
    case 16:
        return fraction(type, first, 11);
    case 32:
        return fraction(type, first, 24);
    default:
        return fraction(type, first, 32) +
               fraction(type, second, 21) * Internal::make_const(type, std::ldexp(1.0, -32));
    }
}

Expr random_normal(Type type, const RandomKey &key, const std::vector<Expr> &index) {
    check_float(type, "random_normal()");
    const Type inner = type.bits() == 64 ? type : Float(32);
    const int bits = inner.bits() == 64 ? 32 : 24;
    const auto [first, second] = random_words(key, index);
    // In (0, 1], for the logarithm.
    const Expr u = fraction(inner, first, bits) + Internal::make_const(inner, std::ldexp(1.0, -bits));
    const Expr angle = fraction(inner, second, bits) * Internal::make_const(inner, 2 * M_PI);
    return cast(type, sqrt(Internal::make_const(inner, -2) * log(u)) * cos(angle));
}

Expr random_integer(const RandomKey &key, const std::vector<Expr> &index, const Expr &low, const Expr &high) {
    as_word(low, "random_integer()");
    as_word(high, "random_integer()");
    const Expr first = cast<int32_t>(low);
    const Expr count = cast<uint32_t>(max(cast<int64_t>(high) - cast<int64_t>(low), 0));
    // The high word of the product, which is below count.
    const Expr scaled = cast<uint32_t>((cast<uint64_t>(random_bits(key, index)) * cast<uint64_t>(count)) >> 32);
    return cast<int32_t>(cast<uint32_t>(first) + scaled);
}

}  // namespace sylvite
