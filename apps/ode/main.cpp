// Finds the parameters of ordinary differential equations from experiments: see README.md.

#include "apps/ode/pictures.h"
#include "apps/support/arrays.h"
#include "apps/support/command_line.h"
#include "apps/support/minimise.h"
#include "apps/support/progress.h"
#include "apps/support/text.h"

#include "ode_forward.h"
#include "ode_grad.h"
#include "ode_jvp.h"
#include "ode_robertson_forward.h"
#include "ode_robertson_grad.h"
#include "ode_robertson_jvp.h"

#include <HalideBuffer.h>
#include <targets/trace/trace.h>

#include <cmath>
#include <exception>
#include <limits>
#include <memory>
#include <random>

namespace sylvite::apps {

namespace {

constexpr int experiments = ODE_EXPERIMENTS;

struct Options {
    std::string problem = "van_der_pol";
    std::vector<double> truth, guess;
    double until = 0;
    double noise = 0.01;
    unsigned seed = 1;
    double tolerance = 1e-6;
    int tries = 4000;
    int iterations = 30;
    bool trace = false;
};

/// The compiled solver of some equations with its derivatives.
struct Solver {
    decltype(&ode_forward) forward;
    decltype(&ode_grad) gradient;
    decltype(&ode_jvp) tangent;
};
const std::map<std::string, Solver> solvers = {
    {"van_der_pol", {ode_forward, ode_grad, ode_jvp}},
    {"robertson", {ode_robertson_forward, ode_robertson_grad, ode_robertson_jvp}},
};

using Values = std::vector<double>;

/// `values` as an array whose first dimension has `columns` elements; without, one of one dimension.
Halide::Runtime::Buffer<double> as_array(const Values &values, size_t columns = 0) {
    double *data = const_cast<double *>(values.data());
    const int size = static_cast<int>(values.size()), width = static_cast<int>(columns);
    return columns == 0 ? Halide::Runtime::Buffer<double>(data, size)
                        : Halide::Runtime::Buffer<double>(data, width, size / width);
}

/// Where experiments start, and when each ends.
struct Experiments {
    Values start, until;
};

/// What cannot be solved with the options that were given.
struct Unsolved : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// What a run of experiments came to, and its derivative.
struct Outcome {
    double loss = 0;
    Values end;
    Values slope;  ///< of the loss, by the logarithms of the parameters
    Values moved;  ///< how the ends move
};

class Laboratory {
public:
    Laboratory(const Options &options, const Setup &setup) :
        options_(options), setup_(setup), solver_(solvers.at(options.problem)) {}

    /// `seen` may be empty where the loss does not matter.
    Outcome ends(const Experiments &made, const Values &logarithms, const Values &seen = {}) const {
        Call call(*this, made, logarithms, seen);
        check(solver_.forward(call.start, call.until, call.logarithms, call.size, call.seen, options_.tolerance,
                              options_.tries, call.loss, call.end, call.reached, call.tries));
        return call.outcome();
    }

    /// By the adjoint method: all parameters at once.
    Outcome with_gradient(const Experiments &made, const Values &logarithms, const Values &seen) const {
        Call call(*this, made, logarithms, seen);
        Values slope(logarithms.size());
        auto to = as_array(slope);
        check(solver_.gradient(call.start, call.until, call.logarithms, call.size, call.seen, options_.tolerance,
                               options_.tries, call.loss, call.end, call.reached, call.tries, to));
        Outcome outcome = call.outcome();
        outcome.slope = slope;
        return outcome;
    }

    /// By forward mode: how all ends move with one parameter.
    Outcome with_sensitivity(const Experiments &made, const Values &logarithms, size_t parameter) const {
        Call call(*this, made, logarithms, {});
        Values direction(logarithms.size()), moved(made.start.size()), d_reached(experiments);
        direction[parameter] = 1;
        auto along = as_array(direction), to = as_array(moved, setup_.unknowns.size()), ignored = as_array(d_reached);
        auto d_loss = Halide::Runtime::Buffer<double, 0>::make_scalar();
        check(solver_.tangent(call.start, call.until, call.logarithms, call.size, call.seen, options_.tolerance,
                              options_.tries, along, call.loss, call.end, call.reached, call.tries, d_loss, to,
                              ignored));
        Outcome outcome = call.outcome();
        outcome.moved = moved;
        return outcome;
    }

private:
    const Options &options_;
    const Setup &setup_;
    Solver solver_;

    /// The arguments that all three functions have.
    struct Call {
        Values no_values, end_values, reached_values;
        Halide::Runtime::Buffer<double> start, until, logarithms, size, seen, end, reached;
        Halide::Runtime::Buffer<double, 0> loss = Halide::Runtime::Buffer<double, 0>::make_scalar();
        Halide::Runtime::Buffer<int> tries{experiments};
        int most_tries;

