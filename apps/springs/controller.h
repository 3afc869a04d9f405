#pragma once

#include "apps/springs/robot.h"

#include <functional>
#include <vector>

namespace sylvite::apps {

/// The weights of a controller in the order of the program's inputs: clock, posture, motion, way, hidden_bias, muscle,
/// muscle_bias; each with the first index innermost.
struct Weights {
    static constexpr int parts = 7;
    std::array<std::vector<float>, parts> part;

    /// As many as a robot needs, all 0.
    explicit Weights(const Robot &robot);
    double norm() const;
};

/// Weights drawn as DiffTaichi's mass_spring draws them after `numpy.random.seed(seed)`: normal, of variance
/// 8 / (hidden + inputs) and 18 / (hidden + springs); the biases are 0.
Weights drawn(const Robot &robot, unsigned seed);

/// The loss of a controller, and its gradient.
using Walk = std::function<double(const Weights &at, Weights &gradient)>;

/// What `learn` found. `losses[i]` is the loss after i steps, infinite where it or its gradient is not finite.
struct Learnt {
    Weights weights;  ///< those of the lowest loss
    std::vector<double> losses;
};

/// Goes `steps` steps of length `rate` against the gradient. Where 25 of them find no lower loss, or one a loss or gradient that
/// is not finite, goes on from the lowest with half their length: walks are chaotic, so long steps wander about. Losses are
/// reported as they come; ends early where `report` returns false. Throws std::runtime_error when the loss or gradient is not
/// finite at the start.
Learnt learn(const Weights &start, const Walk &walk, int steps, double rate,
             const std::function<bool(const std::vector<double> &losses)> &report);

}  // namespace sylvite::apps
