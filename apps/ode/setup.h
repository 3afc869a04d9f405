#pragma once

#include <map>
#include <string>
#include <vector>

namespace sylvite::apps {

/// Experiments with one set of equations, all of the same parameters: what is known of them before they are made.
struct Setup {
    std::vector<std::string> unknowns, parameters;
    std::vector<double> truth;  ///< the parameters that the experiments are made with
    std::vector<double> guess;  ///< those that a search begins with
    std::vector<double> size;   ///< of the unknowns, roughly
    double until;               ///< when the last experiment ends
    bool in_decades;            ///< whether times of interest are spread over decades
    std::string time;           ///< what a time axis is called
    /// The unknowns at first in one of `count` experiments.
    std::vector<double> (*start)(int experiment, int count);
};

/// Van der Pol's oscillator and Robertson's reaction, by the names of their equations in problem.h.
const std::map<std::string, Setup> &setups();

/// `count` times up to `until`, evenly spread, or over six decades.
std::vector<double> times_of(const Setup &setup, double until, int count);

}  // namespace sylvite::apps