        Call(const Laboratory &of, const Experiments &made, const Values &at, const Values &what_was_seen) :
            no_values(what_was_seen.empty() ? made.start.size() : 0), end_values(made.start.size()),
            reached_values(experiments), most_tries(of.options_.tries) {
            const size_t n = of.setup_.unknowns.size();
            start = as_array(made.start, n);
            until = as_array(made.until);
            logarithms = as_array(at);
            size = as_array(of.setup_.size);
            seen = as_array(what_was_seen.empty() ? no_values : what_was_seen, n);
            end = as_array(end_values, n);
            reached = as_array(reached_values);
        }

        Outcome outcome() const {
            for (int i = 0; i < experiments; i++) {
                if (!(reached(i) >= until(i))) {
                    throw Unsolved(text_of("experiment %d ends at time %.6g, after %d steps, %s", i, reached(i),
                                           tries(i),
                                           tries(i) < most_tries ? "where no step is short enough"
                                                                 : "which are too many: raise --tries or --tolerance"));
                }
            }
            return {loss(), end_values, {}, {}};
        }
    };

    void check(int code) const {
        if (code != 0) {
            throw std::runtime_error(sylvite_last_error());
        }
    }
};

Values logarithms_of(const Values &values) {
    Values result;
    for (double value : values) {
        result.push_back(std::log(value));
    }
    return result;
}

/// What is seen of `ends` by instruments that are off by `noise` in parts of the sizes.
Values measured(Values ends, const Setup &setup, double noise, unsigned seed) {
    std::mt19937 random(seed);
    std::normal_distribution<double> normal;
    for (size_t i = 0; i < ends.size(); i++) {
        ends[i] += noise * setup.size[i % setup.size.size()] * normal(random);
    }
    return ends;
}

/// Writes the states at each step of the experiments to files of numpy, whose names finish() gives them.
std::shared_ptr<Trace> traced(const Laboratory &laboratory, const Experiments &made, const Values &logarithms,
                              const std::filesystem::path &folder) {
    const auto trace = std::make_shared<Trace>(folder, "solve");
    struct Observer {
        Trace &trace;
        std::exception_ptr error;
    } observer{*trace, nullptr};
    const auto add = [](void *context, const sylvite_loop_step *step) {
        Observer &observer = *static_cast<Observer *>(context);
        try {
            observer.trace.add(*step);
        } catch (...) {
            observer.error = std::current_exception();
            return 1;
        }
        return 0;
    };
    const sylvite_watch watch{add, &observer, 0, nullptr};
    sylvite_set_watch(&watch);
    try {
        laboratory.ends(made, logarithms);
    } catch (...) {
        observer.error = observer.error ? observer.error : std::current_exception();
    }
    sylvite_set_watch(nullptr);
    if (observer.error) {
        std::rethrow_exception(observer.error);
    }
    return trace;
}

std::map<std::string, std::string> result_files(const Setup &setup, const Findings &findings) {
    std::map<std::string, std::string> files = pictures(setup, findings);
    const int n = static_cast<int>(setup.unknowns.size());
    files["until.npy"] = npy_bytes(findings.until, {experiments});
    files["seen.npy"] = npy_bytes(findings.seen, {n, experiments});
    files["found.npy"] = npy_bytes(findings.found, {n, experiments});
    files["times.npy"] = npy_bytes(findings.times, {experiments});
    files["course.npy"] = npy_bytes(findings.course, {n, experiments});
    for (size_t i = 0; i < setup.parameters.size(); i++) {
        files["sensitivity_" + setup.parameters[i] + ".npy"] = npy_bytes(findings.sensitivities[i], {n, experiments});
    }
    return files;
}

Minimum searched(const Laboratory &laboratory, const Experiments &made, const Values &seen, const Values &guess,
                 const Options &options, Progress &progress) {
    const auto objective = [&](const Point &at, Point &gradient) {
        try {
            const Outcome outcome = laboratory.with_gradient(made, Values(at.begin(), at.end()), seen);
            std::copy(outcome.slope.begin(), outcome.slope.end(), gradient.begin());
            return outcome.loss;
        } catch (const Unsolved &) {
            return double(INFINITY);  // too far
        }
    };
    return minimise(Point(guess.begin(), guess.end()), objective,
                    {.evaluations = options.iterations, .first_rate = 0.1}, [&](const std::vector<double> &losses) {
                        progress.update(static_cast<int>(losses.size()), loss_text(losses));
                        return !interrupted();
                    });
}

Result run(const Options &options, const CommandLine &command) {
    const Setup &setup = setups().at(options.problem);
    const Laboratory laboratory(options, setup);
    const auto chosen = [&](const Values &given, const Values &usual, const std::string &name) {
        if (!given.empty() && given.size() != usual.size()) {
            throw std::runtime_error("--" + name + " needs " + std::to_string(usual.size()) + " numbers for " +
                                     options.problem + "; it has " + std::to_string(given.size()));
        }
        for (double value : given) {
            if (!(value > 0 && std::isfinite(value))) {
                throw std::runtime_error("--" + name + " needs numbers above 0; one is " + std::to_string(value));
            }
        }
        return logarithms_of(given.empty() ? usual : given);
    };
    const Values truth = chosen(options.truth, setup.truth, "truth"),
                 guess = chosen(options.guess, setup.guess, "guess");
    command.begin();

    const double until = options.until > 0 ? options.until : setup.until;
    Experiments made{{}, times_of(setup, until, experiments)};
    for (int i = 0; i < experiments; i++) {
        const Values start = setup.start(i, experiments);
        made.start.insert(made.start.end(), start.begin(), start.end());
    }
    Findings findings;
    findings.until = made.until;
    findings.seen = measured(laboratory.ends(made, truth).end, setup, options.noise, options.seed);
    findings.guessed = laboratory.ends(made, guess).end;

    Values found;
    double seconds = 0;
    {
        Progress progress(options.iterations, command.quiet());
        const Minimum minimum = searched(laboratory, made, findings.seen, guess, options, progress);
        found.assign(minimum.point.begin(), minimum.point.end());
        findings.losses = minimum.losses;
        seconds = progress.seconds();
    }
    findings.found = laboratory.ends(made, found).end;

    // The course of one experiment is that of many which start as it does.
    Experiments course{{}, times_of(setup, until, experiments)};
    const Values start = setup.start(experiments / 2, experiments);
    for (int i = 0; i < experiments; i++) {
        course.start.insert(course.start.end(), start.begin(), start.end());
    }
    findings.times = course.until;
    for (size_t i = 0; i < found.size(); i++) {
        const Outcome outcome = laboratory.with_sensitivity(course, found, i);
        findings.course = outcome.end;
        findings.sensitivities.push_back(outcome.moved);
    }

    std::function<void()> publish;
    if (options.trace) {
        publish = [trace = traced(laboratory, made, found, command.out())] { trace->finish(); };
    }
    std::string parameters;
    for (size_t i = 0; i < found.size(); i++) {
        parameters += text_of(", %s %.5g", setup.parameters[i].c_str(), std::exp(found[i]));
    }
    return {text_of("loss %.6g -> %.6g in %zu iterations%s", findings.losses.front(), findings.losses.back(),
                    findings.losses.size(), parameters.c_str()),
            seconds, result_files(setup, findings), publish};
}

}  // namespace

}  // namespace sylvite::apps

