#include "frontend/sizes.h"

#include "frontend/graph.h"

#include <limits>
#include <optional>

using namespace Halide::Internal;
using Halide::Expr;

namespace sylvite {

namespace {

// Whether the value is there in int32, whatever it is at run time.
bool fits(const Expr &size, const std::optional<int64_t> &constant) {
    using Limits = std::numeric_limits<int32_t>;
    return constant ? *constant >= Limits::min() && *constant <= Limits::max()
                    : Halide::Int(32).can_represent(size.type());
}

Expr checked(const Expr &size, const std::optional<int64_t> &constant, const std::string &what,
             const std::string &function, const std::string &name) {
    std::ostringstream given;
    given << size;
    _halide_user_assert(fits(size, constant)) << function << " needs " << what << " that an int32 can hold; " << name
                                              << " has " << given.str() << ": cast it to int32 if it is never larger.";
    return Halide::cast<int>(size);
}

bool is_integer(const Expr &e) {
    return e.defined() && (e.type().is_int() || e.type().is_uint()) && e.type().is_scalar();
}

}  // namespace

Expr checked_extent(const Expr &extent, const std::string &function, const std::string &name) {
    _halide_user_assert(is_integer(extent))
        << function << " needs integer extents; " << name << " was given an extent of another type.";
    const auto constant = as_const_int(simplify(extent));
    _halide_user_assert(constant.value_or(0) >= 0)
        << function << " needs extents that are not negative; " << name << " has " << *constant << ".";
    _halide_user_assert(reads_of({extent}).functions.empty())
        << function << " needs extents that are known before the program runs; " << name
        << " has one that reads an array: make it a parameter.";
    return checked(extent, constant, "extents", function, name);
}

Expr checked_count(const Expr &count, const std::string &function, const std::string &name) {
    _halide_user_assert(is_integer(count))
        << function << " needs an integer number of steps; " << name << " was given another type.";
    return checked(count, as_const_int(simplify(count)), "numbers of steps", function, name);
}

std::string text_of(const std::vector<Expr> &extents) {
    std::ostringstream out;
    out << "{";
    for (size_t i = 0; i < extents.size(); i++) {
        out << (i ? ", " : "") << extents[i];
    }
    out << "}";
    return out.str();
}

}  // namespace sylvite
