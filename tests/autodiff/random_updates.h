#pragma once

#include "random_expression.h"

#include <vector>

namespace sylvite::testing {

/// A Func of which stages are made.
struct Stage {
    Halide::Func f;
    std::vector<Halide::Var> vars;
    std::vector<Index> loops;  ///< its pure variables
    std::vector<Span> box;     ///< where it may be read
    std::vector<Halide::Expr> here() const { return {vars.begin(), vars.end()}; }
};

/// Random update stages: sums, products, maxima, scatters, several values at once, histograms, overwrites, slices, scans of
/// one and two steps, forwards and backwards, wavefronts, sweeps in place, with predicates on variables, data and the Func
/// itself, and domains that may be empty.
class RandomUpdates : public RandomExpressions {
public:
    using RandomExpressions::RandomExpressions;

    /// Adds an update stage, or none where `to` is too small for the one that was chosen.
    void update(Stage &to);

    Halide::RDom domain(int rank);
    /// The loops and those of an RDom.
    static std::vector<Index> with(std::vector<Index> loops, const Halide::RDom &r);

private:
    void restrict(Stage &to, Halide::RDom &r);
    void accumulate(Stage &to, Halide::RDom &r);
    void repeat(Stage &to, Halide::RDom &r);
    void rewrite(Stage &to);
    void scatter(Stage &to, Halide::RDom &r);
    void packet(Stage &to, Halide::RDom &r);
    void histogram(Stage &to, Halide::RDom &r);
    void slice(Stage &to);
    void scan(Stage &to);
    void two_steps(Stage &to);
    void wavefront(Stage &to);
    void sweep(Stage &to);
};

}  // namespace sylvite::testing
