#pragma once

namespace sylvite::apps::mpm_sizes {

constexpr int waves = 4;         // that an actuator's signal is the sum of
constexpr int wall = 3;          // cells from the edge of the box to its walls
constexpr float fluid_mass = 4;  // of a particle

}  // namespace sylvite::apps::mpm_sizes
