#include "frontend/temporary_folder.h"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <string>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace sylvite {

namespace {

namespace fs = std::filesystem;

const std::string form = ".sylvite-XXXXXX";

// Locks a folder of this user; -1, with errno, if that cannot be done.
int lock_folder(const fs::path &folder) {
    const int file = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat status {};
    if (file >= 0 && fstat(file, &status) == 0 && status.st_uid == geteuid() && flock(file, LOCK_EX | LOCK_NB) == 0) {
        return file;
    }
    const int error = errno;
    if (file >= 0) {
        close(file);
    }
    errno = error;
    return -1;
}

void remove_leftovers(const fs::path &parent) {
    std::error_code ignored;
    std::vector<fs::path> folders;
    for (fs::directory_iterator it(parent, ignored), end; it != end; it.increment(ignored)) {
        const std::string name = it->path().filename().string();
        if (name.size() == form.size() && name.starts_with(form.substr(0, form.find('X')))) {
            folders.push_back(it->path());
        }
    }
    for (const fs::path &folder : folders) {
        if (const int lock = lock_folder(folder); lock >= 0) {
            fs::remove_all(folder, ignored);
            close(lock);
        }
    }
}

}  // namespace

TemporaryFolder::TemporaryFolder(const fs::path &parent) {
    remove_leftovers(parent);
    // Another run may take the new folder for a leftover, lock and remove it before it is locked here: then once more.
    do {
        std::string name = (parent / form).string();
        if (mkdtemp(name.data()) == nullptr) {
            throw fs::filesystem_error("no folder can be made", parent, {errno, std::generic_category()});
        }
        path_ = name;
        lock_ = lock_folder(path_);
    } while (lock_ < 0 ? errno == EWOULDBLOCK || errno == ENOENT : !fs::exists(path_));
}

TemporaryFolder::~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
    if (lock_ >= 0) {
        close(lock_);
    }
}

}  // namespace sylvite
