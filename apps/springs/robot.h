#pragma once

#include <array>
#include <string>
#include <vector>

namespace sylvite::apps {

/// Masses joined by springs. Arrays are as the program wants them, the first index innermost.
struct Robot {
    int masses = 0, springs = 0;
    std::vector<float> place;                     ///< (masses, 2), m
    std::vector<int> ends;                        ///< (springs, 2), masses
    std::vector<float> length, stiffness, reach;  ///< (springs)
};

/// The names that robot_named() knows.
std::vector<std::string> robot_names();

/// One of the robots of DiffTaichi's mass_spring: `a` of single springs, `b`, `c` and `d` of squares of 5 cm with diagonals.
/// Mass 0 is the head. Throws std::runtime_error for other names.
Robot robot_named(const std::string &name);

/// A net of `squares` x `squares` squares of 5 cm with their diagonals, all springs of one stiffness and without reach, whose
/// lower edge hangs `height` m above the ground.
Robot net(int squares, double height);

}  // namespace sylvite::apps
