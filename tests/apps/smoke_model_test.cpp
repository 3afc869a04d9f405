// The smoke algorithm: its numbers against plain loops, its physics, and its gradient against differences.

#include "apps/smoke/smoke.h"
#include "apps/support/files.h"
#include "autodiff/program.h"
#include "autoscheduler/autoschedule.h"
#include "targets/compile.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace sylvite::apps {
namespace {

using Halide::Buffer;

const Type f64 = Halide::Float(64);
const double turn = 2 * M_PI;

/// `schedule` is a file of the app; what it leaves open is found.
Executable compiled(const Program &program, const std::string &schedule = "") {
    const TargetRow &target = find_target("x86-64");
    AutoscheduleOptions options;
    if (!schedule.empty()) {
        const std::string file = SYLVITE_SOURCE_DIR "/apps/smoke/" + schedule;
        options.keep = parse_schedule(read_file(file), file);
    }
    return compile(program, target, autoschedule(program, target, options));
}

PressureSolver jacobi_of(int steps) {
    return [=](const Func &divergence) { return jacobi(divergence, steps); };
}

/// Fields over the square [0, 1) x [0, 1) at n x n cells.
using Fields = std::function<double(double x, double y, int channel)>;
Buffer<double> sampled(int n, int channels, const Fields &fields) {
    Buffer<double> values(n, n, channels);
    values.for_each_element([&](int x, int y, int c) { values(x, y, c) = fields(double(x) / n, double(y) / n, c); });
    return values;
}

double sum_of(const Buffer<double> &flow, int channel) {
    double sum = 0;
    flow.sliced(2, channel).for_each_value([&](double value) { sum += value; });
    return sum;
}

/// An Array to an Array as a program.
Executable mapped(int n, int channels, const std::function<Array(const Array &)> &map) {
    const Array in = input(f64, "in", {n, n, channels});
    return compiled(Program("map", {in}, {{"out", map(in)}}));
}

Buffer<double> applied(const Executable &run, const Buffer<double> &in) {
    Buffer<double> out(in.width(), in.height(), in.channels());
    run({{"in", in}, {"out", out}});
    return out;
}

// All fields move by (1.25, -0.5) cells a step; the copy of what comes from far outside is on the other side.
TEST(SmokeModel, CarriesWhatComesAlong) {
    constexpr int n = 6;
    Buffer<double> flow(n, n, 3);
    std::mt19937 random(1);
    flow.for_each_element([&](int x, int y, int c) {
        flow(x, y, c) = c == velocity_x   ? 1.25
                        : c == velocity_y ? -0.5 - 2 * n
                                          : std::generate_canonical<double, 53>(random);
    });
    const Buffer<double> moved = applied(mapped(n, 3, carried), flow);
    const auto at = [&](int x, int y) { return flow((x + 2 * n) % n, (y + 2 * n) % n, density); };
    for (int y = 0; y < n; y++) {
        for (int x = 0; x < n; x++) {
            const double expected = 0.5 * (0.25 * at(x - 2, y) + 0.75 * at(x - 1, y)) +
                                    0.5 * (0.25 * at(x - 2, y + 1) + 0.75 * at(x - 1, y + 1));
            EXPECT_NEAR(moved(x, y, density), expected, 1e-12);
            EXPECT_NEAR(moved(x, y, velocity_x), 1.25, 1e-12);
        }
    }
    // A uniform wind keeps the sum.
    EXPECT_NEAR(sum_of(moved, density), sum_of(flow, density), 1e-12 * n * n);
}

// What moves once around the square with the wind: the error halves where the cells and steps do.
TEST(SmokeModel, AdvectionIsOfFirstOrder) {
    const auto error = [](int n) {
        const int steps = 4 * n / 3;  // with 3 / 4 of a cell a step, one turn
        const Fields fields = [](double x, double y, int c) {
            return c == density ? std::sin(turn * x) * std::cos(turn * y) : 0.75;
        };
        const Array start = input(f64, "in", {n, n, 3});
        const auto [end] = loop(steps, {start}, [](const Expr &, const Array &flow) { return Arrays{carried(flow)}; });
        const Buffer<double> in = sampled(n, 3, fields);
        const Buffer<double> out = applied(compiled(Program("turn", {start}, {{"out", end}})), in);
        double largest = 0;
        out.for_each_element(
            [&](int x, int y, int c) { largest = std::max(largest, std::abs(out(x, y, c) - in(x, y, c))); });
        return largest;
    };
    const double coarse = error(48), middle = error(96), fine = error(192);
    EXPECT_NEAR(std::log2(coarse / middle), 1, 0.15);
    EXPECT_NEAR(std::log2(middle / fine), 1, 0.08);
}

// Of a wave of wave vector k, Jacobi steps leave a known part of the divergence.
TEST(SmokeModel, JacobiStepsTakeThePartOfTheDivergenceThatTheyShould) {
    constexpr int n = 24;
    for (const int steps : {1, 6, 40}) {
        const Executable run =
            mapped(n, 2, [&](const Array &flow) { return projected(flow, jacobi_of(steps), Halide::cast(f64, 0)); });
        for (const auto &[p, q] : {std::pair(1, 0), {2, 3}, {5, 5}}) {
            const double kx = turn * p / n, ky = turn * q / n;
            const Buffer<double> flow = sampled(n, 2, [&, p = p, q = q](double x, double y, int c) {
                return (c == 0 ? 1 : 0.5) * std::sin(turn * (p * x + q * y));
            });
            const auto divergence = [&](const Buffer<double> &u, int x, int y) {
                const auto at = [&](int i, int j, int c) { return u((i + n) % n, (j + n) % n, c); };
                return (at(x + 1, y, 0) - at(x - 1, y, 0) + at(x, y + 1, 1) - at(x, y - 1, 1)) / 2;
            };
            double solved = 0, damped = 1;
            for (int i = 0; i < steps; i++) {
                solved += damped / 4;
                damped *= (std::cos(kx) + std::cos(ky)) / 2;
            }
            const double left = 1 - solved * (std::pow(std::sin(kx), 2) + std::pow(std::sin(ky), 2));
            const Buffer<double> after = applied(run, flow);
            for (const auto &[x, y] : {std::pair(0, 0), {7, 23}, {n - 1, 5}}) {
                EXPECT_NEAR(divergence(after, x, y), left * divergence(flow, x, y), 1e-12)
                    << steps << " " << p << " " << q;
            }
        }
    }
}

// One V-cycle solves the equation nearly, for long waves too, which Jacobi steps hardly touch.
TEST(SmokeModel, MultigridLeavesLittleOfTheResidual) {
    constexpr int n = 32;
    const Array f = input(f64, "f", {n, n});
    const Func p = multigrid(repeat_image(f), n);
    Halide::Var x("x"), y("y");
    Func residual("residual"), plane = repeat_image(Array(p, {n, n}));
    residual(x, y) =
        f(x, y) - (plane(x - 1, y) + plane(x + 1, y) + plane(x, y - 1) + plane(x, y + 1) - 4 * plane(x, y));
    const Executable run = compiled(Program("cycle", {f}, {{"residual", Array(residual, {n, n})}}));
    for (const auto &[across, down] : {std::pair(1, 0), {1, 1}, {3, 7}, {16, 2}}) {
        Buffer<double> in(n, n), out(n, n);
        in.for_each_element(
            [&, a = across, d = down](int i, int j) { in(i, j) = std::cos(turn * (a * i + d * j) / n); });
        run({{"f", in}, {"residual", out}});
        double largest = 0;
        out.for_each_value([&](double r) { largest = std::max(largest, std::abs(r)); });
        EXPECT_LT(largest, 0.2) << across << " " << down;
    }
}

struct Case {
    Buffer<double> velocity, smoke, picture;
};

Case example(int n) {
    return {sampled(n, 2,
                    [](double x, double y, int c) {
                        return c == 0 ? 0.9 * std::sin(turn * y) + 0.4 * std::cos(2 * turn * x)
                                      : 0.8 * std::sin(turn * x) - 0.3 * std::cos(turn * (x + y));
                    }),
            sampled(n, 1, [](double, double y, int) { return int(11 * y) % 4 == 1 ? 1.0 : 0.0; }).sliced(2, 0),
            sampled(n, 1, [](double x, double y, int) {
                return std::sin(3 * turn * x) * std::sin(2 * turn * y);
            }).sliced(2, 0)};
}

TEST(SmokeModel, SmokeStaysWithinItsBoundsAndFlowsIn) {
    constexpr int n = 22, steps = 30;
    const Executable run = compiled(smoke(n, f64, jacobi_of(6)), "smoke_forward.sched");
    Case c = example(n);
    Buffer<double> formed(n, n, 3), loss = Buffer<double>::make_scalar();
    const auto after = [&](float inflow) {
        run({{"velocity", c.velocity},
             {"smoke", c.smoke},
             {"picture", c.picture},
             {"inflow", inflow},
             {"steps", steps},
             {"loss", loss},
             {"formed", formed}});
        return sum_of(formed, density);
    };
    const double none = after(0);
    formed.sliced(2, density).for_each_value([](double value) {
        EXPECT_GE(value, 0);
        EXPECT_LE(value, 1);
    });
    double expected = 0;
    for (int y = 0; y < n; y++) {
        for (int x = 0; x < n; x++) {
            expected += std::pow(formed(x, y, density) - c.picture(x, y), 2) / (n * n);
        }
    }
    EXPECT_NEAR(loss(), expected, 1e-12);
    EXPECT_GT(after(0.5f), 2 * none);

    // In still air what comes in is all that changes.
    c.velocity.fill(0);
    EXPECT_NEAR(after(0), sum_of(Buffer<double>(c.smoke.embedded(2, 0)), 0), 1e-9);
    EXPECT_NEAR(after(0.5f), (1 + 0.5 * steps) * sum_of(Buffer<double>(c.smoke.embedded(2, 0)), 0), 1e-9);
}

// Of the app's schedules in f64.
void check_gradient(int n, int steps) {
    const Program program = smoke(n, f64, jacobi_of(6));
    const Executable run = compiled(program, "smoke_forward.sched"),
                     gradient = compiled(grad(program, {"velocity"}), "smoke_grad.sched");
    const Case c = example(n);
    Buffer<double> formed(n, n, 3), slope(n, n, 2), loss = Buffer<double>::make_scalar();
    gradient({{"velocity", c.velocity},
              {"smoke", c.smoke},
              {"picture", c.picture},
              {"inflow", 0.01f},
              {"steps", steps},
              {"loss", loss},
              {"formed", formed},
              {"d_loss_d_velocity", slope}});
    const auto loss_at = [&](const Buffer<double> &direction, double distance) {
        Buffer<double> moved = c.velocity.copy();
        moved.for_each_element([&](int x, int y, int k) { moved(x, y, k) += distance * direction(x, y, k); });
        run({{"velocity", moved},
             {"smoke", c.smoke},
             {"picture", c.picture},
             {"inflow", 0.01f},
             {"steps", steps},
             {"loss", loss},
             {"formed", formed}});
        return loss();
    };
    std::mt19937 random(3);
    std::normal_distribution<double> normal;
    for (int i = 0; i < 3; i++) {
        Buffer<double> direction(n, n, 2);
        direction.for_each_value([&](double &value) { value = normal(random); });
        double by_gradient = 0;
        slope.for_each_element([&](int x, int y, int k) { by_gradient += slope(x, y, k) * direction(x, y, k); });
        constexpr double h = 1e-7;
        const double by_difference = (loss_at(direction, h) - loss_at(direction, -h)) / (2 * h);
        EXPECT_NEAR(by_gradient, by_difference, 1e-6 * std::abs(by_difference));
    }
}

TEST(SmokeModel, GradientAgreesWithDifferencesOverTheFullRun) { check_gradient(110, 100); }

TEST(SmokeModel, GradientOfFewerCellsThanAVectorHas) { check_gradient(13, 20); }

}  // namespace
}  // namespace sylvite::apps
