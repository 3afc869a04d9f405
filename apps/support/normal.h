#pragma once

#include <cmath>
#include <optional>
#include <random>

namespace sylvite::apps {

/// numpy.random.randn() after numpy.random.seed(), by the polar method (Marsaglia and Bray 1964).
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

}  // namespace sylvite::apps
