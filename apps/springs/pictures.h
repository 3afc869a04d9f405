#pragma once

#include "apps/springs/robot.h"
#include "apps/support/film.h"

#include <map>

namespace sylvite::apps {

/// The files of a result, as walk_files() makes them: pictures of the robot, and where its masses are, (moments, 2, masses).
std::map<std::string, std::string> result_files(const Robot &robot, const Recording &moments, const Recording &film,
                                                const std::vector<double> &losses);

}  // namespace sylvite::apps
