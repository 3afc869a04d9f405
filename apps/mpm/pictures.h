#pragma once

#include "apps/mpm/scene.h"

#include <map>

namespace sylvite::apps {

/// Where the particles are at some moments, each (particles, dimensions).
using Moments = std::vector<std::vector<float>>;

/// The files of a result, by name: `story.png`, the particles at each moment, seen from the side; `walk.npy` (moments,
/// dimensions, particles), where they are; and `losses.npy`.
std::map<std::string, std::string> result_files(const Scene &scene, const Moments &moments,
                                                const std::vector<double> &losses);

}  // namespace sylvite::apps
