#pragma once

#include <map>
#include <string>

namespace sylvite {

/// The text of an error of Halide's with its names replaced by stable ones: `names` maps Halide's names of Funcs to
/// stage names; variables are shown by plain_variable(). Without "Error: " and the last line break.
std::string with_plain_names(const std::string &what, const std::map<std::string, std::string> &names);

}  // namespace sylvite
