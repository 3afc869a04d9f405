#pragma once

#include "autoscheduler/autoschedule.h"
#include "targets/compile.h"

#include <string>
#include <utility>
#include <vector>

namespace sylvite::bench {

/// What an input of a workload holds: uniform random numbers of [low, high).
struct Range {
    double low = -1, high = 1;
};

/// The schedule in `file`, if there is such a file, completed by the autoscheduler for this machine.
Schedule schedule_for(const Program &program, const std::string &file);

/// A compiled program with the Buffers that it reads and writes.
struct Runnable {
    Executable executable;
    NamedArguments arguments;
    std::vector<std::pair<std::string, Halide::Buffer<>>> outputs;

    /// Runs it; returns the first element of the first output.
    double run() const;
    /// Runs it and writes output i, as it lies in memory, to a file called i.
    void save(const std::string &folder) const;
};

/// `program`, whose extents are constants and whose inputs are arrays, with input i filled by `ranges[i]` as noise() of
/// peers/inputs.py does it.
Runnable make(const Program &program, const Schedule &schedule, const std::vector<Range> &ranges);

}  // namespace sylvite::bench
