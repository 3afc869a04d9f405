#pragma once

#include "random_choices.h"

#include <filesystem>
#include <functional>
#include <vector>

namespace sylvite::testing {

/// Looks for the simplest list of choices, the shortest and of these the one with the smallest numbers, with which
/// `fails` still says true: parts are left out, set to zero and made smaller until nothing helps or `runs` are spent. `fails`
/// leaves in its argument what was really chosen.
std::vector<int> shrink(std::vector<int> choices, const std::function<bool(std::vector<int> &choices)> &fails,
                        int runs);

/// A random case in a file: a text that can be replayed on any machine.
struct StoredCase {
    unsigned values = 0;  ///< the seed of the inputs
    std::vector<int> choices;
};
/// Written to a temporary name first. `text` is kept as a comment.
void store_case(const std::filesystem::path &file, const StoredCase &stored, const std::string &text);
/// Throws std::runtime_error if the file is no such case.
StoredCase load_case(const std::filesystem::path &file);

}  // namespace sylvite::testing
