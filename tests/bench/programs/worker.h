#pragma once

#include <functional>
#include <string>

namespace sylvite::bench {

/// One implementation of a workload, as the runner (tests/bench/measure.py) drives it.
struct Worker {
    std::function<double()> forward;   ///< runs it once; returns the loss
    std::function<double()> gradient;  ///< runs it with its gradient once; returns the norm of the gradient
    /// Writes what it computes to files in a folder; may be empty.
    std::function<void(const std::string &folder)> save = {};
};

/// Answers commands on standard input, one a line, until it ends. `forward N` and `gradient N` run that many times and
/// answer with one line of JSON: {"cpu_ms", "wall_ms", "result", "peak_mb"}: processor time of all threads and elapsed
/// time, each per run, what the last run returned, and the growth of the process since the first command. `save FOLDER`
/// calls `save` and answers with {}.
int serve(const Worker &worker);

/// Length of a vector of `size` floats.
double norm(const float *values, int size);

/// The surface (`which` 0) and the photograph (`which` 1) of the wave workload at cell (x, y); peers/wave_jax.py has
/// the same.
float example_surface(int which, int x, int y);

}  // namespace sylvite::bench
