#pragma once

#include <functional>
#include <vector>

namespace sylvite::apps {

using Point = std::vector<float>;

/// The loss at a point, and its gradient there.
using Objective = std::function<double(const Point &at, Point &gradient)>;

struct MinimiseOptions {
    int evaluations = 150;    ///< of the objective, at most
    double first_rate = 100;  ///< the first step is this times the gradient
    int memory = 10;          ///< how many steps the curvature is learnt from
};

/// What `minimise` found. `losses[i]` is the lowest loss after i + 1 evaluations, `losses[0]` that of the start.
struct Minimum {
    Point point;
    std::vector<double> losses;
};

/// A point of low loss, by L-BFGS (Nocedal and Wright, Numerical Optimization, algorithm 7.5) with the line search of
/// Lewis and Overton (Nonsmooth optimization via quasi-Newton methods, 2013, algorithm 4.6), which takes the kinks of
/// interpolation. Each evaluation is reported; ends early where `report` returns false or nothing lowers the loss.
/// Throws std::runtime_error when the loss at the start is not finite; elsewhere that counts as too high.
Minimum minimise(const Point &start, const Objective &objective, const MinimiseOptions &options,
                 const std::function<bool(const std::vector<double> &losses)> &report);

}  // namespace sylvite::apps
