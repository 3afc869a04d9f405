#pragma once

#include "apps/support/film.h"

#include <map>
#include <string>
#include <vector>

namespace sylvite::apps {

/// What a search found, as fields of n x n cells, row by row, one channel after the other.
struct Frames {
    std::vector<float> target;    ///< the picture, one channel
    std::vector<float> velocity;  ///< at the start, two channels, cells a step
    Recording flows;              ///< velocity and smoke at several moments, the last one at the end
    Recording film;               ///< the same at the moments of the animated picture
};

/// The results as files, name to contents: pictures, the loss over the evaluations, and as NumPy arrays the velocity
/// at the start, (2, n, n), and the smoke at all moments, (moments, n, n); for ParaView the flow at each moment.
std::map<std::string, std::string> result_files(const Frames &frames, int n, const std::vector<double> &losses);

}  // namespace sylvite::apps
