#pragma once

#include "autodiff/transpose.h"

namespace sylvite {

/// The last index of a range.
Expr last_of(const Halide::Range &range);

/// int32 Variables of these names.
std::vector<Expr> variables(const std::vector<std::string> &names);

/// How to read a Func, which is right on `box` only, at any place: at `args`, and where `guard` (may be undefined) holds;
/// elsewhere it counts as 0. `domain` bounds the variables of the place.
struct GuardedRead {
    std::vector<Expr> args;
    Expr guard;
};
GuardedRead read_within(const std::vector<Expr> &place, const Halide::Region &box,
                        const Halide::Internal::Scope<Halide::Internal::Interval> &domain);

/// Defines `func(arguments)` as the sum of the contributions: gathers in the pure definition, the rest as updates.
void define_sum(Halide::Func &func, const std::vector<std::string> &arguments, Halide::Type type,
                const std::vector<Contribution> &contributions);

}  // namespace sylvite
