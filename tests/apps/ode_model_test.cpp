// The solver of the ode app: its order, its solutions against published ones, and its derivatives.

#include "apps/ode/experiments.h"
#include "apps/ode/setup.h"
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

Executable compiled(const Program &program) {
    const TargetRow &target = find_target("x86-64");
    return compile(program, target, autoschedule(program, target));
}

Buffer<double> vector_of(const std::vector<double> &values) {
    Buffer<double> buffer(static_cast<int>(values.size()));
    std::copy(values.begin(), values.end(), buffer.begin());
    return buffer;
}

std::vector<double> logarithms(std::vector<double> values) {
    for (double &value : values) {
        value = std::log(value);
    }
    return values;
}

// The conditions of a method of order 3 hold for both, as far as they claim; what is infinitely stiff is damped at once.
TEST(OdeMethod, MeetsTheConditionsOfItsOrder) {
    for (const RungeKutta &method : {backward_euler(), kvaerno()}) {
        const size_t stages = method.a.size();
        std::vector<double> order(
            5, 0.0);  // sums of b, b c, b c^2, b a c, for the last stage; the second for the one before
        for (size_t i = 0; i < stages; i++) {
            const double b = method.a.back()[i], c = method.c(i);
            double ac = 0;
            for (size_t j = 0; j <= i; j++) {
                ac += method.a[i][j] * method.c(j);
            }
            order[0] += b;
            order[1] += b * c;
            order[2] += b * c * c;
            order[3] += b * ac;
            order[4] += i + 1 < stages ? method.a[stages - 2][i] * c : 0;
        }
        EXPECT_NEAR(order[0], 1, 1e-14);
        if (method.order == 3) {
            EXPECT_NEAR(order[1], 1 / 2.0, 1e-14);
            EXPECT_NEAR(order[2], 1 / 3.0, 1e-14);
            EXPECT_NEAR(order[3], 1 / 6.0, 1e-14);
            EXPECT_NEAR(order[4], 1 / 2.0, 1e-14) << "the estimate is of order 2";
        }
        // One step of y' = z y for a large negative z.
        constexpr double z = -1e9;
        std::vector<double> slopes;
        double end = 1;
        for (size_t i = 0; i < stages; i++) {
            double from = 1;
            for (size_t j = 0; j < i; j++) {
                from += method.a[i][j] * slopes[j];
            }
            slopes.push_back(z * from / (1 - z * method.a[i][i]));
            end = from + method.a[i][i] * slopes.back();
        }
        EXPECT_NEAR(end, 0, 1e-6);
    }
}

// x' = cos(t)^3 - x^3 - sin(t) and y' = -10^5 (y - cos(t)) - sin(t) have the solution cos(t).
const Ode forced = {"forced", {"x", "y"}, {}, [](const Expr &t, const Exprs &y, const Exprs &) {
                        const Expr c = cos(t), stiffness = number(1e5, t);
                        return Exprs{c * c * c - y[0] * y[0] * y[0] - sin(t), stiffness * (c - y[1]) - sin(t)};
                    }};

TEST(OdeSolver, ErrorsFallWithTheOrderOfTheMethod) {
    const std::vector<double> counts = {40, 80, 160, 320};
    const int runs = static_cast<int>(counts.size());
    for (const RungeKutta &method : {backward_euler(), kvaerno()}) {
        const Array start = input<double>("start", {2}), count = input<double>("count", {});
        // The steps of the longest run are made in all, those after the last one of a run with length 0.
        const auto length = [&](const Expr &step) { return select(step < count(), 2 / count(), number(0, count())); };
        const Arrays end = after_steps(forced, method, elements_of(start, 2), start, 320, length, "step");
        const Program one("forced", {start, count}, {{"end", as_vector("end", values_of(end))}});
        Buffer<double> ends(2, runs), starts(2, runs);
        starts.fill(1);
        compiled(vmap(one, {"start", "count"}, runs))
            .run({{"start", starts}, {"count", vector_of(counts)}, {"end", ends}});
        const auto error = [&](int unknown, int run) { return std::abs(ends(unknown, run) - std::cos(2)); };
        for (int run = 0; run + 1 < runs; run++) {
            EXPECT_NEAR(std::log2(error(0, run) / error(0, run + 1)), method.order, 0.2);
            EXPECT_LT(error(1, run), error(0, run)) << "the stiff unknown follows what drives it";
        }
    }
}

struct Ends {
    Buffer<double> end, reached;
    Buffer<int> tries;
};

