#include "random_updates.h"

#include <algorithm>

namespace sylvite::testing {

using namespace Halide;

namespace {

bool is_wide(const Stage &to, size_t dimension, int extent) {
    return dimension < to.box.size() && to.box[dimension].second - to.box[dimension].first + 1 >= extent;
}

std::vector<Expr> replaced(std::vector<Expr> at, size_t dimension, const Expr &e) {
    at[dimension] = e;
    return at;
}

}  // namespace

RDom RandomUpdates::domain(int rank) {
    Region region;
    for (int d = 0; d < rank; d++) {
        const int min = pick(4) - 1, extent = chance(0.03) ? 0 : 1 + pick(4);
        region.emplace_back(min, extent);
    }
    return RDom(region, "r");
}

std::vector<Index> RandomUpdates::with(std::vector<Index> loops, const RDom &r) {
    for (int d = 0; d < r.dimensions(); d++) {
        const int min = *Internal::as_const_int(r[d].min()), extent = *Internal::as_const_int(r[d].extent());
        loops.push_back({r[d], min, std::max(min, min + extent - 1)});
    }
    return loops;
}

void RandomUpdates::update(Stage &to) {
    using Make = void (RandomUpdates::*)(Stage &);
    using MakeOver = void (RandomUpdates::*)(Stage &, RDom &);
    static const Make without_domain[] = {&RandomUpdates::rewrite,   &RandomUpdates::slice,     &RandomUpdates::scan,
                                          &RandomUpdates::two_steps, &RandomUpdates::wavefront, &RandomUpdates::sweep};
    static const MakeOver over_domain[] = {&RandomUpdates::accumulate, &RandomUpdates::scatter,
                                           &RandomUpdates::scatter,    &RandomUpdates::repeat,
                                           &RandomUpdates::histogram,  &RandomUpdates::packet};
    if (chance(0.4)) {
        (this->*without_domain[pick(6)])(to);
        return;
    }
    RDom r = domain(1 + pick(2));
    (this->*over_domain[pick(6)])(to, r);
}

// A predicate on some of the iterations: of the variables, of data or of the Func itself.
void RandomUpdates::restrict(Stage &to, RDom &r) {
    if (!chance(0.3)) {
        return;
    }
    switch (pick(5)) {
    case 0:
        r.where(r.x % 2 == 0);
        break;
    case 1:
        r.where(r[r.dimensions() - 1] + r.x < 4);
        break;
    case 2:
        r.where(r.x != 1 || r[r.dimensions() - 1] > 0);
        break;
    case 3: {
        std::vector<Expr> at;
        for (const Span &span : to.box) {
            at.push_back(index_within(with({}, r), span).e);
        }
        r.where(to.f(at) > real(0.1));
        break;
    }
    default: {
        // Of an input: Halide 21 does not realize a Func with updates where only a predicate reads it.
        const Expr e = read(readable[0], with({}, r));
        r.where(e > real(0.1));
        break;
    }
    }
}

void RandomUpdates::accumulate(Stage &to, RDom &r) {
    // A predicate on the Func itself would have to be of the same place: every place has its own sum.
    if (chance(0.3)) {
        r.where(chance(0.5) ? r.x % 2 == 0 : read(readable[0], with({}, r)) > real(0.1));
    }
    const Expr e = expression(with(to.loops, r), 1 + pick(2));
    to.f(to.here()) = to.f(to.here()) + e;
}

// A product, a maximum or a function applied again and again.
void RandomUpdates::repeat(Stage &to, RDom &r) {
    const Expr e = leaf(with(to.loops, r)), old = to.f(to.here());
    switch (pick(6)) {
    case 0:
        to.f(to.here()) = old * e;
        break;
    case 1:
        to.f(to.here()) = max(old, e);
        break;
    case 2:
        to.f(to.here()) = min(e, old);
        break;
    case 3:
        to.f(to.here()) = e - old;
        break;
    case 4:
        to.f(to.here()) = select(e > old, e * real(0.5), old);
        break;
    default:
        to.f(to.here()) = sin(old) + e;
        break;
    }
}

void RandomUpdates::rewrite(Stage &to) {
    const Expr old = to.f(to.here());
    if (chance(0.5)) {
        to.f(to.here()) = old + expression(to.loops, 2);
    } else {
        const Expr factor = expression(to.loops, 1), summand = leaf(to.loops);
        to.f(to.here()) = old * factor + summand;
    }
}

// Some places are chosen by the RDom.
void RandomUpdates::scatter(Stage &to, RDom &r) {
    std::vector<bool> keeps;
    bool keeps_all = true;
    for (size_t d = 0; d < to.vars.size(); d++) {
        keeps.push_back(chance(0.3));
        keeps_all = keeps_all && keeps.back();
    }
    if (keeps_all) {  // Halide warns of an update that hides the earlier ones
        accumulate(to, r);
        return;
    }
    bool keeps_none = true;
    for (const bool keep : keeps) {
        keeps_none = keeps_none && !keep;
    }
    if (keeps_none) {
        restrict(to, r);
    }
    const std::vector<Index> inner = with({}, r);
    std::vector<Expr> at, from;
    std::vector<Index> known = inner;
    for (size_t d = 0; d < to.vars.size(); d++) {
        at.push_back(keeps[d] ? Expr(to.vars[d]) : index_within(inner, to.box[d]).e);
        from.push_back(keeps[d] || chance(0.5) ? at[d] : index_within(inner, to.box[d]).e);
        if (keeps[d]) {
            known.push_back(to.loops[d]);
        }
    }
    if (keeps_none && chance(0.1)) {  // a place that the Func itself says
        const Expr data = cast<int>(floor(to.f(from) * 3));
        from[0] = clamp(data, to.box[0].first, to.box[0].second);
    }
    const Expr e = expression(known, 1 + pick(2));
    switch (pick(4)) {
    case 0:
        to.f(at) = e;
        break;
    case 1:
        to.f(at) = to.f(from) * e;  // of what other iterations wrote
        break;
    default:
        to.f(at) = to.f(at) + e;
        break;
    }
}

// Several values at once, at places some of which may be the same: of what was there, in another order.
void RandomUpdates::packet(Stage &to, RDom &r) {
    if (to.vars.empty()) {
        return;
    }
    restrict(to, r);
    const std::vector<Index> inner = with({}, r);
    const int size = 2 + pick(2);
    std::vector<std::vector<Expr>> at(to.vars.size());  // by dimension and element
    std::vector<Expr> packet_at, from;
    for (size_t d = 0; d < at.size(); d++) {
        for (int k = 0; k < size; k++) {
            at[d].push_back(k > 0 && chance(0.3) ? at[d][0] : index_within(inner, to.box[d]).e);
        }
        packet_at.push_back(Halide::scatter(at[d]));
        std::rotate(at[d].begin(), at[d].begin() + 1, at[d].end());
        from.push_back(Halide::gather(at[d]));
    }
    const Expr e = expression(inner, 1);
    switch (pick(4)) {
    case 0:
        to.f(packet_at) = to.f(from) * e;
        break;
    case 1:
        to.f(packet_at) = to.f(packet_at) + to.f(from) * e;
        break;
    case 2:
        to.f(packet_at) = max(to.f(packet_at), e);
        break;
    default: {
        std::vector<Expr> summands;
        for (int k = 0; k < size; k++) {
            summands.push_back(leaf(inner));
        }
        to.f(packet_at) = sin(to.f(from)) * e + Halide::gather(summands);
        break;
    }
    }
}

// Places that data say, several of which are the same.
void RandomUpdates::histogram(Stage &to, RDom &r) {
    const std::vector<Index> inner = with({}, r);
    std::vector<Expr> at;
    for (const Span &span : to.box) {
        const Expr data = cast<int>(floor(leaf(inner) * 3));
        at.push_back(clamp(data, span.first, span.second));
    }
    const Expr e = expression(inner, 1);
    to.f(at) = to.f(at) + e;
}

// One slice from another.
void RandomUpdates::slice(Stage &to) {
    if (to.vars.empty()) {
        return;
    }
    const std::vector<Expr> at = replaced(to.here(), 0, to.box[0].first);
    const std::vector<Expr> from = replaced(to.here(), 0, to.box[0].second);
    const std::vector<Index> others(to.loops.begin() + 1, to.loops.end());
    const Expr factor = expression(others, 1), summand = leaf(others);
    to.f(at) = to.f(from) * factor + summand;
}

void RandomUpdates::scan(Stage &to) {
    if (!is_wide(to, 0, 2)) {
        return;
    }
    const RDom t(to.box[0].first, to.box[0].second - to.box[0].first, "t");
    std::vector<Expr> at = replaced(to.here(), 0, t + 1), from = replaced(to.here(), 0, t);
    if (chance(0.3)) {
        std::swap(at, from);
    }
    std::vector<Index> others(to.loops.begin() + 1, to.loops.end());
    others.push_back({t, to.box[0].first, to.box[0].second - 1});
    const Expr factor = leaf(others);
    to.f(at) = (chance(0.5) ? sin(to.f(from)) : to.f(from)) * factor + to.f(at);
}

// f(t) of f(t - 1) and f(t - 2), forwards or backwards.
void RandomUpdates::two_steps(Stage &to) {
    if (!is_wide(to, 0, 3)) {
        return;
    }
    const int low = to.box[0].first, high = to.box[0].second;
    const RDom t(low + 2, high - low - 1, "t");
    const bool backwards = chance(0.4);
    const auto place = [&](int delay) {
        const Expr time = t - delay;
        return replaced(to.here(), 0, backwards ? low + high - time : time);
    };
    std::vector<Index> others(to.loops.begin() + 1, to.loops.end());
    others.push_back({t, low + 2, high});
    const Expr factor = leaf(others), summand = leaf(others);
    const Expr last = to.f(place(1)), before = to.f(place(2));
    to.f(place(0)) = chance(0.5) ? last * factor - before * real(0.5) + summand : tanh(last * before) + summand;
}

// f(x, y) of its neighbours to the left and below.
void RandomUpdates::wavefront(Stage &to) {
    if (!is_wide(to, 0, 2) || !is_wide(to, 1, 2)) {
        return;
    }
    const auto [low, high] = to.box[0];
    const auto [first, last] = to.box[1];
    const RDom r(low + 1, high - low, first + 1, last - first, "w");
    const auto place = [&](int dx, int dy) { return replaced(replaced(to.here(), 0, r.x - dx), 1, r.y - dy); };
    std::vector<Index> others(to.loops.begin() + 2, to.loops.end());
    others.push_back({r.x, low + 1, high});
    others.push_back({r.y, first + 1, last});
    const Expr a = to.f(place(1, 0)), b = to.f(place(0, 1)), e = leaf(others);
    switch (pick(4)) {
    case 0:
        to.f(place(0, 0)) = a + b - to.f(place(1, 1)) + e;
        break;
    case 1:
        to.f(place(0, 0)) = min(a, b) + e * e;
        break;
    case 2:
        to.f(place(0, 0)) = a * real(0.5) + b * e + to.f(place(0, 0));
        break;
    default:
        to.f(place(0, 0)) = tanh(a + b * e);
        break;
    }
}

// Relaxation in place, from neighbours on both sides, once or twice.
void RandomUpdates::sweep(Stage &to) {
    if (!is_wide(to, 0, 3)) {
        return;
    }
    const auto [low, high] = to.box[0];
    const bool twice = chance(0.3);
    const RDom r = twice ? RDom(low + 1, high - low - 1, 0, 2, "s") : RDom(low + 1, high - low - 1, "s");
    std::vector<Index> others(to.loops.begin() + 1, to.loops.end());
    others.push_back({r.x, low + 1, high - 1});
    const Expr e = leaf(others);
    const Expr left = to.f(replaced(to.here(), 0, r.x - 1)), right = to.f(replaced(to.here(), 0, r.x + 1));
    to.f(replaced(to.here(), 0, r.x)) = chance(0.5) ? (left + right) * real(0.5) + e : sin(left * right) + e;
}

}  // namespace sylvite::testing
