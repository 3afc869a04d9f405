#pragma once

#include "random_choices.h"

#include <Halide.h>

#include <functional>
#include <utility>
#include <vector>

namespace sylvite::testing {

/// The closed range of a dimension.
using Span = std::pair<int, int>;

/// An integer Expr and the range of its values.
struct Index {
    Halide::Expr e;
    int low, high;
    int size() const { return high - low + 1; }
};

/// Something that an expression can read: a value of a stage, or an input.
struct Readable {
    std::function<Halide::Expr(const std::vector<Halide::Expr> &)> read;
    std::vector<Span> box;        ///< where it may be read
    std::vector<Span> *read_box;  ///< grows to what is read; null for stages
};

/// Widens `span` to hold the values of `i`; a span with first > second is empty.
void grow(Span &span, const Index &i);

/// Random expressions of loop variables and of what can be read. The same choices make the same expressions.
class RandomExpressions {
public:
    explicit RandomExpressions(Choices &choices) : choices_(choices) {}

    int pick(int n) { return choices_.pick(n); }
    bool chance(double p) { return choices_.chance(p); }
    double number() { return 0.25 * (1 + pick(7)) * (chance(0.3) ? -1 : 1); }

    /// A value of type double, of at most `depth` nested operations.
    Halide::Expr expression(const std::vector<Index> &loops, int depth);
    /// A read or a constant.
    Halide::Expr leaf(const std::vector<Index> &loops);
    Halide::Expr read(const Readable &from, const std::vector<Index> &loops);
    /// An integer of the loop variables, or of data, within `range`.
    Index index_within(const std::vector<Index> &loops, const Span &range);

    /// Forgets the subexpressions that later ones share: their loop variables may be unknown there.
    void start_stage() { shared_.clear(); }

    std::vector<Readable> readable;

private:
    Choices &choices_;
    std::vector<Halide::Expr> shared_;

    Index index(const std::vector<Index> &loops, int depth);
    Index fit(const Index &i, const Span &range);
    Halide::Expr table(const std::vector<Index> &loops);
    Halide::Expr condition_on(const std::vector<Index> &loops);
    Halide::Expr condition(const std::vector<Index> &loops, int depth);
    Halide::Expr operation(const std::vector<Index> &loops, int depth);
};

/// A constant of type double.
Halide::Expr real(double value);

}  // namespace sylvite::testing
