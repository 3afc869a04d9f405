#pragma once

#include "evaluate.h"

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace sylvite::testing {

/// A Func to differentiate in every way: out = build(in) on `box`, for an `in` of any float type.
struct Subject {
    std::string name;
    std::vector<int> in_sizes;
    std::vector<std::pair<int, int>> box;  ///< {min, extent} of the output
    std::function<Func(Func in)> build;
    /// Where the element at a place is drawn from.
    std::function<std::pair<double, double>(const std::vector<int> &place)> drawn_from;
    int in_min = 0;
    std::function<Func(Func in)> exact = nullptr;  ///< what `build` approximates, up to `error`
    double error = 0;
};

/// A way to take a derivative of some order: the modes in the order in which they are applied, "fr" is reverse over
/// forward. `derivative` and `difference` are of a random sum of the output's elements, along one random direction for
/// each mode, which is the same number for all nestings of an order.
struct Cell {
    std::string nesting;
    long double derivative;  ///< computed in the type
    long double unrounded;   ///< the same Funcs in long double
    long double difference;  ///< by central differences in long double
    long double size;        ///< of what is summed up
};

/// All nestings up to `order`, 2 + 4 + 8 for 3, with floats of type `type`. Throws what building them throws; and
/// std::runtime_error if differences of different steps disagree.
std::vector<Cell> differentiate_in_every_way(const Subject &subject, Halide::Type type, int order, unsigned seed);

}  // namespace sylvite::testing
