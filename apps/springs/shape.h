#pragma once

#include "apps/springs/simulator.h"

#include <functional>

namespace sylvite::apps {

/// What `shaped` found. `losses[i]` is the lowest loss after i + 1 evaluations, `losses[0]` that of the net as it was.
struct Shaped {
    Robot net;
    std::vector<double> losses;
};

/// The net with the lengths and stiffnesses by which its masses come closest to where they are `wanted` (masses, 2) after `steps`
/// steps, as minimise() finds them in `evaluations` of the gradient. Losses are reported as they come; ends early where
/// `report` returns false. Throws std::runtime_error where the net does not come to rest at a finite place.
Shaped shaped(const Robot &net, const std::vector<float> &wanted, int steps, int evaluations,
              const std::function<bool(const std::vector<double> &losses)> &report);

}  // namespace sylvite::apps
