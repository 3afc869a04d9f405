// The springs program against plain code in f64 that does the same, and its gradient against differences of that.

#include "apps/springs/simulator.h"
#include "tests/apps/springs_plain.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace sylvite::apps {
namespace {

class EachRobot : public testing::TestWithParam<std::string> {};

// The walk of robot a is chaotic: after 681 steps the order in which floats are summed up decides on its second digit, after
// 100 steps on none.
int steps_to_compare(const std::string &robot) { return robot == "a" ? 100 : 681; }

TEST_P(EachRobot, WalksAsThePlainCode) {
    const Robot robot = robot_named(GetParam());
    const Weights weights = drawn(robot, 0);
    const PlainWalk plain(robot, weights);
    for (const int steps : {0, 1, 50, steps_to_compare(GetParam())}) {
        const std::vector<float> got = Simulator(robot).place(weights, steps);
        const Row want = plain.place(steps);
        for (size_t i = 0; i < want.size(); i++) {
            ASSERT_NEAR(got[i], want[i], 2e-6 * (1 + 0.1 * steps)) << i << " after " << steps;
        }
    }
}

// Along random directions.
TEST_P(EachRobot, HasTheGradientOfThePlainCode) {
    const Robot robot = robot_named(GetParam());
    const Weights weights = drawn(robot, 0);
    Weights gradient(robot), direction(robot);
    const int steps = steps_to_compare(GetParam());
    Simulator(robot).loss(weights, steps, gradient);
    std::mt19937 random(1);
    std::normal_distribution<float> normal;
    for (int i = 0; i < 3; i++) {
        double product = 0;
        for (int p = 0; p < Weights::parts; p++) {
            for (size_t k = 0; k < direction.part[p].size(); k++) {
                direction.part[p][k] = normal(random);
                product += double(direction.part[p][k]) * gradient.part[p][k];
            }
        }
        const double h = 1e-6;
        PlainWalk before(robot, weights), after(robot, weights);
        before.move(direction, -h);
        after.move(direction, h);
        const double difference = (before.place(steps)[0] - after.place(steps)[0]) / (2 * h);
        EXPECT_NEAR(product, difference, 1e-4 * gradient.norm()) << "of norm " << gradient.norm();
    }
}

INSTANTIATE_TEST_SUITE_P(Robots, EachRobot, testing::ValuesIn(robot_names()));

double plain_net_loss(const Robot &net, const std::vector<float> &goal, int steps, const Row &length,
                      const Row &stiffness) {
    Row x(net.place.begin(), net.place.end()), v(x.size(), 0.0);
    for (int t = 0; t < steps; t++) {
        plain_step(net, length, stiffness, x, v);
    }
    double loss = 0;
    for (size_t i = 0; i < x.size(); i++) {
        loss += (x[i] - goal[i]) * (x[i] - goal[i]) / net.masses;
    }
    return loss;
}

// It falls, touches the ground after 20 steps and comes to rest.
TEST(SpringsNet, HasTheLossAndTheGradientOfThePlainCode) {
    const Robot robot = net(3, 0.003);
    EXPECT_EQ(robot.masses, 16);
    EXPECT_EQ(robot.springs, 2 * 3 * 4 + 2 * 9);
    const std::vector<float> goal = net(3, 0).place;
    const NetSimulator simulator(robot, goal);
    const Row length(robot.length.begin(), robot.length.end()),
        stiffness(robot.stiffness.begin(), robot.stiffness.end());
    std::mt19937 random(1);
    std::normal_distribution<double> normal;
    for (const int steps : {0, 1, 50, 500}) {
        std::vector<float> place;
        const double want = plain_net_loss(robot, goal, steps, length, stiffness);
        EXPECT_NEAR(simulator.loss(steps, place), want, 1e-5 * want) << steps;
        NetSimulator::Gradient gradient;
        EXPECT_NEAR(simulator.loss(steps, gradient), want, 1e-5 * want) << steps;
        for (int i = 0; i < 3; i++) {
            Row longer = length, shorter = length, stiffer = stiffness, softer = stiffness;
            double product = 0, size = 0;
            const double h = 1e-6;
            for (int s = 0; s < robot.springs; s++) {
                // Lengths are of 0.05, stiffnesses of 1e4.
                const double d = normal(random), e = 2e5 * normal(random);
                longer[s] += h * d, shorter[s] -= h * d;
                stiffer[s] += h * e, softer[s] -= h * e;
                const double a = d * gradient.length[s], b = e * gradient.stiffness[s];
                product += a + b;
                size += a * a + b * b;
            }
            const double difference = (plain_net_loss(robot, goal, steps, longer, stiffer) -
                                       plain_net_loss(robot, goal, steps, shorter, softer)) /
                                      (2 * h);
            EXPECT_NEAR(product, difference, 1e-3 * std::sqrt(size)) << steps;
        }
    }
}

// Of Taichi 1.7.4 with the same seed: mass_spring.py 1 train, and 3.
TEST(Springs, BeginAsDiffTaichiDoes) {
    for (const auto &[name, loss] : {std::pair("b", -0.21531614661216736), {"d", -0.2279285043478012}}) {
        const Robot robot = robot_named(name);
        Weights gradient(robot);
        EXPECT_NEAR(Simulator(robot).loss(drawn(robot, 0), 681, gradient), loss, 2e-6) << name;
    }
}

TEST(Springs, LearnKeepsTheBestAndStopsWhenItIsTold) {
    const Robot robot = robot_named("a");
    // A parabola around 3 in the first hidden bias.
    const Walk walk = [](const Weights &at, Weights &gradient) {
        const double x = at.part[4][0] - 3;
        gradient.part[4][0] = static_cast<float>(2 * x);
        return x * x;
    };
    const Learnt learnt = learn(Weights(robot), walk, 8, 0.5, [](const auto &) { return true; });
    EXPECT_EQ(learnt.losses.size(), 7u) << "ends where the gradient is 0";
    EXPECT_FLOAT_EQ(learnt.weights.part[4][0], 3);
    const Learnt stopped = learn(Weights(robot), walk, 8, 4, [](const auto &losses) { return losses.size() < 3; });
    EXPECT_EQ(stopped.losses.size(), 3u);
    EXPECT_FLOAT_EQ(stopped.weights.part[4][0], 4) << "the lowest was the second";
    // 0, 4, 0, 4 ... for 25 steps after the lowest; 2, 4, 2 ...; then steps are short enough.
    const Learnt patient = learn(Weights(robot), walk, 100, 4, [](const auto &) { return true; });
    EXPECT_EQ(patient.losses.size(), 53u);
    EXPECT_FLOAT_EQ(patient.weights.part[4][0], 3);
    // Nothing is finite beyond 3.5: 0, 4, 2, 4, 3.
    const Walk cliff = [&](const Weights &at, Weights &gradient) {
        const double loss = walk(at, gradient);
        return at.part[4][0] > 3.5f ? NAN : loss;
    };
    const Learnt careful = learn(Weights(robot), cliff, 3, 4, [](const auto &) { return true; });
    EXPECT_EQ(careful.losses, (std::vector<double>{9, INFINITY, 1, INFINITY}));
    EXPECT_FLOAT_EQ(careful.weights.part[4][0], 2);
    EXPECT_FLOAT_EQ(learn(Weights(robot), cliff, 4, 4, [](const auto &) { return true; }).weights.part[4][0], 3);
    EXPECT_THROW(
        learn(
            Weights(robot), [](const Weights &, Weights &) { return NAN; }, 8, 1, [](const auto &) { return true; }),
        std::runtime_error);
}

}  // namespace
}  // namespace sylvite::apps
