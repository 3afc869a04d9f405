// Derivatives of the solver of the ode app, forward and reverse.

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

Buffer<double> scalar() { return Buffer<double>::make_scalar(); }

Buffer<double> random_like(const Buffer<double> &like, unsigned seed) {
    std::mt19937 random(seed);
    std::normal_distribution<double> normal;
    Buffer<double> result = like.copy();
    result.for_each_value([&](double &value) { value = normal(random); });
    return result;
}

double dot(const Buffer<double> &a, const Buffer<double> &b) {
    double sum = 0;
    a.for_each_element([&](const int *at) { sum += a(at) * b(at); });
    return sum;
}

Buffer<double> moved(const Buffer<double> &from, const Buffer<double> &direction, double distance) {
    Buffer<double> result = from.copy();
    result.for_each_element([&](const int *at) { result(at) += distance * direction(at); });
    return result;
}

/// The experiments of the app.
struct Made {
    Buffer<double> start, until, logarithms, size, seen;

    Made(const Setup &setup, int count) :
        start(static_cast<int>(setup.unknowns.size()), count), until(count),
        logarithms(static_cast<int>(setup.parameters.size())), size(static_cast<int>(setup.unknowns.size())),
        seen(static_cast<int>(setup.unknowns.size()), count) {
        const std::vector<double> times = times_of(setup, setup.until, count);
        std::copy(times.begin(), times.end(), until.begin());
        std::copy(setup.size.begin(), setup.size.end(), size.begin());
        for (int e = 0; e < count; e++) {
            for (int i = 0; i < start.width(); i++) {
                start(i, e) = setup.start(e, count)[i];
            }
        }
        for (int i = 0; i < logarithms.width(); i++) {
            logarithms(i) = std::log(setup.truth[i]);
        }
        seen.for_each_element([&](int i, int e) { seen(i, e) = 0.1 * std::sin(3.0 * e + i) * size(i); });
    }

    NamedArguments inputs(double tolerance, int most_tries) const {
        return {{"start", start}, {"until", until},         {"logarithms", logarithms}, {"size", size},
                {"seen", seen},   {"tolerance", tolerance}, {"most_tries", most_tries}};
    }
};

/// ode() with given lengths of steps, (experiments, steps), which may be 0.
Program replay(const Ode &ode, int experiments, int steps) {
    const int n = static_cast<int>(ode.unknowns.size()), m = static_cast<int>(ode.parameters.size());
    const Array start = input<double>("start", {n}), lengths = input<double>("lengths", {steps}),
                logarithms = input<double>("logarithms", {m});
    Halide::Var i("i");
    Func parameters("parameters");
    parameters(i) = exp(logarithms(i));
    const Arrays end = after_steps(
        ode, kvaerno(), elements_of(start, n), parameters, steps, [&](const Expr &step) { return lengths(step); },
        "replay");
    return vmap(Program("replay", {start, lengths, logarithms}, {{"end", as_vector("end", values_of(end))}}),
                {"start", "lengths"}, experiments);
}

// The whole run of the app: 1,024 oscillators. Differences are those of the same steps.
TEST(OdeGradient, AgreesWithDifferencesOverTheFullRun) {
    constexpr int count = 1024;
    const Made made(setups().at("van_der_pol"), count);
    const Program program = ode(van_der_pol(), count, f64);
    Buffer<double> loss = scalar(), end(2, count), reached(count), by_logarithms(2), by_start(2, count);
    Buffer<int> tries(count);
    NamedArguments arguments = made.inputs(1e-5, 2000);
    for (const NamedArgument &output : NamedArguments{{"loss", loss},
                                                      {"end", end},
                                                      {"reached", reached},
                                                      {"tries", tries},
                                                      {"d_loss_d_logarithms", by_logarithms},
                                                      {"d_loss_d_start", by_start}}) {
        arguments.push_back(output);
    }
    std::vector<Buffer<double>> times;  // at the starts of the steps
    compiled(grad(program, {"logarithms", "start"})).run(arguments, [&](const LoopStep &step) {
        if (step.loop == "solve") {
            times.push_back(Buffer<double>(step.state("t").copy()));
        }
        return true;
    });
    times.push_back(reached);
    const int steps = static_cast<int>(times.size()) - 1;
    Buffer<double> lengths(steps, count);
    lengths.for_each_element([&](int s, int e) { lengths(s, e) = times[s + 1](e) - times[s](e); });

    const Executable again = compiled(replay(van_der_pol(), count, steps));
    const auto loss_at = [&](const Buffer<double> &logarithms, const Buffer<double> &start) {
        Buffer<double> end(2, count);
        again.run({{"start", start}, {"lengths", lengths}, {"logarithms", logarithms}, {"end", end}});
        double sum = 0;
        end.for_each_element([&](int i, int e) { sum += std::pow((end(i, e) - made.seen(i, e)) / made.size(i), 2); });
        return sum / (2 * count);
    };
    EXPECT_NEAR(loss_at(made.logarithms, made.start), loss(), 1e-12 * loss());
    for (unsigned seed = 1; seed <= 3; seed++) {
        const Buffer<double> u = random_like(made.logarithms, seed), v = random_like(made.start, seed);
        const auto difference = [&](double h) {
            return (loss_at(moved(made.logarithms, u, h), moved(made.start, v, h)) -
                    loss_at(moved(made.logarithms, u, -h), moved(made.start, v, -h))) /
                   (2 * h);
        };
        constexpr double h = 2e-5;
        const double by_differences = (4 * difference(h / 2) - difference(h)) / 3;
        const double by_gradient = dot(by_logarithms, u) + dot(by_start, v);
        EXPECT_NEAR(by_gradient, by_differences, 1e-9 * std::abs(by_differences));
    }
}

