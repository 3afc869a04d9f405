#include "apps/wave/optimise.h"

#include <cmath>
#include <numeric>
#include <stdexcept>
#include <string>

namespace sylvite::apps {

namespace {

double dot(const Surface &a, const Surface &b) { return std::inner_product(a.begin(), a.end(), b.begin(), 0.0); }

/// a += factor * b
void add(Surface &a, double factor, const Surface &b) {
    for (size_t i = 0; i < a.size(); i++) {
        a[i] += static_cast<float>(factor) * b[i];
    }
}

void need_finite(double value, const std::string &what, int iteration) {
    if (!std::isfinite(value)) {
        throw std::runtime_error(what + " is not finite after " + std::to_string(iteration) +
                                 " iterations: the waves grow without bound");
    }
}

}  // namespace

Fit fit_surface(const Surface &photograph, const Misfit &misfit, int iterations,
                const std::function<bool(const std::vector<double> &losses)> &report) {
    const Surface nothing(photograph.size(), 0.0f);
    Fit fit{nothing, {}};
    Surface gradient(photograph.size());
    fit.losses.push_back(misfit(fit.surface, photograph, gradient));
    need_finite(fit.losses.back(), "the loss", 0);

    // `descent` is minus the gradient, which the iterations keep up to date without evaluating it at the surface.
    Surface descent(nothing);
    add(descent, -1, gradient);
    Surface direction = descent;
    double steepness = dot(descent, descent);
    need_finite(steepness, "the gradient", 0);

    for (int i = 1; i <= iterations && steepness > 0; i++) {
        // Against an empty photograph the loss is |S direction|^2 / m and the gradient 2 S'S direction / m: all that
        // an exact step along the direction needs.
        const double curvature = misfit(direction, nothing, gradient);
        need_finite(curvature, "the loss", i);
        // The loss along the direction is loss - step * steepness + step^2 * curvature.
        const double step = steepness / (2 * curvature);
        add(fit.surface, step, direction);
        add(descent, -step, gradient);
        fit.losses.push_back(fit.losses.back() - step * steepness / 2);
        need_finite(fit.losses.back(), "the loss", i);
        if (!report(fit.losses)) {
            break;
        }

        const double next = dot(descent, descent);
        for (size_t k = 0; k < direction.size(); k++) {
            direction[k] = descent[k] + static_cast<float>(next / steepness) * direction[k];
        }
        steepness = next;
    }
    fit.losses.back() = misfit(fit.surface, photograph, gradient);
    need_finite(fit.losses.back(), "the loss", static_cast<int>(fit.losses.size()) - 1);
    return fit;
}

}  // namespace sylvite::apps
