#pragma once

#include "derivative_check.h"

namespace sylvite::testing {

/// Pipelines to differentiate, which compute in the type of their input: all constructs but the following.
const std::vector<Case> &pipelines();
/// Update stages whose iterations read what earlier ones wrote.
const std::vector<Case> &recurrences();
/// Update stages that store several values at once.
const std::vector<Case> &packets();

}  // namespace sylvite::testing
