#include "apps/support/files.h"

#include "frontend/files.h"

#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <system_error>

namespace sylvite::apps {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void fail(const std::string &what, const fs::path &path, const std::string &why) {
    throw std::runtime_error("cannot " + what + " " + path.string() + ": " + why);
}

[[noreturn]] void fail(const std::string &what, const fs::path &path, const std::error_code &why) {
    fail(what, path, why.message());
}

/// A name beside `name` that no other process uses.
fs::path temporary(const fs::path &folder, const std::string &name) {
    return folder / ("." + name + "." + std::to_string(getpid()) + ".tmp");
}

}  // namespace

std::string read_file(const fs::path &path) {
    std::error_code ignored;
    if (fs::is_directory(path, ignored)) {
        fail("read", path, std::make_error_code(std::errc::is_a_directory));
    }
    if (fs::is_character_file(path, ignored)) {
        fail("read", path, "it is a device");  // some have no end
    }
    errno = 0;
    std::ifstream file(path, std::ios::binary);
    std::string bytes{std::istreambuf_iterator<char>(file), {}};
    if (!file) {
        fail("read", path, last_system_error());
    }
    return bytes;
}

void need_writable(const fs::path &folder) {
    std::error_code why;
    fs::create_directories(folder, why);
    if (why) {
        fail("make the folder", folder, why);
    }
    if (access(folder.c_str(), W_OK | X_OK) != 0) {
        fail("write into", folder, last_system_error());
    }
}

fs::path temporary_folder() {
    std::error_code why;
    fs::path folder = fs::temp_directory_path(why);
    if (why || access(folder.c_str(), W_OK | X_OK) != 0) {
        throw std::runtime_error("there is no folder for temporary files: set TMPDIR to one that may be written into");
    }
    return folder;
}

void write_files(const fs::path &folder, const std::map<std::string, std::string> &files,
                 const std::function<void()> &publish) {
    for (const auto &[name, contents] : files) {
        if (const std::string obstacle = why_not_replaced(folder / name); !obstacle.empty()) {
            fail("write", folder / name, obstacle);
        }
    }
    try {
        for (const auto &[name, contents] : files) {
            errno = 0;
            std::ofstream file(temporary(folder, name), std::ios::binary);
            file.write(contents.data(), static_cast<std::streamsize>(contents.size()));
            file.close();
            if (!file) {
                fail("write", folder / name, last_system_error());
            }
        }
        if (publish) {
            publish();
        }
        for (const auto &[name, contents] : files) {
            std::error_code why;
            fs::rename(temporary(folder, name), folder / name, why);
            if (why) {
                fail("write", folder / name, why);
            }
        }
    } catch (...) {
        for (const auto &[name, contents] : files) {
            std::error_code ignored;
            fs::remove(temporary(folder, name), ignored);
        }
        throw;
    }
}

}  // namespace sylvite::apps
