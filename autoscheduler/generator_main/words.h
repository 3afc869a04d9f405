#pragma once

#include <string>

namespace sylvite {

/// The text of an error on one line, without Halide's `Error: ` before it.
std::string one_line(const std::string &text);

}  // namespace sylvite
