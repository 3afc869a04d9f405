#pragma once

#include "frontend/program.h"

#include <map>

namespace sylvite {

/// What the loops of `arrays` keep that have a budget, or stand in one that has: for each one of Memory::store_all, sqrt and
/// binomial, so that as few steps as possible are run again. Throws Halide::CompileError where nothing is known to fit.
std::map<const LoopNode *, Memory> chosen_by_budget(const Arrays &arrays);

}  // namespace sylvite
