#include "tests/support/golden.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace sylvite {

namespace {

const char *const hint = "after an intended change: ./dev update-golden";

bool updating() {
    const char *update = std::getenv("SYLVITE_UPDATE_GOLDEN");
    return update && update == std::string("1");
}

bool read(const std::string &path, std::string &text) {
    std::ifstream in(path, std::ios::binary);
    text.assign(std::istreambuf_iterator<char>(in), {});
    return in.good() || in.eof();
}

void write(const std::string &path, const std::string &text) {
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    std::ofstream out(path + ".part", std::ios::binary);
    out << text;
    out.close();
    ASSERT_TRUE(out.good()) << path << " cannot be written";
    std::filesystem::rename(path + ".part", path);
}

}  // namespace

void expect_document(const std::string &path, const std::string &text) {
    const std::string file = SYLVITE_SOURCE_DIR "/" + path;
    std::string expected;
    const bool found = std::filesystem::exists(file) && read(file, expected);
    if (updating()) {
        if (expected != text || !found) {
            write(file, text);
        }
        return;
    }
    ASSERT_TRUE(found) << path << " is missing; " << hint;
    EXPECT_EQ(text, expected) << path << "; " << hint;
}

void expect_golden(const std::string &name, const std::string &text) { expect_document("tests/golden/" + name, text); }

void expect_in_document(const std::string &path, const std::string &first_words, const std::string &text) {
    const std::string file = SYLVITE_SOURCE_DIR "/" + path;
    std::string document;
    ASSERT_TRUE(read(file, document)) << path << " cannot be read";
    const size_t begin = document.find("\n" + first_words) + 1;
    ASSERT_NE(begin, 0u) << path << " has no line that begins with \"" << first_words << "\"";
    const size_t end = std::min(document.find("\n\n", begin), document.size() - 1) + 1;
    if (updating()) {
        if (document.substr(begin, end - begin) != text) {
            write(file, document.replace(begin, end - begin, text));
        }
        return;
    }
    EXPECT_EQ(document.substr(begin, end - begin), text) << path << "; " << hint;
}

}  // namespace sylvite
