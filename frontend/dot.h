#pragma once

#include "frontend/program.h"

#include <string>

namespace sylvite {

/// A program as a graph for Graphviz, `dot -Tsvg`: inputs, kernels with what they write, loops as frames around their
/// states and kernels, outputs. An arrow is an Array, from what makes it to what reads it; arrows into a frame are what
/// the loop begins with or reads from outside. Dashed: what a state becomes in a step. The text depends on the program
/// alone; names are those of print() and of schedules.
std::string to_dot(const Program &program);

}  // namespace sylvite
