#pragma once

#include <functional>
#include <vector>

namespace sylvite::apps {

using Surface = std::vector<float>;

/// Mean squared difference of `photograph` and what `surface` becomes, and its gradient by the surface. Waves add up,
/// so for a linear map S and m cells it is |S surface - photograph|^2 / m.
using Misfit = std::function<double(const Surface &surface, const Surface &photograph, Surface &gradient)>;

/// What `fit_surface` found. `losses[i]` is the loss after i iterations, `losses[0]` that of the flat surface.
struct Fit {
    Surface surface;
    std::vector<double> losses;
};

/// The surface that becomes `photograph`, by `iterations` conjugate gradient steps on the normal equations
/// S'S surface = S' photograph (Hestenes and Stiefel 1952, section 10), starting from the flat surface.
///
/// Each iteration is one evaluation of `misfit`; one more before and one after them measure the first and last loss.
/// Stops early where the gradient vanishes. `report` is given all losses so far after each iteration, and ends the search where
/// it returns false.
/// Throws std::runtime_error when a loss or gradient is not finite.
Fit fit_surface(const Surface &photograph, const Misfit &misfit, int iterations,
                const std::function<bool(const std::vector<double> &losses)> &report);

}  // namespace sylvite::apps