/// Runs ode() for experiments of one start.
Ends solved(const Executable &run, const std::vector<double> &start, const std::vector<double> &until,
            const std::vector<double> &parameters, const std::vector<double> &size, double tolerance) {
    const int n = static_cast<int>(start.size()), count = static_cast<int>(until.size());
    Buffer<double> starts(n, count), seen(n, count), loss = Buffer<double>::make_scalar();
    starts.for_each_element([&](int i, int e) { starts(i, e) = start[i]; });
    seen.fill(0);
    Ends ends{Buffer<double>(n, count), Buffer<double>(count), Buffer<int>(count)};
    run({{"start", starts},
         {"until", vector_of(until)},
         {"logarithms", vector_of(logarithms(parameters))},
         {"size", vector_of(size)},
         {"seen", seen},
         {"tolerance", tolerance},
         {"most_tries", 1000000},
         {"loss", loss},
         {"end", ends.end},
         {"reached", ends.reached},
         {"tries", ends.tries}});
    for (int e = 0; e < count; e++) {
        EXPECT_EQ(ends.reached(e), until[e]);
    }
    return ends;
}

// Radau at tolerances of 1e-13, and for 10^11 s the Test Set for IVP Solvers (Mazzia, Magherini, 2008).
TEST(OdeSolver, RobertsonsReactionIsAsPublished) {
    const std::vector<double> until = {0, 0.4, 4, 40, 1e11};
    const double published[][3] = {{1, 0, 0},
                                   {0.985172113860991, 3.38639537897492e-5, 0.014794022185221},
                                   {0.905518678584278, 2.24047568756037e-5, 0.0944589166588479},
                                   {0.7158270687194, 9.1855347645578e-6, 0.2841637457458},
                                   {0.2083340149701255e-7, 0.8333360770334713e-13, 0.9999999791665050}};
    const Executable run = compiled(ode(robertson(), static_cast<int>(until.size()), f64));
    const Ends rough = solved(run, {1, 0, 0}, until, {0.04, 3e7, 1e4}, {1, 3e-5, 1}, 1e-5),
               fine = solved(run, {1, 0, 0}, until, {0.04, 3e7, 1e4}, {1e-8, 1e-12, 1}, 1e-9);
    for (size_t e = 0; e < until.size(); e++) {
        for (int i = 0; i < 3; i++) {
            EXPECT_NEAR(rough.end(i, e), published[e][i], 1e-4 * (i == 1 ? 3e-5 : 1)) << until[e];
            EXPECT_NEAR(fine.end(i, e), published[e][i], 1e-7 * published[e][i]) << until[e];
        }
    }
    EXPECT_EQ(fine.tries(0), 0);
    EXPECT_LT(rough.tries(4), 600) << "stiffness does not keep steps short";
}

// The Test Set again; its time is ours / 1000, its speed 1000 times ours.
TEST(OdeSolver, VanDerPolsStiffOscillatorIsAsPublished) {
    const Executable run = compiled(ode(van_der_pol(), 1, f64));
    const Ends ends = solved(run, {2, 0}, {2000}, {1000, 1}, {1, 1e-3}, 1e-8);
    EXPECT_NEAR(ends.end(0, 0), 1.706167732170483, 2e-7);
    EXPECT_NEAR(ends.end(1, 0), -0.8928097010247975e-3, 2e-10);
    EXPECT_LT(ends.tries(0), 40000);
}

// y' = y^2 from 1 is infinite at time 1.
TEST(OdeSolver, EndsWhereNoStepIsShortEnough) {
    const Ode growth = {
        "growth", {"y"}, {"k"}, [](const Expr &, const Exprs &y, const Exprs &p) { return Exprs{p[0] * y[0] * y[0]}; }};
    const Executable run = compiled(one_experiment(growth, f64));
    Buffer<double> until = Buffer<double>::make_scalar(), reached = Buffer<double>::make_scalar(), end(1);
    Buffer<int> tries = Buffer<int>::make_scalar();
    until() = 2;
    run({{"start", vector_of({1})},
         {"until", until},
         {"logarithms", vector_of({0})},
         {"size", vector_of({1})},
         {"tolerance", 1e-6},
         {"most_tries", 1000000},
         {"end", end},
         {"reached", reached},
         {"tries", tries}});
    EXPECT_NEAR(reached(), 1, 1e-5);
    EXPECT_GT(end(0), 1e5);
}

}  // namespace
}  // namespace sylvite::apps
