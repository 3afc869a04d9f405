#pragma once

#include "frontend/program.h"

namespace sylvite {

/// The program with a policy chosen for each loop under a Memory::budget, and every loop that keeps by Memory::sqrt written as a loop over segments of about sqrt(n) steps.
///
/// When the reverse sweep then keeps all states of both loops, the outer one keeps the heads of the segments, and the
/// inner one, which is run again for each segment, the states within: about 2 sqrt(n) in place of n.
Program with_segments(const Program &program);

}  // namespace sylvite
