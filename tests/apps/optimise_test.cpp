#include "apps/wave/optimise.h"

#include <Eigen/Dense>
#include <gmock/gmock.h>

#include <cmath>
#include <random>

namespace sylvite::apps {
namespace {

using Eigen::Map;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr int cells = 7;

MatrixXd random_map(int seed) {
    std::mt19937 random(seed);
    std::normal_distribution<double> normal;
    return MatrixXd::NullaryExpr(cells, cells, [&] { return normal(random); }) + 3 * MatrixXd::Identity(cells, cells);
}

VectorXd as_vector(const Surface &surface) { return Map<const Eigen::VectorXf>(surface.data(), cells).cast<double>(); }

/// |S surface - photograph|^2 / cells, and how often it was asked for.
struct LinearMisfit {
    MatrixXd map;
    int evaluations = 0;

    double operator()(const Surface &surface, const Surface &photograph, Surface &gradient) {
        evaluations++;
        const VectorXd difference = map * as_vector(surface) - as_vector(photograph);
        Map<Eigen::VectorXf>(gradient.data(), cells) = (map.transpose() * difference * 2 / cells).cast<float>();
        return difference.squaredNorm() / cells;
    }
};

const Surface photograph = {0.5f, -0.25f, 0.125f, 0.0f, -1.0f, 0.75f, 0.3f};
const auto silent = [](const std::vector<double> &) { return true; };

TEST(FitSurface, SolvesALinearProblemInAsManyStepsAsItHasUnknowns) {
    LinearMisfit misfit{random_map(1)};
    const Fit fit = fit_surface(photograph, std::ref(misfit), 2 * cells, silent);
    const VectorXd exact = misfit.map.colPivHouseholderQr().solve(as_vector(photograph));
    EXPECT_LT((as_vector(fit.surface) - exact).norm(), 1e-4 * exact.norm());
    EXPECT_LT(fit.losses.back(), 1e-9 * fit.losses.front());
}

TEST(FitSurface, ReportsTheLossOfEachIteration) {
    LinearMisfit misfit{random_map(2)};
    std::vector<double> reported;
    const Fit fit = fit_surface(photograph, std::ref(misfit), 4, [&](const std::vector<double> &losses) {
        EXPECT_EQ(losses.size(), reported.size() + 2);
        reported.push_back(losses.back());
        return true;
    });
    ASSERT_EQ(fit.losses.size(), 5);
    EXPECT_EQ(misfit.evaluations, 4 + 2) << "one evaluation an iteration, and the first and the last loss";
    EXPECT_DOUBLE_EQ(fit.losses[0], as_vector(photograph).squaredNorm() / cells);
    for (int i = 1; i <= 4; i++) {
        // The best surface in a Krylov space that grows: the first i iterations of a longer run are the shorter run.
        LinearMisfit again{misfit.map};
        const Fit shorter = fit_surface(photograph, std::ref(again), i, silent);
        Surface gradient(cells);
        const double measured = again(shorter.surface, photograph, gradient);
        EXPECT_NEAR(reported[i - 1], measured, 1e-5 * fit.losses[0]);
        EXPECT_LT(fit.losses[i], fit.losses[i - 1]);
    }
}

TEST(FitSurface, StopsWhereTheReportSaysSo) {
    LinearMisfit misfit{random_map(2)};
    const Fit fit = fit_surface(photograph, std::ref(misfit), 4,
                                [](const std::vector<double> &losses) { return losses.size() < 3; });
    ASSERT_EQ(fit.losses.size(), 3);
    Surface gradient(cells);
    EXPECT_DOUBLE_EQ(fit.losses.back(), misfit(fit.surface, photograph, gradient));
}

TEST(FitSurface, StopsWhereTheGradientVanishes) {
    LinearMisfit misfit{random_map(3)};
    const Fit fit = fit_surface(Surface(cells, 0.0f), std::ref(misfit), 9, silent);
    EXPECT_EQ(fit.losses, std::vector<double>{0});
    EXPECT_EQ(fit.surface, Surface(cells, 0.0f));
}

TEST(FitSurface, RefusesLossesThatAreNotFinite) {
    for (const double bad : {double(NAN), double(INFINITY)}) {
        for (const int when : {1, 3}) {
            LinearMisfit misfit{random_map(4)};
            const auto broken = [&](const Surface &surface, const Surface &against, Surface &gradient) {
                const double loss = misfit(surface, against, gradient);
                return misfit.evaluations == when ? bad : loss;
            };
            try {
                fit_surface(photograph, broken, 5, silent);
                FAIL() << "no error";
            } catch (const std::runtime_error &error) {
                EXPECT_EQ(std::string(error.what()), "the loss is not finite after " + std::to_string(when - 1) +
                                                         " iterations: the waves grow without bound");
            }
        }
    }
}

}  // namespace
}  // namespace sylvite::apps
