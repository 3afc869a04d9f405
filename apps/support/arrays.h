#pragma once

#include <string>
#include <vector>

namespace sylvite::apps {

/// The contents of a file that `numpy.load` reads: `values`, of which the first extent is innermost, as
/// array[..., j, i]. Throws std::runtime_error when no temporary file can be written.
std::string npy_bytes(const std::vector<float> &values, const std::vector<int> &extents);
std::string npy_bytes(const std::vector<double> &values, const std::vector<int> &extents);

/// Numbers on a grid, of which the first extent is innermost.
struct GridField {
    std::string name;
    std::vector<float> values;
};

/// The contents of a .vti file, which ParaView reads: fields of equal extents, at most three, on points `spacing` apart, the
/// first half of that from the origin, as the centres of cells are. Throws std::runtime_error when no temporary file can be
/// written.
std::string vti_bytes(const std::vector<GridField> &fields, const std::vector<int> &extents, double spacing = 1);

}  // namespace sylvite::apps
