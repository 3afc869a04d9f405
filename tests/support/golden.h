#pragma once

#include <string>

namespace sylvite {

/// Compares `text` with the file tests/golden/`name`. A difference or a missing file fails the test;
/// `./dev update-golden` writes the file instead.
void expect_golden(const std::string &name, const std::string &text);

/// Compares `text` with a whole file of the project that is made from a table, such as docs/rules.md.
void expect_document(const std::string &path, const std::string &text);

/// Compares `text`, which begins with its first line and ends with a line break, with the same part of a document:
/// from the line that begins like `first_words` up to the next empty line. `./dev update-golden` replaces that part.
void expect_in_document(const std::string &path, const std::string &first_words, const std::string &text);

}  // namespace sylvite
