#pragma once

#include <string>
#include <vector>

namespace sylvite {

/// `a, b, c`
std::string list_of(const std::vector<std::string> &words);

/// The end of an error about an unknown name: `: did you mean NEAREST?`, or a full stop when no known name is near.
std::string did_you_mean(const std::string &name, const std::vector<std::string> &known);

/// The text of an error on one line, without Halide's `Error: ` before it.
std::string one_line(const std::string &text);

}  // namespace sylvite
