#include "apps/springs/controller.h"

#include "apps/springs/sizes.h"

#include <cmath>
#include <optional>
#include <random>
#include <stdexcept>

namespace sylvite::apps {

namespace {

enum Part { clock, posture, motion, way, hidden_bias, muscle, muscle_bias };

// numpy.random.randn() after numpy.random.seed(), by the polar method (Marsaglia and Bray 1964).
class Normal {
public:
    explicit Normal(unsigned seed) : bits_(seed) {}

    double operator()() {
        if (spare_) {
            const double value = *spare_;
            spare_.reset();
            return value;
        }
        double a, b, square;
        do {
            a = 2 * uniform() - 1;
            b = 2 * uniform() - 1;
            square = a * a + b * b;
        } while (square >= 1 || square == 0);
        const double scale = std::sqrt(-2 * std::log(square) / square);
        spare_ = scale * a;
        return scale * b;
    }

private:
    std::mt19937 bits_;
    std::optional<double> spare_;

    // In [0, 1), of 53 bits.
    double uniform() {
        const auto high = static_cast<double>(bits_() >> 5), low = static_cast<double>(bits_() >> 6);
        return (high * 67108864.0 + low) / 9007199254740992.0;
    }
};

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
    Weights weights = start, gradient = start;
    Learnt found{start, {}};
    double lowest = INFINITY;
    for (int i = 0; i <= steps; i++) {
        const double loss = walk(weights, gradient), norm = gradient.norm();
        if (!std::isfinite(loss) || !std::isfinite(norm)) {
            throw std::runtime_error("the " + std::string(std::isfinite(loss) ? "gradient" : "loss") +
                                     " is not finite after " + std::to_string(i) + " steps: the springs are too stiff");
        }
        found.losses.push_back(loss);
        if (loss < lowest) {
            lowest = loss;
            found.weights = weights;
        }
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
