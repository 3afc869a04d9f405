#include "apps/mpm/learn.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

namespace sylvite::apps {

Learnt learn(const Point &start, const Objective &objective, int steps, double rate,
             const std::function<bool(const std::vector<double> &losses)> &report) {
    Point here = start, gradient(start.size()), best_gradient = gradient;
    Learnt found{start, {}};
    double lowest = INFINITY;
    for (int i = 0; i <= steps; i++) {
        const double loss = objective(here, gradient);
        const bool is_finite = std::isfinite(loss) &&
                               std::all_of(gradient.begin(), gradient.end(), [](float g) { return std::isfinite(g); });
        if (!is_finite && i == 0) {
            throw std::runtime_error("the " + std::string(std::isfinite(loss) ? "gradient" : "loss") +
                                     " is not finite at the start: take fewer steps or another seed");
        }
        found.losses.push_back(is_finite ? loss : INFINITY);
        if (!is_finite) {
            here = found.controls;
            gradient = best_gradient;
            rate /= 2;
        } else if (loss < lowest) {
            lowest = loss;
            found.controls = here;
            best_gradient = gradient;
        }
        if (!report(found.losses) || std::all_of(gradient.begin(), gradient.end(), [](float g) { return g == 0; })) {
            break;
        }
        for (size_t k = 0; k < here.size(); k++) {
            here[k] -= static_cast<float>(rate) * gradient[k];
        }
    }
    return found;
}

}  // namespace sylvite::apps
