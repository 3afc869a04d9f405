#pragma once

#include "frontend/program.h"

#include <map>
#include <string>
#include <vector>

namespace sylvite {

/// The Funcs that `outputs` depend on as text, producers first, each with its types, dimensions and definitions. Names
/// are those of stage_names(); the text depends on the graph alone, not on what else was built before it.
///
///     edge: float32 (x, y)
///       edge(x, y) = u[max(min(x, n - 1), 0), y]
///     total: {float32, int32} ()
///       total() = {0.0f, 0}
///       total() = {total()[0] + edge(r.x, r.y), total()[1] + 1}
///         for r.x in [0, n), r.y in [0, 4)
///         where r.x < r.y
///
/// Arrays are listed first; reads of what lies in memory have square brackets.
std::string print(const std::vector<Func> &outputs);

/// A program as text: inputs with their extents; kernels, with the names that schedules use, and loops in an order in
/// which they may run; outputs.
std::string print(const Program &program);

/// What the names in an Expr are shown as; those that are missing are shown by plain_name() and plain_variable().
struct ShownNames {
    std::map<std::string, std::string> functions;  ///< by Halide's unique name
    std::map<std::string, std::string> images;     ///< what is read with brackets, by its unique name
    std::map<std::string, std::string> variables;
};

/// An Expr as text, with no more parentheses than needed; `let` variables are numbered t0, t1, ...
std::string print(const Expr &expr, const ShownNames &names = {});

}  // namespace sylvite
