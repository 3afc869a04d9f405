#include "apps/support/arrays.h"

#include "apps/support/files.h"

#include <HalideBuffer.h>
#include <targets/trace/trace.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <stdexcept>

namespace sylvite::apps {

namespace {

/// What `write`, given a path, writes there.
template<typename Write>
std::string bytes_of(const Write &write) {
    std::string folder = temporary_folder() / "sylvite-XXXXXX";
    if (!mkdtemp(folder.data())) {
        throw std::runtime_error("cannot make the folder " + folder + ": " + std::strerror(errno));
    }
    std::string bytes;
    try {
        write(folder + "/file");
        bytes = read_file(folder + "/file");
    } catch (...) {
        std::filesystem::remove_all(folder);
        throw;
    }
    std::filesystem::remove_all(folder);
    return bytes;
}

template<typename T>
std::string npy(const std::vector<T> &values, const std::vector<int> &extents) {
    const Halide::Runtime::Buffer<const T> array(values.data(), extents);
    return bytes_of([&](const std::string &path) { write_npy(path, *array.raw_buffer()); });
}

}  // namespace

std::string npy_bytes(const std::vector<float> &values, const std::vector<int> &extents) {
    return npy(values, extents);
}
std::string npy_bytes(const std::vector<double> &values, const std::vector<int> &extents) {
    return npy(values, extents);
}

std::string vti_bytes(const std::vector<GridField> &fields, const std::vector<int> &extents, double spacing) {
    std::vector<Halide::Runtime::Buffer<const float>> arrays;
    std::vector<Field> named;
    for (const GridField &field : fields) {
        arrays.emplace_back(field.values.data(), extents);
    }
    for (size_t i = 0; i < fields.size(); i++) {
        named.push_back({fields[i].name, arrays[i].raw_buffer()});
    }
    Grid grid;
    for (size_t axis = 0; axis < extents.size(); axis++) {
        grid.origin[axis] = spacing / 2, grid.spacing[axis] = spacing;
    }
    return bytes_of([&](const std::string &path) { write_vti(path, named, grid); });
}

}  // namespace sylvite::apps
