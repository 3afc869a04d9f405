#pragma once

#include <Halide.h>

#include <map>
#include <set>
#include <string>

namespace sylvite {

using Halide::Expr;

/// An integer Expr as `sum_v coefficient[v] * v + rest`, where `rest` does not use the variables.
struct Affine {
    std::map<std::string, int64_t> coefficient;  ///< no zeros
    Expr rest;

    Expr expr() const;
    /// The same without variable `name`.
    Affine without(const std::string &name) const;
};

/// Whether `e` is affine in `variables`, and its form if so.
bool as_affine(const Expr &e, const std::set<std::string> &variables, Affine &result);

/// Whether `e` uses any of `variables`.
bool uses_any(const Expr &e, const std::set<std::string> &variables);

/// Removes likely() and promises, and expands Lets.
Expr plain_index(const Expr &e);

}  // namespace sylvite
