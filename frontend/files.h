#pragma once

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <string>
#include <system_error>

namespace sylvite {

/// Why a file that was written under another name may not be renamed to `path`: something lies there that is no regular
/// file, a device, a pipe, a link or a folder, and a rename would put the file in its place. Empty when it may.
inline std::string why_not_replaced(const std::filesystem::path &path) {
    std::error_code ignored;
    const std::filesystem::file_status there = std::filesystem::symlink_status(path, ignored);
    if (!std::filesystem::exists(there) || std::filesystem::is_regular_file(there)) {
        return "";
    }
    return std::filesystem::is_directory(there) ? "it is a folder" : "it is not a regular file";
}

/// Has a write fail that makes a file larger than the system lets it be, as one to a full disk does; by default it ends the
/// program. For mains.
inline void let_large_writes_fail() { std::signal(SIGXFSZ, SIG_IGN); }

/// What the system said when a stream failed: set errno to 0 before. Streams do not always leave word.
inline std::error_code last_system_error() { return {errno != 0 ? errno : EIO, std::generic_category()}; }

}  // namespace sylvite
