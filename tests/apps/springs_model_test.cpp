// The springs program against plain code in f64 that does the same, and its gradient against differences of that.

#include "apps/springs/simulator.h"
#include "apps/springs/sizes.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace sylvite::apps {
namespace {

using namespace springs_sizes;
using Row = std::vector<double>;

// A step of masses at x that move with v, joined by springs of lengths `wanted`, as DiffTaichi's mass_spring.py has it, mass
// by mass.
void plain_step(const Robot &robot, const Row &wanted, const Row &stiffness, Row &x, Row &v) {
    const int n = robot.masses, m = robot.springs;
    const double dt = 0.004f, ground = 0.1f;
    Row next(v.size());
    for (int i = 0; i < 2 * n; i++) {
        next[i] = std::exp(-dt * 15) * v[i] + (i < n ? 0 : dt * -4.8f);
    }
    for (int s = 0; s < m; s++) {
        const int a = robot.ends[s], b = robot.ends[m + s];
        const double along[] = {x[a] - x[b], x[n + a] - x[n + b]}, length = std::hypot(along[0], along[1]) + 1e-4f;
        for (int c = 0; c < 2; c++) {
            const double impulse = dt * (length - wanted[s]) * stiffness[s] / length * along[c];
            next[c * n + a] -= impulse;
            next[c * n + b] += impulse;
        }
    }
    for (int i = 0; i < n; i++) {
        double time = dt;
        const bool lands = x[n + i] + dt * next[n + i] < ground && next[n + i] < -1e-4f;
        if (lands) {
            time = -(x[n + i] - ground) / next[n + i];
        }
        for (int c = 0; c < 2; c++) {
            x[c * n + i] += time * next[c * n + i];
            v[c * n + i] = lands ? 0 : next[c * n + i];
        }
    }
}

// A walk.
class PlainWalk {
public:
    PlainWalk(const Robot &robot, const Weights &weights) : robot_(robot) {
        for (int p = 0; p < Weights::parts; p++) {
            weight_[p].assign(weights.part[p].begin(), weights.part[p].end());
        }
    }

    void move(const Weights &direction, double step) {
        for (int p = 0; p < Weights::parts; p++) {
            for (size_t i = 0; i < weight_[p].size(); i++) {
                weight_[p][i] += step * direction.part[p][i];
            }
        }
    }

    Row place(int steps) const {
        Row x(robot_.place.begin(), robot_.place.end()), v(x.size(), 0.0);
        for (int t = 0; t < steps; t++) {
            step(t, x, v);
        }
        return x;
    }

private:
    const Robot &robot_;
    std::array<Row, Weights::parts> weight_;

    Row orders(int t, const Row &x, const Row &v) const {
        const int n = robot_.masses, m = robot_.springs;
        const double dt = 0.004f, goal[] = {0.9f, 0.2f};
        double centre[] = {0, 0};
        for (int c = 0; c < 2; c++) {
            for (int i = 0; i < n; i++) {
                centre[c] += x[c * n + i] / n;
            }
        }
        Row inner = weight_[4], outer = weight_[6];
        for (int h = 0; h < hidden; h++) {
            for (int k = 0; k < signals; k++) {
                inner[h] += weight_[0][k * hidden + h] * std::sin(10 * t * dt + 2 * M_PI / signals * k);
            }
            for (int i = 0; i < 2 * n; i++) {
                inner[h] +=
                    0.05f * (weight_[1][i * hidden + h] * (x[i] - centre[i / n]) + weight_[2][i * hidden + h] * v[i]);
            }
            for (int c = 0; c < 2; c++) {
                inner[h] += weight_[3][c * hidden + h] * (goal[c] - centre[c]);
            }
        }
        for (int s = 0; s < m; s++) {
            for (int h = 0; h < hidden; h++) {
                outer[s] += weight_[5][h * m + s] * std::tanh(inner[h]);
            }
            outer[s] = std::tanh(outer[s]);
        }
        return outer;
    }

    void step(int t, Row &x, Row &v) const {
        Row wanted = orders(t, x, v);
        for (int s = 0; s < robot_.springs; s++) {
            wanted[s] = robot_.length[s] * (1 + robot_.reach[s] * wanted[s]);
        }
        plain_step(robot_, wanted, Row(robot_.stiffness.begin(), robot_.stiffness.end()), x, v);
    }
};

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
    EXPECT_THROW(
        learn(
            Weights(robot), [](const Weights &, Weights &) { return NAN; }, 8, 1, [](const auto &) { return true; }),
        std::runtime_error);
}

}  // namespace
}  // namespace sylvite::apps
