#include "rule_check.h"

namespace sylvite::testing {

using namespace Halide;

namespace {

// Halide's functions that are no single operation, and operations in forms that the rows do not show.
const std::vector<Example> compound = {
    {"fast_exp",
     [](auto &a) { return cast(a[0].type(), fast_exp(cast<float>(a[0]))); },
     {{-2, 2}},
     [](auto &a) { return exp(a[0]); },
     3e-2},
    {"fast_sin",
     [](auto &a) { return cast(a[0].type(), fast_sin(cast<float>(a[0]))); },
     {{-4, 4}},
     [](auto &a) { return sin(a[0]); },
     1e-3},
    {"fast_cos",
     [](auto &a) { return cast(a[0].type(), fast_cos(cast<float>(a[0]))); },
     {{-4, 4}},
     [](auto &a) { return cos(a[0]); },
     1e-3},
    {"fast_pow",
     [](auto &a) { return cast(a[0].type(), fast_pow(cast<float>(a[0]), cast<float>(a[1]))); },
     {{0.3, 3}, {-2, 2}},
     [](auto &a) { return pow(a[0], a[1]); },
     3e-2},
    {"hypot", [](auto &a) { return hypot(a[0], a[1]); }, {{0.2, 2}, {-2, 2}}},
    {"fract", [](auto &a) { return fract(a[0]) * a[0]; }, {{1.1, 1.9}}},
    {"clamp", [](auto &a) { return clamp(a[0], a[1], a[2]) * a[0]; }, {{-2, 2}, {-3, -2.1}, {2.1, 3}}},
    {"clamp below", [](auto &a) { return clamp(a[0], a[1], a[2]) * a[0]; }, {{-4, -3}, {-2, -1}, {2, 3}}},
    {"pow with an integer", [](auto &a) { return pow(a[0], 3) + pow(a[0], -2); }, {{-2, -0.4}}},
    {"select of many",
     [](auto &a) { return select(a[0] < -1, sin(a[1]), a[0] < 0, a[1] * a[1], a[0] < 1, exp(a[1]), a[0] * a[1]); },
     {{-2, 2}, {-2, 2}}},
    {"lerp by float of another type",
     [](auto &a) { return lerp(a[0], a[1], cast<float>(a[2])); },
     {{-2, 2}, {-2, 2}, {0.1, 0.9}},
     [](auto &a) { return a[0] + a[2] * (a[1] - a[0]); },
     1e-4},
    {"lerp by integer",
     [](auto &a) { return lerp(a[0], a[1] * a[1], cast<uint8_t>(51)); },
     {{-2, 2}, {-2, 2}},
     [](auto &a) { return a[0] + (a[1] * a[1] - a[0]) / 5; },
     1e-9},
    {"square root of a square",
     [](auto &a) { return sqrt(a[0] * a[0] + a[1] * a[1]) * atan2(a[1], a[0]); },
     {{0.2, 2}, {0.2, 2}}},
    {"print", [](auto &a) { return print_when(a[0] > 100, a[0] * a[0]); }, {{-2, 2}}},
    {"sigmoid", [](auto &a) { return 1 / (1 + exp(-a[0])); }, {{-4, 4}}},
    {"halves",
     [](auto &a) { return cast(a[0].type(), cast<float>(cast<double>(a[0]))) * a[0]; },
     {{-2, 2}},
     [](auto &a) { return a[0] * a[0]; },
     1e-5},
};

}  // namespace

const std::vector<Example> &compound_functions() { return compound; }

}  // namespace sylvite::testing
