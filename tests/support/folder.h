#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

namespace sylvite::test {

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

/// Where the running test keeps files for people to look at after it: no other program and no other test has this
/// folder, for they may run at the same time.
inline std::string kept_folder(const std::string &name) {
    const ::testing::TestInfo &test = *::testing::UnitTest::GetInstance()->current_test_info();
    std::string of_test =
        program_invocation_short_name + ("." + std::string(test.test_suite_name())) + "." + test.name();
    std::replace(of_test.begin(), of_test.end(), '/', '_');
    return SYLVITE_BINARY_DIR "/test_files/" + of_test + "/" + name;
}

/// The same folder, empty.
inline std::string new_kept_folder(const std::string &name) {
    std::string folder = kept_folder(name);
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
    return folder;
}

}  // namespace sylvite::test
