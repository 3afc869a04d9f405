#pragma once

#include <Halide.h>

#include <string>
#include <vector>

namespace sylvite {

using Halide::Expr;

/// One loop of an iteration domain: `min <= name < min + extent`, all independent of the other loops.
struct LoopDim {
    std::string name;
    Expr min, extent;
    bool is_reduction = false;
};

/// For all points of `domain` where `guard` holds (undefined: everywhere): target[index] += value. `index`, `guard` and
/// `value` are Exprs over the names in `domain`.
struct ScatterAdd {
    std::vector<LoopDim> domain;
    std::vector<Expr> index;
    Expr guard;
    Expr value;
};

/// The same sum as a definition of Halide's: target(index) += value over the reduction `domain`, for all values of the
/// target's pure variables. An index argument that is the pure variable of its dimension makes that dimension a gather.
struct Contribution {
    std::vector<LoopDim> domain;  ///< reduction loops; empty if each element is given directly
    std::vector<Expr> index;
    Expr value;              ///< 0 where nothing is added; reads only inside the domain of the ScatterAdd
    bool is_gather = false;  ///< all of `index` are the target's pure variables
};

/// Turns a scatter into gathers wherever the index map can be inverted.
///
/// All index arguments are solved together: clamps, selects, min and max are split into cases, x / c and x % c are
/// written as x = c q + m, then the integer affine system is eliminated. Solved dimensions become pure variables
/// `pure[d]`, what remains of the domain becomes a reduction, divisibility and bounds become guards; dimensions whose
/// index depends on data stay scatters. `box` is the region {min, extent} of the target; nothing is added outside.
/// Cost: the contributions together have as many terms as the scatter, except for guards that fail.
std::vector<Contribution> scatter_to_gather(const ScatterAdd &scatter, const std::vector<std::string> &pure,
                                            const Halide::Region &box);

}  // namespace sylvite
