#pragma once

#include "apps/springs/controller.h"
#include "apps/support/film.h"

namespace sylvite::apps {

/// The compiled program and its gradient, for one robot. All throw std::runtime_error with the library's message.
class Simulator {
public:
    explicit Simulator(const Robot &robot) : robot_(robot) {}

    /// Minus how far the head gets in `steps` steps, and its gradient by the weights.
    double loss(const Weights &weights, int steps, Weights &gradient) const;
    /// Where the masses are after `steps` steps, (masses, 2).
    std::vector<float> place(const Weights &weights, int steps) const;
    /// Where they are at the steps `when` of `steps`.
    Recording walk(const Weights &weights, int steps, const std::vector<int> &when) const;

private:
    const Robot &robot_;
};

/// The compiled program of nets and its gradient, for one net that shall get to `wanted` (masses, 2). All throw
/// std::runtime_error with the library's message.
class NetSimulator {
public:
    struct Gradient {
        std::vector<float> length, stiffness;  ///< (springs)
    };

    NetSimulator(const Robot &net, std::vector<float> wanted) : net_(net), wanted_(std::move(wanted)) {}

    /// The mean of the squares of how far the masses are from where they are wanted, after `steps` steps, and where they are,
    /// (masses, 2).
    double loss(int steps, std::vector<float> &place) const;
    /// The same with its gradient, and without places.
    double loss(int steps, Gradient &gradient) const;
    /// Where the masses are at the steps `when` of `steps`.
    Recording walk(int steps, const std::vector<int> &when) const;

private:
    const Robot &net_;
    std::vector<float> wanted_;
};

}  // namespace sylvite::apps
