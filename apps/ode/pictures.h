#pragma once

#include "apps/ode/setup.h"

#include <map>
#include <string>
#include <vector>

namespace sylvite::apps {

/// What came of a search. Ends of experiments are unknown by unknown within experiment by experiment.
struct Findings {
    std::vector<double> until;                       ///< when each experiment ended
    std::vector<double> seen, guessed, found;        ///< ends: seen, and with the parameters guessed and found
    std::vector<double> losses;                      ///< after each evaluation
    std::vector<double> times, course;               ///< of the first experiment, with the parameters found
    std::vector<std::vector<double>> sensitivities;  ///< of `course` by the logarithm of each parameter
};

/// The pictures, PNG files by name. `story.png`: what was seen in grey, with the guess in orange and as found in blue.
/// `sensitivities.png`: the course of the first unknown in grey, its derivatives in blue, orange and green. `loss.png`.
std::map<std::string, std::string> pictures(const Setup &setup, const Findings &findings);

}  // namespace sylvite::apps
