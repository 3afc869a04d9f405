#pragma once

#include <string>
#include <vector>

namespace sylvite::apps {

/// The contents of a file that `numpy.load` reads: `values`, of which the first extent is innermost, as
/// array[..., j, i]. Throws std::runtime_error when no temporary file can be written.
std::string npy_bytes(const std::vector<float> &values, const std::vector<int> &extents);
std::string npy_bytes(const std::vector<double> &values, const std::vector<int> &extents);

}  // namespace sylvite::apps
