#pragma once

#include "tests/autodiff/random_graph_check.h"

#include <functional>

namespace sylvite::testing {

/// Runs `check` in a process of its own, so that a crash is a finding like any other. What takes more than
/// `seconds` of processor time is one too. Adds to `statistics` what the check counted.
Finding run_apart(const std::function<Finding(GraphStatistics &)> &check, unsigned seconds,
                  GraphStatistics &statistics);

}  // namespace sylvite::testing
