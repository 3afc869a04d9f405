#include "apps/springs/controller.h"

#include "apps/springs/sizes.h"
#include "apps/support/normal.h"

#include <cmath>
#include <stdexcept>

namespace sylvite::apps {

namespace {

enum Part { clock, posture, motion, way, hidden_bias, muscle, muscle_bias };

}  // namespace

Weights::Weights(const Robot &robot) {
    using namespace springs_sizes;
    const auto n = static_cast<size_t>(robot.masses), m = static_cast<size_t>(robot.springs), h = size_t(hidden);
    const std::array<size_t, parts> sizes{h * signals, h * n * 2, h * n * 2, h * 2, h, m * h, m};
    for (int p = 0; p < parts; p++) {
        part[p].assign(sizes[p], 0.0f);
    }
}

double Weights::norm() const {
    double sum = 0;
    for (const std::vector<float> &values : part) {
        for (float value : values) {
            sum += double(value) * value;
        }
    }
    return std::sqrt(sum);
}

Weights drawn(const Robot &robot, unsigned seed) {
    using namespace springs_sizes;
    Normal normal(seed);
    Weights weights(robot);
    const int n = robot.masses, m = robot.springs, inputs = signals + 4 * n + 2;
    const double inner = 2 * std::sqrt(2.0 / (hidden + inputs)), outer = 3 * std::sqrt(2.0 / (hidden + m));
    for (int i = 0; i < hidden; i++) {
        const auto draw = [&](Part p, int j) {
            weights.part[p][j * hidden + i] = static_cast<float>(inner * normal());
        };
        for (int k = 0; k < signals; k++) {
            draw(clock, k);
        }
        for (int mass = 0; mass < n; mass++) {
            draw(posture, mass), draw(posture, n + mass);
            draw(motion, mass), draw(motion, n + mass);
        }
        draw(way, 0), draw(way, 1);
    }
    for (int s = 0; s < m; s++) {
        for (int j = 0; j < hidden; j++) {
            weights.part[muscle][j * m + s] = static_cast<float>(outer * normal());
        }
    }
    return weights;
}

Learnt learn(const Weights &start, const Walk &walk, int steps, double rate,
             const std::function<bool(const std::vector<double> &losses)> &report) {
    constexpr int patience = 25;  // steps
    Weights weights = start, gradient = start, best_gradient = start;
    Learnt found{start, {}};
    double lowest = INFINITY;
    int in_vain = 0;
    for (int i = 0; i <= steps; i++) {
        const double loss = walk(weights, gradient);
        const bool is_finite = std::isfinite(loss) && std::isfinite(gradient.norm());
        if (!is_finite && i == 0) {
            throw std::runtime_error("the " + std::string(std::isfinite(loss) ? "gradient" : "loss") +
                                     " is not finite at the start: the springs are too stiff");
        }
        found.losses.push_back(is_finite ? loss : INFINITY);
        if (is_finite && loss < lowest) {
            lowest = loss;
            found.weights = weights;
            best_gradient = gradient;
            in_vain = 0;
        } else if (++in_vain == patience || !is_finite) {
            weights = found.weights;
            gradient = best_gradient;
            rate /= 2;
            in_vain = 0;
        }
        const double norm = gradient.norm();
        if (!report(found.losses) || norm == 0) {
            break;
        }
        for (int p = 0; p < Weights::parts; p++) {
            for (size_t k = 0; k < weights.part[p].size(); k++) {
                weights.part[p][k] -= static_cast<float>(rate / norm) * gradient.part[p][k];
            }
        }
    }
    return found;
}

}  // namespace sylvite::apps
