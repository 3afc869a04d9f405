#pragma once

#include "frontend/array.h"

namespace sylvite {

/// Throws Halide::CompileError that names loop and state where a state that the author of a loop gave it
/// (LoopNode::given) changes none of `outputs`, directly or by way of other states. Loops that were part of a program
/// before are not asked again, so a program may take some of the outputs of another; those of a `derived` program are
/// noted but never asked.
void require_used_states(const std::string &program, const Arrays &outputs, bool derived);

}  // namespace sylvite
