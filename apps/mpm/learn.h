#pragma once

#include "apps/support/minimise.h"

namespace sylvite::apps {

/// What `learn` found. `losses[i]` is the loss after i steps, infinite where it or its gradient is not finite.
struct Learnt {
    Point controls;  ///< those of the lowest loss
    std::vector<double> losses;
};

/// Goes `steps` steps against the gradient, each `rate` times as long as it; where a loss or gradient is not finite, goes on from
/// the lowest loss at half the rate. Losses are reported as they come; ends early where `report` returns false or the gradient is
/// 0. Throws std::runtime_error when the loss or gradient is not finite at the start.
Learnt learn(const Point &start, const Objective &objective, int steps, double rate,
             const std::function<bool(const std::vector<double> &losses)> &report);

}  // namespace sylvite::apps
