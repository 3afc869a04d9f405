#pragma once

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

namespace sylvite::apps {

/// What lies in a folder, sorted.
inline std::vector<std::string> names_in(const std::filesystem::path &folder) {
    std::vector<std::string> names;
    for (const auto &entry : std::filesystem::directory_iterator(folder)) {
        names.push_back(entry.path().filename());
    }
    std::sort(names.begin(), names.end());
    return names;
}

/// An empty folder of its own for a test, removed with its contents at the end.
class Folder {
public:
    Folder() {
        std::string name = std::filesystem::temp_directory_path() / "sylvite-test-XXXXXX";
        if (mkdtemp(name.data()) == nullptr) {
            throw std::runtime_error("cannot make a temporary folder");
        }
        path_ = name;
    }
    ~Folder() { std::filesystem::remove_all(path_); }
    Folder(const Folder &) = delete;
    Folder &operator=(const Folder &) = delete;

    const std::filesystem::path &path() const { return path_; }

    std::vector<std::string> names() const { return names_in(path_); }

private:
    std::filesystem::path path_;
};

}  // namespace sylvite::apps
