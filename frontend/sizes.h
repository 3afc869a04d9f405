#pragma once

#include <Halide.h>

#include <string>
#include <vector>

namespace sylvite {

/// An extent of an Array as int32: an integer, of a type of which int32 holds all values or a constant that it holds, and
/// no negative constant, and no read of an Array. Throws Halide::CompileError in the name of `function` about `name` otherwise.
Halide::Expr checked_extent(const Halide::Expr &extent, const std::string &function, const std::string &name);

/// The same for a number of steps, which may be negative.
Halide::Expr checked_count(const Halide::Expr &count, const std::string &function, const std::string &name);

/// Extents in words: "{n, 8}".
std::string text_of(const std::vector<Halide::Expr> &extents);

}  // namespace sylvite
