#pragma once

#include "autoscheduler/placement.h"

namespace sylvite {

/// A stage whose loops are to be chosen.
struct LoopsWanted {
    const StageInfo &stage;
    const Placement &placement;
    const TargetRow &target;
    const std::vector<double> &operations;  ///< of its definitions, what is inlined included
    const std::vector<int> &arrays;         ///< that they read and write, likewise; empty where there is no limit
    std::set<std::string> &taken;           ///< names of stages; those made are added
    bool has_edges;                         ///< whether the kernel has boundary conditions
    std::string strip_loop;                 ///< set when others are computed at it: the loop that they are computed in
};

/// What is said of the loops of a stage's definitions, and of the partial Funcs that split reductions make; nothing of a
/// definition whose loops stay serial.
std::vector<StageSchedule> cpu_loops(LoopsWanted &wanted);
std::vector<StageSchedule> gpu_loops(LoopsWanted &wanted);

}  // namespace sylvite
