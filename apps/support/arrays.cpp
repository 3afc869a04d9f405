#include "apps/support/arrays.h"

#include "apps/support/files.h"

#include <HalideBuffer.h>
#include <targets/trace/trace.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>

namespace sylvite::apps {

std::string npy_bytes(const std::vector<float> &values, const std::vector<int> &extents) {
    std::string folder = std::filesystem::temp_directory_path() / "sylvite-XXXXXX";
    if (!mkdtemp(folder.data())) {
        throw std::runtime_error("cannot make the folder " + folder);
    }
    const Halide::Runtime::Buffer<const float> array(values.data(), extents);
    std::string bytes;
    try {
        write_npy(folder + "/array.npy", *array.raw_buffer());
        bytes = read_file(folder + "/array.npy");
    } catch (...) {
        std::filesystem::remove_all(folder);
        throw;
    }
    std::filesystem::remove_all(folder);
    return bytes;
}

}  // namespace sylvite::apps
