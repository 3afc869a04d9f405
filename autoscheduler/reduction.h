#pragma once

#include "autoscheduler/nest.h"

#include <optional>

namespace sylvite {

/// How far a reduction may be split.
struct ReductionLimits {
    int64_t lanes = 1;           ///< partial results side by side in a vector, or threads
    int64_t smallest_lanes = 1;  ///< fewer are not worth it
    int64_t accumulators = 1;    ///< vectors of partial results, where the reduction is long
    int64_t tasks = 1;           ///< pieces for several cores, or thread blocks; 1: none
};

/// A reduction that is done in parts: `total() += f(r.x, r.y)` becomes partial results for lanes and tasks, which the
/// update that is left adds up. The order is fixed, so the result does not depend on the number of threads.
struct SplitReduction {
    std::string stage, partial_name;
    int update = 0;
    std::string lane, task;  ///< dimensions of the partial Func; empty where there is none
    std::string lane_sum;    ///< the loop of `rest` over the lanes
    Nest rest;               ///< of the update, which adds the parts up
    Nest partial;            ///< of the partial Func's first definition
    Nest partial_update;
    bool per_element = false;  ///< there are many elements, each with parts of its own
    std::string at;            ///< the loop of `stage` in which the parts are computed; empty: at root

    /// The directives of all three, with where the partial Func is computed.
    std::vector<StageSchedule> stages() const;
};

/// How to split update d - 1 of a stage, if that is worth it: when its elements are too few for vectors or cores, or are
/// read along the reduction.
std::optional<SplitReduction> split_reduction(const StageInfo &stage, int d, const ReductionLimits &limits,
                                              std::set<std::string> &taken);

}  // namespace sylvite
