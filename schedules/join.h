#pragma once

#include <Halide.h>

#include <string>
#include <vector>

namespace sylvite {

/// A Tuple of all values of Funcs that have as many dimensions, which takes their place: those of `stages` that read one of
/// them read it, but for what the Tuple itself depends on. It is computed wherever any of them is read.
Halide::Func join(const std::vector<Halide::Func> &funcs, const std::vector<Halide::Internal::Function> &stages,
                  const std::string &name);

}  // namespace sylvite
