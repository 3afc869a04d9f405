#pragma once

#include "apps/springs/robot.h"

#include <map>

namespace sylvite::apps {

/// Where the masses are at the moments of a walk, each (masses, 2).
using Moments = std::vector<std::vector<float>>;

/// The files of a result, by name: `story.png`, the robot at each moment; `walk.npy` (moments, 2, masses), where its masses
/// are; and `losses.npy`.
std::map<std::string, std::string> result_files(const Robot &robot, const Moments &moments,
                                                const std::vector<double> &losses);

}  // namespace sylvite::apps
