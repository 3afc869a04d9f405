#pragma once

#include "apps/springs/robot.h"
#include "apps/support/film.h"

#include <map>

namespace sylvite::apps {

/// The files of a result, as walk_files() makes them: pictures of the robot, and where its masses are, (moments, 2, masses).
std::map<std::string, std::string> result_files(const Robot &robot, const Recording &moments, const Recording &film,
                                                const std::vector<double> &losses);

/// The same of a net over where its masses are `wanted` (masses, 2); `before.png`, where they come to rest with its first
/// springs; and `springs.npy` (2, springs), the lengths and stiffnesses found.
std::map<std::string, std::string> net_files(const Robot &net, const std::vector<float> &wanted,
                                             const std::vector<float> &before, const Recording &moments,
                                             const Recording &film, const std::vector<double> &losses);

}  // namespace sylvite::apps
