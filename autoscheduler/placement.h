#pragma once

#include "autoscheduler/analysis.h"

#include <set>

namespace sylvite {

/// Where a stage is computed.
struct Placement {
    enum class Kind { inlined, root, at } kind = Kind::root;
    size_t reader = 0;  ///< at: the stage in whose outermost loop
    int64_t rows = 0;   ///< of a stage that others are at: how many of its outermost iterations they serve at a time
    double operations_at = 0;  ///< of a stage that others are at: what they do, all together
};

/// What is decided about a kernel as a whole.
struct Plan {
    std::vector<Placement> placements;            ///< of the stages, in their order
    std::vector<std::vector<double>> operations;  ///< of a stage's definitions, what is inlined included
    std::vector<std::vector<int>> arrays;         ///< that they read and write, likewise; empty where there is no limit
};

/// Chooses where stages are computed. Stages in `plain` have serial loops, so nothing is placed in them; stages in
/// `kept` are placed by the caller: a value of true means that it is inlined.
Plan place(const std::vector<StageInfo> &stages, const TargetRow &target, const Estimates &estimates,
           const std::set<std::string> &plain, const std::map<std::string, bool> &kept);

}  // namespace sylvite
