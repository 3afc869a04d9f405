#pragma once

#include "apps/springs/controller.h"

namespace sylvite::apps {

/// The compiled program and its gradient, for one robot. All throw std::runtime_error with the library's message.
class Simulator {
public:
    explicit Simulator(const Robot &robot) : robot_(robot) {}

    /// Minus how far the head gets in `steps` steps, and its gradient by the weights.
    double loss(const Weights &weights, int steps, Weights &gradient) const;
    /// Where the masses are after `steps` steps, (masses, 2).
    std::vector<float> place(const Weights &weights, int steps) const;

private:
    const Robot &robot_;
};

}  // namespace sylvite::apps
