#pragma once

#include "apps/molecules/simulator.h"

namespace sylvite::apps {

/// Atoms at the places of a cubic lattice that fills the cube, each off by at most `noise` along each axis, with velocities
/// that are normally distributed at a temperature and sum up to 0.
Motions on_lattice(int atoms, float side, float noise, float temperature, unsigned seed);

}  // namespace sylvite::apps
