#include "random_expression.h"

#include <algorithm>

namespace sylvite::testing {

using namespace Halide;

namespace {

int floor_div(int a, int c) { return a >= 0 ? a / c : -((-a + c - 1) / c); }

}  // namespace

Expr real(double value) { return Internal::make_const(Float(64), value); }

void grow(Span &span, const Index &i) {
    span = span.first > span.second ? Span{i.low, i.high}
                                    : Span{std::min(span.first, i.low), std::max(span.second, i.high)};
}

// An integer expression of loop variables.
Index RandomExpressions::index(const std::vector<Index> &loops, int depth) {
    if (loops.empty() || chance(0.06)) {
        const int c = pick(9) - 3;
        return {c, c, c};
    }
    const Index i = loops[static_cast<size_t>(pick(static_cast<int>(loops.size())))];
    switch (depth > 0 ? pick(12) : 0) {
    case 0:
    case 1:
    case 2:
    case 3:
        return i;
    case 4: {
        const int c = 2 + pick(2);
        return {i.e * c, i.low * c, i.high * c};
    }
    case 5: {
        const int c = 1 + pick(2);
        return {i.e * -c, -c * i.high, -c * i.low};
    }
    case 6: {
        const int c = 2 + pick(2);
        const Index j = index(loops, depth - 1);
        return {j.e / c, floor_div(j.low, c), floor_div(j.high, c)};
    }
    case 7: {
        const int c = 2 + pick(3);
        const Index j = index(loops, depth - 1);
        return {j.e % c, 0, c - 1};
    }
    case 8: {
        const Index j = index(loops, depth - 1);
        return {i.e + j.e, i.low + j.low, i.high + j.high};
    }
    case 9: {
        const Index j = index(loops, depth - 1);
        return {i.e - j.e, i.low - j.high, i.high - j.low};
    }
    case 10: {
        const Index j = index(loops, depth - 1), k = index(loops, depth - 1);
        return {select(condition_on(loops), j.e, k.e), std::min(j.low, k.low), std::max(j.high, k.high)};
    }
    default: {
        const Index j = index(loops, depth - 1);
        const int c = i.low + pick(i.size());
        return chance(0.5) ? Index{min(j.e, c), std::min(j.low, c), std::min(j.high, c)}
                           : Index{max(j.e, c), std::max(j.low, c), std::max(j.high, c)};
    }
    }
}

// The index moved, clamped or wrapped into a range.
Index RandomExpressions::fit(const Index &i, const Span &range) {
    const int size = range.second - range.first + 1;
    if (i.size() <= size) {
        const int shift = range.first - i.low + pick(size - i.size() + 1);
        return shift == 0 ? i : Index{i.e + shift, i.low + shift, i.high + shift};
    }
    if (chance(0.5)) {
        return {clamp(i.e, range.first, range.second), range.first, range.second};
    }
    return {i.e % size + range.first, range.first, range.second};
}

Index RandomExpressions::index_within(const std::vector<Index> &loops, const Span &range) {
    if (chance(0.08)) {  // data
        const Expr data = chance(0.7) ? table(loops) : cast<int>(floor(leaf(loops) * 4));
        return {clamp(data, range.first, range.second), range.first, range.second};
    }
    return fit(index(loops, 2), range);
}

// Integers that a Func holds.
Expr RandomExpressions::table(const std::vector<Index> &loops) {
    Func table("table");
    Var i("i"), j("j");
    const int offset = pick(5), size = 2 + pick(6);
    table(i, j) = (i * 7 + j * 3 + offset) % size - 1;
    const Index at = index(loops, 1), other = index(loops, 1);
    return table(at.e, other.e);
}

Expr RandomExpressions::condition_on(const std::vector<Index> &loops) {
    const Index &i = loops[static_cast<size_t>(pick(static_cast<int>(loops.size())))];
    switch (pick(5)) {
    case 0:
        return i.e % 2 == 0;
    case 1:
        return i.e == i.low + pick(i.size());
    case 2:
        return i.e >= loops[0].e;
    case 3:
        return i.e < i.low + pick(i.size()) || i.e > i.high - pick(2);
    default:
        return i.e <= i.low + pick(i.size());
    }
}

Expr RandomExpressions::condition(const std::vector<Index> &loops, int depth) {
    const int which = pick(5);
    if (which > 2 && !loops.empty()) {
        return condition_on(loops);
    }
    const Expr a = which == 1 ? expression(loops, depth - 1) : leaf(loops), b = leaf(loops);
    return which == 0 || loops.empty() ? a < b : condition_on(loops) && a > b;
}

Expr RandomExpressions::read(const Readable &from, const std::vector<Index> &loops) {
    // Rarely all dimensions together: sums and differences of two loops, or loops divided and a coordinate from data.
    std::vector<Index> places;
    const size_t rank = from.box.size();
    if (rank >= 2 && loops.size() >= 2 && chance(0.08)) {
        const Index &i = loops[loops.size() - 2], &j = loops.back();
        if (chance(0.5)) {
            places = {{i.e + j.e, i.low + j.low, i.high + j.high}, {i.e - j.e, i.low - j.high, i.high - j.low}};
        } else {
            places = {{i.e / 2, floor_div(i.low, 2), floor_div(i.high, 2)},
                      {j.e / 2, floor_div(j.low, 2), floor_div(j.high, 2)}};
            if (rank >= 3) {
                const Expr data = cast<int>(floor(leaf(loops) * 4));
                const auto [low, high] = from.box[2];
                places.push_back({clamp(data, low, high), low, high});
            }
        }
    }
    std::vector<Expr> at;
    for (size_t d = 0; d < rank; d++) {
        const Index i = d < places.size() ? fit(places[d], from.box[d]) : index_within(loops, from.box[d]);
        if (from.read_box) {
            grow((*from.read_box)[d], i);
        }
        at.push_back(i.e);
    }
    return from.read(at);
}

Expr RandomExpressions::leaf(const std::vector<Index> &loops) {
    if (chance(0.1)) {
        return loops.empty() || chance(0.5) ? real(number()) : cast<double>(index(loops, 1).e) * real(0.125);
    }
    // Late stages are read more often.
    const int n = static_cast<int>(readable.size());
    return read(readable[static_cast<size_t>(chance(0.6) ? n - 1 - pick(std::min(n, 3)) : pick(n))], loops);
}

Expr RandomExpressions::expression(const std::vector<Index> &loops, int depth) {
    if (!shared_.empty() && chance(0.15)) {
        return shared_[static_cast<size_t>(pick(static_cast<int>(shared_.size())))];
    }
    if (depth <= 0) {
        return leaf(loops);
    }
    const Expr e = operation(loops, depth);
    if (chance(0.3)) {
        shared_.push_back(e);
    }
    return e;
}

Expr RandomExpressions::operation(const std::vector<Index> &loops, int depth) {
    // Drawn one after the other: compilers differ in the order in which they evaluate operands.
    const Expr a = expression(loops, depth - 1);
    const int which = pick(26);
    if (which < 10) {
        switch (which) {
        case 0:
            return sin(a);
        case 1:
            return exp(-a * a);
        case 2:
            return tanh(a);
        case 3:
            return sqrt(1 + a * a);
        case 4:
            return abs(a);
        case 5:
            return clamp(a, real(-1), real(1));
        case 6:
            return pow(real(1) + a * a, real(0.75));
        case 7:
            return log(real(2) + sin(a));
        case 8:
            return a % real(1.75);
        default:
            return select(abs(a) > real(0.25), 1 / a, a);
        }
    }
    const Expr b = expression(loops, depth - 1);
    switch (which) {
    case 10:
    case 11:
        return a + b;
    case 12:
        return a - b;
    case 13:
    case 14:
    case 15:
        return a * b;
    case 16:
        return cos(a) * b;
    case 17:
        return a / (real(1.5) + cos(b));
    case 18:
        return atan2(a, real(1.5) + cos(b));
    case 19:
        return min(a, b);
    case 20:
        return max(a, b);
    case 21:
        return select(condition(loops, depth), a, b);
    case 22:
        return lerp(a, b, real(0.25));
    case 23:
        return strict_float(a * b);
    case 24:
        return select(a > real(0.125), log(a), b);
    default:
        return b - floor(a);
    }
}

}  // namespace sylvite::testing
