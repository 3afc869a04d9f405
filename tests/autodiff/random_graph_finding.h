#pragma once

#include "random_graph_check.h"

#include <functional>

namespace sylvite::testing {

/// Runs `check`, which sets `graph` to the text of the graph and returns what is wrong, or throws.
Finding judge(GraphStatistics &statistics, const std::function<std::string(std::string &graph)> &check);

}  // namespace sylvite::testing
