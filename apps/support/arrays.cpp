#include "apps/support/arrays.h"

#include "apps/support/files.h"

#include <HalideBuffer.h>
#include <targets/trace/trace.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>

namespace sylvite::apps {

namespace {

/// What `write`, given a path, writes there.
template<typename Write>
std::string bytes_of(const Write &write) {
    std::string folder = std::filesystem::temp_directory_path() / "sylvite-XXXXXX";
    if (!mkdtemp(folder.data())) {
        throw std::runtime_error("cannot make the folder " + folder);
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

}  // namespace sylvite::apps
