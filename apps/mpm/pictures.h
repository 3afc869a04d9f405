#pragma once

#include "apps/mpm/scene.h"
#include "apps/support/film.h"

#include <map>

namespace sylvite::apps {

/// The files of a result, as walk_files() makes them: pictures of the particles, seen from the side, and where they are,
/// (moments, dimensions, particles). Besides, for ParaView, `matter_0.vti` and so on, at each moment the number of fluid and of
/// solid particles in each cell.
std::map<std::string, std::string> result_files(const Scene &scene, const Recording &moments, const Recording &film,
                                                const std::vector<double> &losses);

}  // namespace sylvite::apps
