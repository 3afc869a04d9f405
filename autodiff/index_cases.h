#pragma once

#include <Halide.h>

#include <map>
#include <set>
#include <string>
#include <vector>

namespace sylvite {

using Halide::Expr;

/// The closed range of a loop.
struct LoopRange {
    Expr min, max;
    bool is_reduction = false;
};

/// Loops by name; all run independently of one another.
using LoopRanges = std::map<std::string, LoopRange>;

std::set<std::string> names_of(const LoopRanges &loops);
Halide::Internal::Scope<Halide::Internal::Interval> bounds_of(const LoopRanges &loops);

/// An index map on a part of an iteration domain: where `guards` hold, iteration i of `domain` goes to `index`(i).
struct IndexCase {
    LoopRanges domain;
    std::vector<Expr> index;
    std::vector<Expr> guards;  ///< what the domain does not express
};

/// Splits an index map into disjoint cases whose indices have no min, max and select that depend on the loops: one case
/// for each choice of arms, on the part of the domain where it is made. Conditions on one loop become bounds of it, all
/// others stay guards. `guard` (undefined: true) limits the whole. Cases that are empty are left out.
///
/// Indices that depend on data are left as they are, and so are all beyond 128 cases: what solves the cases must do
/// with indices that it cannot invert.
std::vector<IndexCase> index_cases(const IndexCase &whole, const Expr &guard);

/// Whether `e` reads a Func or buffer.
bool reads_data(const Expr &e);

}  // namespace sylvite
