#include "apps/support/minimise.h"

#include <gtest/gtest.h>

#include <cmath>

namespace sylvite::apps {
namespace {

const auto go_on = [](const std::vector<double> &) { return true; };

/// Rosenbrock's valley in pairs of coordinates; 0 at (1, 1, ...).
double valley(const Point &at, Point &gradient) {
    double value = 0;
    for (size_t i = 0; i < at.size(); i += 2) {
        const double x = at[i], y = at[i + 1], across = y - x * x;
        value += 100 * across * across + (1 - x) * (1 - x);
        gradient[i] = static_cast<float>(-400 * x * across - 2 * (1 - x));
        gradient[i + 1] = static_cast<float>(200 * across);
    }
    return value;
}

TEST(Minimise, FindsTheEndOfACurvedValley) {
    const Minimum found = minimise({-1.2f, 1, 0, 2}, valley, {.evaluations = 200, .first_rate = 1e-3}, go_on);
    for (const float coordinate : found.point) {
        EXPECT_NEAR(coordinate, 1, 1e-3);
    }
    EXPECT_LE(found.losses.size(), 200);
    Point gradient(4);
    EXPECT_EQ(found.losses.back(), valley(found.point, gradient));
}

TEST(Minimise, TakesAKink) {
    const auto corner = [](const Point &at, Point &gradient) -> double {
        gradient = {at[0] < 0 ? -1.f : 1.f, at[1] < 0 ? -10.f : 10.f};
        return std::abs(at[0]) + 10 * std::abs(at[1]);
    };
    const Minimum found = minimise({3, 2}, corner, {.evaluations = 300, .first_rate = 0.1}, go_on);
    EXPECT_LT(found.losses.back(), 1e-2);
}

TEST(Minimise, EvaluatesAsOftenAsItMayAndReportsTheLowestLoss) {
    int evaluations = 0;
    const auto counted = [&](const Point &at, Point &gradient) {
        evaluations++;
        return valley(at, gradient);
    };
    std::vector<double> reported;
    const Minimum found =
        minimise({-1.2f, 1}, counted, {.evaluations = 17, .first_rate = 1e-3}, [&](const std::vector<double> &losses) {
            reported.push_back(losses.back());
            return true;
        });
    EXPECT_EQ(evaluations, 17);
    EXPECT_EQ(reported, found.losses);
    EXPECT_TRUE(std::is_sorted(reported.rbegin(), reported.rend()));
}

TEST(Minimise, EndsWhereItIsToldToAndWhereNothingIsLower) {
    const Minimum told = minimise({-1.2f, 1}, valley, {.evaluations = 100, .first_rate = 1e-3},
                                  [](const std::vector<double> &losses) { return losses.size() < 5; });
    EXPECT_EQ(told.losses.size(), 5);
    const Minimum at_minimum = minimise({1, 1}, valley, {.evaluations = 100}, go_on);
    EXPECT_EQ(at_minimum.losses.size(), 1);
    EXPECT_EQ(at_minimum.point, (Point{1, 1}));
}

TEST(Minimise, StepsBackFromLossesThatAreNotFinite) {
    const auto cliff = [](const Point &at, Point &gradient) -> double {
        gradient = {2 * (at[0] - 2)};
        return at[0] > 2.5f ? NAN : (at[0] - 2) * (at[0] - 2);
    };
    EXPECT_LT(minimise({0}, cliff, {.evaluations = 30, .first_rate = 10}, go_on).losses.back(), 1e-6);
    try {
        minimise({3}, cliff, {}, go_on);
        FAIL() << "no error";
    } catch (const std::runtime_error &error) {
        EXPECT_STREQ(error.what(), "the loss is not finite at the start");
    }
}

}  // namespace
}  // namespace sylvite::apps
