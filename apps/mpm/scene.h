#pragma once

#include <string>
#include <vector>

namespace sylvite::apps {

/// Particles at rest in a box 1 m wide. Arrays are as the program wants them, the first index innermost.
struct Scene {
    int dimensions = 2, cells = 0, particles = 0, actuators = 0;
    int steps = 0;              ///< that DiffTaichi makes
    double rate = 0;            ///< of its descent
    std::vector<float> place;   ///< (particles, dimensions), m
    std::vector<int> material;  ///< (particles), 0 for fluids and 1 for solids
    std::vector<int> actuator;  ///< (particles), -1 for none
};

/// The names that scene_named() knows.
std::vector<std::string> scene_names();

/// `robot` and `fish` of DiffTaichi's diffmpm, with 128 x 128 cells, the first solid, the second in water; `robot3d` of its
/// diffmpm3d, with 64 cells each way. Throws std::runtime_error for other names.
Scene scene_named(const std::string &name);

/// A solid block of count x count particles with four actuators side by side, for measurements.
Scene block(int count, int cells);

}  // namespace sylvite::apps
