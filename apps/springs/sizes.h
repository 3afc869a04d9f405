#pragma once

namespace sylvite::apps::springs_sizes {

/// Sines that a controller is given as its clock, and its hidden units.
constexpr int signals = 10, hidden = 32;

}  // namespace sylvite::apps::springs_sizes
