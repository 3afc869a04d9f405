#pragma once

#include "frontend/array.h"

namespace sylvite {

/// Throws Halide::CompileError that names loop and state where a state that the author of a loop gave it
/// (LoopNode::given) changes none of `outputs`, directly or by way of other states.
void require_used_states(const std::string &program, const Arrays &outputs);

}  // namespace sylvite
