#pragma once

#include "apps/mpm/scene.h"
#include "apps/support/film.h"
#include "apps/support/minimise.h"

namespace sylvite::apps {

/// How many numbers control the actuators of a scene: the weights (actuators, waves), then the biases (actuators).
size_t controls(const Scene &scene);

/// Controls drawn as DiffTaichi's diffmpm draws them after `numpy.random.seed(seed)`: normal weights times 0.01, no biases.
Point drawn(const Scene &scene, unsigned seed);

/// The compiled programs and their gradients, for one scene. All throw std::runtime_error with the library's message.
class Simulator {
public:
    /// Walls have Coulomb's `friction`, and hold what touches them if it is below 0.
    Simulator(const Scene &scene, float friction) : scene_(scene), friction_(friction) {}

    /// Minus how far to the right the solid particles are on average after `steps` steps, and its gradient by the controls.
    double loss(const Point &controls, int steps, Point &gradient) const;
    /// Where the particles are after `steps` steps, (particles, dimensions).
    std::vector<float> place(const Point &controls, int steps) const;
    /// Where they are at the steps `when` of `steps`.
    Recording walk(const Point &controls, int steps, const std::vector<int> &when) const;

private:
    const Scene &scene_;
    float friction_;
};

}  // namespace sylvite::apps
