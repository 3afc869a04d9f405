#pragma once

#include "random_graph_check.h"

#include <functional>
#include <stdexcept>

namespace sylvite::testing {

/// Thrown by a check where the graph cannot be checked, whatever its derivatives are.
class Uncheckable : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Runs `check`, which sets `graph` to the text of the graph and returns what is wrong, or throws.
Finding judge(GraphStatistics &statistics, const std::function<std::string(std::string &graph)> &check);

}  // namespace sylvite::testing
