#include "apps/support/minimise.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <limits>
#include <numeric>
#include <optional>
#include <stdexcept>

namespace sylvite::apps {

namespace {

using Vector = std::vector<double>;

template<typename A, typename B>
double dot(const A &a, const B &b) {
    return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

/// a += factor * b
void add(Vector &a, double factor, const Vector &b) {
    std::transform(a.begin(), a.end(), b.begin(), a.begin(), [=](double x, double y) { return x + factor * y; });
}

/// A step that was made and the change of the gradient along it.
struct Pair {
    Vector step, change;
};

Vector difference(const Point &a, const Point &b) {
    Vector result(a.begin(), a.end());
    std::transform(result.begin(), result.end(), b.begin(), result.begin(), std::minus<>());
    return result;
}

/// Minus the gradient, times the inverse of the Hessian that `pairs`, oldest first, tell of.
Vector direction_from(const Point &gradient, const std::deque<Pair> &pairs, double first_rate) {
    Vector q(gradient.begin(), gradient.end());
    Vector shares(pairs.size());
    for (size_t i = pairs.size(); i-- > 0;) {
        shares[i] = dot(pairs[i].step, q) / dot(pairs[i].step, pairs[i].change);
        add(q, -shares[i], pairs[i].change);
    }
    const double scale =
        pairs.empty() ? first_rate
                      : dot(pairs.back().step, pairs.back().change) / dot(pairs.back().change, pairs.back().change);
    std::transform(q.begin(), q.end(), q.begin(), [=](double x) { return -scale * x; });
    for (size_t i = 0; i < pairs.size(); i++) {
        // `q` is minus the product, so the signs of the textbook are turned.
        const double back = dot(pairs[i].change, q) / dot(pairs[i].step, pairs[i].change);
        add(q, -shares[i] - back, pairs[i].step);
    }
    return q;
}

struct Place {
    Point point, gradient;
    double loss = 0;
};

class Minimisation {
public:
    Minimisation(const Objective &objective, const MinimiseOptions &options,
                 const std::function<bool(const std::vector<double> &)> &report) :
        objective_(objective),
        options_(options), report_(report) {}

    Minimum run(const Point &start) {
        Place here = evaluated(start);
        if (!std::isfinite(here.loss)) {
            throw std::runtime_error("the loss is not finite at the start");
        }
        std::deque<Pair> pairs;
        while (!done()) {
            const std::optional<Place> next = searched(here, direction_from(here.gradient, pairs, options_.first_rate));
            if (!next && pairs.empty()) {
                break;
            }
            if (!next) {
                pairs.clear();
                continue;
            }
            Pair pair{difference(next->point, here.point), difference(next->gradient, here.gradient)};
            if (dot(pair.step, pair.change) > 0) {
                pairs.push_back(std::move(pair));
            }
            if (pairs.size() > static_cast<size_t>(options_.memory)) {
                pairs.pop_front();
            }
            here = *next;
        }
        return {best_, losses_};
    }

private:
    const Objective &objective_;
    const MinimiseOptions &options_;
    const std::function<bool(const std::vector<double> &)> &report_;
    std::vector<double> losses_;
    Point best_;
    bool stopped_ = false;

    bool done() const { return stopped_ || losses_.size() >= static_cast<size_t>(options_.evaluations); }

    Place evaluated(const Point &at) {
        Place place{at, Point(at.size()), 0};
        place.loss = objective_(place.point, place.gradient);
        const bool lower = losses_.empty() || place.loss < losses_.back();
        best_ = lower ? at : best_;
        losses_.push_back(lower ? place.loss : losses_.back());
        stopped_ = !report_(losses_);
        return place;
    }

    /// A place along `direction` where the loss is low enough and, if one is found in time, not as steep any more.
    std::optional<Place> searched(const Place &here, const Vector &direction) {
        constexpr double enough = 1e-4, flat = 0.9;
        constexpr int most_trials = 20;
        const double steepness = dot(direction, here.gradient);
        std::optional<Place> found;
        double length = 1, low = 0, high = std::numeric_limits<double>::infinity();
        for (int trial = 0; trial < most_trials && steepness < 0 && !done(); trial++) {
            Point at = here.point;
            std::transform(at.begin(), at.end(), direction.begin(), at.begin(),
                           [=](float x, double d) { return static_cast<float>(x + length * d); });
            Place there = evaluated(at);
            if (!(there.loss < here.loss + enough * length * steepness)) {
                high = length;
            } else {
                low = length;
                const bool is_flat = dot(direction, there.gradient) >= flat * steepness;
                found = std::move(there);
                if (is_flat) {
                    break;
                }
            }
            length = std::isfinite(high) ? (low + high) / 2 : 2 * low;
        }
        return found;
    }
};

}  // namespace

Minimum minimise(const Point &start, const Objective &objective, const MinimiseOptions &options,
                 const std::function<bool(const std::vector<double> &losses)> &report) {
    return Minimisation(objective, options, report).run(start);
}

}  // namespace sylvite::apps