// Forward and reverse mode say the same, and converge to the sensitivities of the solution.
TEST(OdeGradient, ForwardAndReverseAreTheSensitivitiesOfTheSolution) {
    constexpr int count = 5;
    Made made(setups().at("van_der_pol"), count);
    made.until.for_each_value([](double &until) { until /= 4; });
    const Program program = ode(van_der_pol(), count, f64);
    const std::vector<std::string> by = {"logarithms", "start", "until"};
    const Executable forward = compiled(jvp(program, by)), reverse = compiled(vjp(program, by));
    const auto run = [&](const Executable &executable, double tolerance, const Made &at, NamedArguments more) {
        Buffer<double> loss = scalar(), end(2, count), reached(count);
        Buffer<int> tries(count);
        NamedArguments arguments = at.inputs(tolerance, 50000);
        arguments.insert(arguments.end(), {{"loss", loss}, {"end", end}, {"reached", reached}, {"tries", tries}});
        arguments.insert(arguments.end(), more.begin(), more.end());
        executable.run(arguments);
        return end;
    };
    const auto along = [&](double tolerance, const Made &at, const Buffer<double> &u, const Buffer<double> &v,
                           const Buffer<double> &w) {
        Buffer<double> d_loss = scalar(), d_end(2, count), d_reached(count);
        const Buffer<double> end = run(forward, tolerance, at,
                                       {{"d_logarithms", u},
                                        {"d_start", v},
                                        {"d_until", w},
                                        {"d_loss", d_loss},
                                        {"d_end", d_end},
                                        {"d_reached", d_reached}});
        return std::pair(end, d_end);
    };
    Buffer<double> u = random_like(made.logarithms, 1), v = random_like(made.start, 2), w = random_like(made.until, 3);
    const Buffer<double> d_end = along(1e-5, made, u, v, w).second, weights = random_like(d_end, 4);
    Buffer<double> zero = scalar(), zeros(count), by_u(2), by_v(2, count), by_w(count);
    zero() = 0;
    zeros.fill(0);
    run(reverse, 1e-5, made,
        {{"adjoint_loss", zero},
         {"adjoint_end", weights},
         {"adjoint_reached", zeros},
         {"adjoint_logarithms", by_u},
         {"adjoint_start", by_v},
         {"adjoint_until", by_w}});
    const double forwards = dot(weights, d_end);
    EXPECT_NEAR(dot(u, by_u) + dot(v, by_v) + dot(w, by_w), forwards, 1e-10 * std::abs(forwards));

    // By the parameters: differences of exact solutions. By the end: the slope there.
    v.fill(0);
    w.fill(0);
    const double h = 1e-3;
    Made up = made, down = made;
    up.logarithms = moved(made.logarithms, u, h);
    down.logarithms = moved(made.logarithms, u, -h);
    const Buffer<double> above = along(1e-9, up, u, v, w).first, below = along(1e-9, down, u, v, w).first;
    const auto [end, rough] = along(1e-6, made, u, v, w);
    for (int e = 0; e < count; e++) {
        for (int i = 0; i < 2; i++) {
            EXPECT_NEAR(rough(i, e), (above(i, e) - below(i, e)) / (2 * h), 1e-4 * std::max(1.0, std::abs(rough(i, e))))
                << e;
        }
    }
    u.fill(0);
    w.fill(1);
    const Buffer<double> by_until = along(1e-6, made, u, v, w).second;
    for (int e = 0; e < count; e++) {
        EXPECT_NEAR(by_until(0, e), end(1, e), 1e-2 * std::abs(end(1, e)));
    }
}

}  // namespace
}  // namespace sylvite::apps
