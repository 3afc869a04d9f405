#include "apps/ode/setup.h"

#include <cmath>

namespace sylvite::apps {

namespace {

/// Places that cover a disc of radius 3 evenly, from its middle outwards, by the golden angle.
std::vector<double> in_a_disc(int experiment, int count) {
    const double angle = M_PI * (3 - std::sqrt(5.0)) * experiment, radius = 3 * std::sqrt((experiment + 0.5) / count);
    return {radius * std::cos(angle), radius * std::sin(angle)};
}

std::vector<double> nothing_but_a(int, int) { return {1, 0, 0}; }

}  // namespace

const std::map<std::string, Setup> &setups() {
    static const std::map<std::string, Setup> all = {
        {"van_der_pol", {{"x", "v"}, {"mu", "k"}, {5, 1}, {2.5, 1.5}, {1, 1}, 8, false, "time", in_a_disc}},
        {"robertson",
         {{"a", "b", "c"},
          {"k1", "k2", "k3"},
          {0.04, 3e7, 1e4},
          {0.1, 1e7, 3e4},
          {1, 3e-5, 1},
          1e4,
          true,
          "time in s",
          nothing_but_a}},
    };
    return all;
}

std::vector<double> times_of(const Setup &setup, double until, int count) {
    std::vector<double> times;
    for (int i = 1; i <= count; i++) {
        times.push_back(until * (setup.in_decades ? std::pow(10, 6.0 * (i - count) / count) : double(i) / count));
    }
    return times;
}

}  // namespace sylvite::apps
