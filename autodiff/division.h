#pragma once

#include <Halide.h>

#include <set>
#include <string>

namespace sylvite {

using Halide::Expr;

/// numerator / denominator and numerator % denominator, of an index.
struct Division {
    Expr numerator;
    int denominator = 0;  ///< 0: there is none
};

/// The first x / c or x % c in `e`, innermost first, where c > 0 is a constant and x uses any of `variables`.
Division first_division(const Expr &e, const std::set<std::string> &variables);

/// `e` with all quotients and remainders of `division` replaced.
Expr replace_division(const Expr &e, const Division &division, const Expr &quotient, const Expr &remainder);

}  // namespace sylvite