int main(int argc, char **argv) {
    sylvite::apps::Options options;
    sylvite::apps::CommandLine command(
        "ode", "Finds the parameters of stiff differential equations from what is seen in 1,024 experiments.",
        "ode-results");
    CLI::App &app = command.options();
    app.add_option("problem", options.problem, "the equations")
        ->check(CLI::IsMember({"van_der_pol", "robertson"}))
        ->capture_default_str();
    app.add_option("--truth", options.truth, "parameters that the experiments are made with");
    app.add_option("--guess", options.guess, "parameters that the search begins with");
    app.add_option("--until", options.until, "when the last experiment ends; by default 8, or 1e4 s")
        ->check(CLI::Range(1e-12, 1e12));
    app.add_option("--noise", options.noise, "what measurements are off by, in parts of the sizes of the unknowns")
        ->check(CLI::Range(0.0, 1.0))
        ->capture_default_str();
    app.add_option("--seed", options.seed, "of the noise")
        ->check(CLI::Range(0u, std::numeric_limits<unsigned>::max()))
        ->capture_default_str();
    app.add_option("--tolerance", options.tolerance, "of a time step")
        ->check(CLI::Range(1e-11, 0.1))
        ->capture_default_str();
    app.add_option("--tries", options.tries, "time steps that an experiment may take")
        ->check(CLI::Range(1, 1000000))
        ->capture_default_str();
    app.add_option("--iterations", options.iterations, "how often the gradient is evaluated")
        ->check(CLI::Range(1, 100000))
        ->capture_default_str();
    app.add_flag("--trace", options.trace, "write all time steps of the experiments too");
    return command.run(argc, argv, [&] { return sylvite::apps::run(options, command); });
}
