#include "frontend/temporary_folder.h"

#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <set>

namespace sylvite {

namespace {

namespace fs = std::filesystem;

std::set<fs::path> contents(const fs::path &folder) {
    std::set<fs::path> names;
    for (const fs::directory_entry &entry : fs::directory_iterator(folder)) {
        names.insert(entry.path());
    }
    return names;
}

TEST(TemporaryFolder, IsGoneWithItsOwner) {
    const fs::path parent = fs::path(SYLVITE_BINARY_DIR) / "temporary_folder_test";
    fs::remove_all(parent);
    EXPECT_THROW(TemporaryFolder folder(parent), fs::filesystem_error);
    fs::create_directories(parent);
    {
        const TemporaryFolder folder(parent);
        std::ofstream(folder.path() / "a") << "a";
        EXPECT_EQ(contents(parent), std::set{folder.path()});
    }
    EXPECT_TRUE(contents(parent).empty());
}

TEST(TemporaryFolder, RemovesWhatInterruptedRunsLeftAndNothingElse) {
    const fs::path parent = fs::path(SYLVITE_BINARY_DIR) / "temporary_folder_test";
    fs::remove_all(parent);
    fs::create_directories(parent / ".sylvite-Ab12Cd" / "deep");
    const std::set<fs::path> others{parent / "sylvite-abcdef", parent / ".sylvite", parent / ".sylvite-ABCDEF"};
    for (const fs::path &other : others) {
        std::ofstream(other) << "a file";
    }
    const auto running = std::make_unique<TemporaryFolder>(parent);
    const TemporaryFolder folder(parent);
    std::set<fs::path> expected = others;
    expected.insert({running->path(), folder.path()});
    EXPECT_EQ(contents(parent), expected);
    fs::remove_all(parent);
}

}  // namespace

}  // namespace sylvite
