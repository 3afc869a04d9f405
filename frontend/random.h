#pragma once

#include "frontend/array.h"

namespace sylvite {

/// What a stream of random numbers follows from: two words of 32 bits, which may depend on anything that an Expr can.
///
/// Numbers are a function of a key and an index and of nothing else, so that they are the same for any schedule and
/// number of threads, in the derivative as in the primal, and on every target. They come from Threefry-2x32 with 20
/// rounds (Salmon et al., Parallel Random Numbers: As Easy as 1, 2, 3, 2011), which uses additions, rotations and
/// exclusive ors only. Cost: about 75 integer operations a number.
struct RandomKey {
    Expr high, low;  ///< uint32
};

/// The key for a seed, an integer Expr of at most 64 bits: a constant, a Param, or an element of an Array.
RandomKey random_key(const Expr &seed);

/// A key for item `item`, an integer Expr of at most 32 bits, of what `key` is for, as the steps of a loop: its numbers
/// have nothing to do with those of `key` and of other items.
RandomKey fold_in(const RandomKey &key, const Expr &item);

/// `n` keys that have nothing to do with one another.
std::vector<RandomKey> split(const RandomKey &key, int n);

/// Two words of 32 random bits for an index: as many integer Exprs, none negative, as one likes.
std::array<Expr, 2> random_words(const RandomKey &key, const std::vector<Expr> &index);

/// 32 random bits, a uint32.
Expr random_bits(const RandomKey &key, const std::vector<Expr> &index);

/// Uniform in [0, 1): a multiple of 2^-24 for float, of 2^-53 for double, of 2^-11 for float16. Throws
/// Halide::CompileError for other types.
Expr random_uniform(Type type, const RandomKey &key, const std::vector<Expr> &index);
template<typename T>
Expr random_uniform(const RandomKey &key, const std::vector<Expr> &index) {
    return random_uniform(Halide::type_of<T>(), key, index);
}

/// Normal with mean 0 and variance 1, by Box and Muller from two words; at most 6.7 in absolute value. Equal on all
/// targets but for how they round log, sqrt and cos. Types are those of random_uniform.
Expr random_normal(Type type, const RandomKey &key, const std::vector<Expr> &index);
template<typename T>
Expr random_normal(const RandomKey &key, const std::vector<Expr> &index) {
    return random_normal(Halide::type_of<T>(), key, index);
}

/// An int32 in [low, high), of which each value is as likely as the others to within 2^-32. Where high <= low it is low.
Expr random_integer(const RandomKey &key, const std::vector<Expr> &index, const Expr &low, const Expr &high);

}  // namespace sylvite
