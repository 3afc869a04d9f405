#pragma once

#include <HalideRuntime.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

namespace sylvite {

/// A file under a temporary name until publish().
class PartialFile {
public:
    explicit PartialFile(std::filesystem::path path) :
        path_(std::move(path)), temporary_(path_.string() + ".part"), file_(temporary_, std::ios::binary) {
        check();
    }
    ~PartialFile() {
        if (!temporary_.empty()) {
            file_.close();
            std::error_code ignored;
            std::filesystem::remove(temporary_, ignored);
        }
    }
    PartialFile(const PartialFile &) = delete;
    PartialFile &operator=(const PartialFile &) = delete;

    void write(const void *bytes, size_t size) {
        file_.write(static_cast<const char *>(bytes), static_cast<std::streamsize>(size));
        check();
    }
    void write(const std::string &text) { write(text.data(), text.size()); }
    void write_at_start(const std::string &text) {
        file_.seekp(0);
        write(text);
    }
    void publish() {
        file_.close();
        check();
        std::filesystem::rename(temporary_, path_);
        temporary_.clear();
    }
    [[noreturn]] void refuse(const std::string &why) const {
        throw std::runtime_error(path_.string() + " cannot be written: " + why);
    }

private:
    std::filesystem::path path_, temporary_;
    std::ofstream file_;

    void check() const {
        if (!file_) {
            refuse(std::strerror(errno));
        }
    }
};

/// Bytes of an element in memory.
inline size_t bytes_of(const halide_type_t &type) { return (type.bits + 7u) / 8u; }

/// Writes the elements, the first dimension innermost, without what lies between them, by `to.write(bytes, size)`.
template<typename To>
void write_elements(const halide_buffer_t &array, To &to) {
    const size_t size = bytes_of(array.type);
    int64_t elements = 1;
    for (int d = 0; d < array.dimensions; d++) {
        elements *= array.dim[d].extent;
    }
    const bool dense = array.dimensions > 0 && array.dim[0].stride == 1;
    const int64_t together = dense ? array.dim[0].extent : 1;
    for (int64_t i = 0; i < elements; i += together) {
        int64_t offset = 0, rest = i;
        for (int d = 0; d < array.dimensions; d++) {
            offset += rest % array.dim[d].extent * array.dim[d].stride;
            rest /= array.dim[d].extent;
        }
        to.write(array.host + offset * static_cast<int64_t>(size), static_cast<size_t>(together) * size);
    }
}

}  // namespace sylvite
