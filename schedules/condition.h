#pragma once

#include "frontend/blocks.h"
#include "schedules/schedule.h"

#include <functional>
#include <stdexcept>

namespace sylvite {

/// A small formula over the sizes of a kernel, as it stands in `specialize n >= 64 && u.extent(0) % 8 == 0`.
/// Operators, loosest first: `||`, `&&`, comparisons, `+ -`, `* / %`, unary `! -`; then integers, names of scalar
/// parameters, `array.extent(d)` of an input or output of the kernel, and parentheses.
struct Formula {
    std::string word;  ///< operator, integer or name; "-1" and "!1" are the unary operators
    int offset = 0;    ///< of the word in the text
    std::vector<Formula> operands;
};

/// What is wrong with a formula, and at which character.
struct FormulaError : std::runtime_error {
    FormulaError(const std::string &what, int offset) : std::runtime_error(what), offset(offset) {}
    int offset;
};

/// Throws FormulaError when the text is no formula, or one of more than 1000 characters.
Formula parse_formula(const std::string &text);

/// Looks up names; throws FormulaError on an unknown one, and on operands of types that do not fit.
using FindName = std::function<Expr(const std::string &name, int offset)>;
Expr to_expr(const Formula &formula, const FindName &find);

}  // namespace sylvite
