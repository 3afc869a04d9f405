#include "apps/mpm/learn.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

namespace sylvite::apps {

Learnt learn(const Point &start, const Objective &objective, int steps, double rate,
             const std::function<bool(const std::vector<double> &losses)> &report) {
    Point here = start, gradient(start.size());
    Learnt found{start, {}};
    double lowest = INFINITY;
    for (int i = 0; i <= steps; i++) {
        const double loss = objective(here, gradient);
        const bool is_finite = std::all_of(gradient.begin(), gradient.end(), [](float g) { return std::isfinite(g); });
        if (!std::isfinite(loss) || !is_finite) {
            throw std::runtime_error("the " + std::string(std::isfinite(loss) ? "gradient" : "loss") +
                                     " is not finite after " + std::to_string(i) + " steps: take a lower rate");
        }
        found.losses.push_back(loss);
        if (loss < lowest) {
            lowest = loss;
            found.controls = here;
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
