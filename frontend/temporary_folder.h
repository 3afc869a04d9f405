#pragma once

#include <filesystem>

namespace sylvite {

/// A new folder in `parent` for files that are renamed into `parent` when all of them are made. Gone at the end, with
/// what is left in it. What runs that were interrupted left in `parent` is removed too: folders of the same user whose
/// lock nobody holds.
class TemporaryFolder {
public:
    /// Throws std::filesystem::filesystem_error that says why there can be none.
    explicit TemporaryFolder(const std::filesystem::path &parent);
    ~TemporaryFolder();
    TemporaryFolder(const TemporaryFolder &) = delete;
    TemporaryFolder &operator=(const TemporaryFolder &) = delete;

    const std::filesystem::path &path() const { return path_; }

private:
    std::filesystem::path path_;
    int lock_ = -1;  // an open file; -1 where the file system has no locks
};

}  // namespace sylvite
