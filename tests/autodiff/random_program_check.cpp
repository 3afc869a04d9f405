#include "autodiff/program.h"
#include "autoscheduler/autoschedule.h"
#include "frontend/print.h"
#include "random_graph_finding.h"
#include "random_program.h"

#include <array>
#include <cmath>
#include <sstream>

namespace sylvite::testing {

namespace {

std::vector<std::string> names_of(const std::vector<ProgramOutput> &outputs) {
    std::vector<std::string> names;
    for (const ProgramOutput &output : outputs) {
        names.push_back(output.name);
    }
    return names;
}

class Check {
public:
    Check(const RandomProgram &made, unsigned values, GraphStatistics &statistics) :
        made_(made), outputs_(names_of(made.program.outputs())), sizes_(made.sizes), statistics_(statistics),
        random_(values) {
        for (const auto &[name, size] : made.sizes) {
            for (const char *kind : {"d_", "adjoint_", "d_adjoint_"}) {
                sizes_[kind + name] = size;
            }
        }
        point_ = drawn_inputs(made.program, sizes_, random_, 0.3, 1.2);
        for (const std::string &name : made.inputs) {
            point_["d_" + name] = drawn(sizes_[name], random_, -1, 1);
        }
        for (const std::string &name : outputs_) {
            point_["adjoint_" + name] = drawn(sizes_[name], random_, -1, 1);
            point_["d_adjoint_" + name] = drawn(sizes_[name], random_, -1, 1);
        }
    }

    // Schedules change no values: as found for the target, against those of the baseline without any.
    std::string run_on(const TargetRow &target) {
        for (const Program &program : {jvp(made_.program, made_.inputs), vjp(made_.program, made_.inputs)}) {
            const Values must = testing::run(program, point_, made_.integers, sizes_);
            const Executable code = compile(program, target, autoschedule(program, target));
            for (const auto &[name, is] : testing::run(code, program, point_, made_.integers, sizes_)) {
                const Halide::Buffer<double> &want = must.at(name);
                is.for_each_element([&, &name = name, &is = is](const int *i) {
                    statistics_.elements++;
                    if (!problem_.str().empty()) {
                        return;  // one of many will do
                    }
                    expect_near(is(i), want(i), 1e-10, name + " on " + target.name + " and on x86-64");
                });
            }
        }
        return problem_.str();
    }

    std::string run(bool with_second_order) {
        const Program reverse = vjp(made_.program, made_.inputs);
        const Values forward = derivatives(made_.program, made_.inputs, outputs_);
        const Values back = testing::run(reverse, point_, made_.integers, sizes_);
        const double u_jv = dot(forward, point_, prefixed("d_", outputs_), prefixed("adjoint_", outputs_));
        const double jtu_v = dot(back, point_, prefixed("adjoint_", made_.inputs), prefixed("d_", made_.inputs));
        expect_near(u_jv, jtu_v, 1e-10, "<u, Jv> and <J'u, v>");
        if (with_second_order && problem_.str().empty()) {
            statistics_.hessians++;
            std::vector<std::string> wrt = made_.inputs;
            for (const std::string &name : prefixed("adjoint_", outputs_)) {
                wrt.push_back(name);
            }
            derivatives(reverse, wrt, prefixed("adjoint_", made_.inputs));
        }
        return problem_.str();
    }

private:
    const RandomProgram &made_;
    const std::vector<std::string> outputs_;
    Sizes sizes_;
    GraphStatistics &statistics_;
    std::mt19937 random_;
    Values point_;  // with directions and weights
    std::ostringstream problem_;

    void expect_near(double a, double b, double tolerance, const std::string &what) {
        if (!(std::abs(a - b) <= tolerance * (1 + std::abs(b)))) {
            problem_ << what << ": " << a << " and " << b << " differ by " << std::abs(a - b) << "\n";
        }
    }

    // Those of jvp, after they were compared with differences.
    Values derivatives(const Program &program, const std::vector<std::string> &wrt,
                       const std::vector<std::string> &outputs) {
        Values forward = testing::run(jvp(program, wrt), point_, made_.integers, sizes_);
        const Executable primal = compiled(program);
        const auto at = [&](double step) {
            return testing::run(primal, program, moved(point_, step, point_, wrt, "d_"), made_.integers, sizes_);
        };
        // Of the fourth order in a step; what bends sharply asks for a small one, and rounding for a large one.
        std::vector<std::pair<double, std::array<Values, 4>>> differences;
        for (const double h : {1e-3, 1e-4, 1e-5}) {
            differences.push_back({h, {at(h), at(-h), at(h / 2), at(-h / 2)}});
        }
        const Values here = at(0);
        for (const std::string &name : outputs) {
            forward.at("d_" + name).for_each_element([&](const int *i) {
                const double derivative = forward.at("d_" + name)(i);
                double nearest = INFINITY;
                for (const auto &[h, values] : differences) {
                    const auto value = [&, &values = values](int k) { return values[k].at(name)(i); };
                    const double difference = (4 * (value(2) - value(3)) / h - (value(0) - value(1)) / (2 * h)) / 3;
                    nearest = std::abs(difference - derivative) < std::abs(nearest - derivative) ? difference : nearest;
                }
                statistics_.elements++;
                expect_near(forward.at(name)(i), here.at(name)(i), 1e-12, "the program within its jvp, " + name);
                expect_near(derivative, nearest, 1e-6, "jvp of " + name + " and differences");
            });
        }
        return forward;
    }
};

}  // namespace

Finding check_random_program(Choices &choices, unsigned values, GraphStatistics &statistics) {
    return judge(statistics, [&](std::string &text) {
        const RandomProgram made = random_program(choices);
        text = print(made.program);
        return Check(made, values, statistics).run(values % 4 == 0);
    });
}

Finding check_random_program_on(const std::string &target, Choices &choices, unsigned values,
                                GraphStatistics &statistics) {
    return judge(statistics, [&](std::string &text) {
        // Enough for blocks and threads; less than a vector; some vectors.
        constexpr std::array rows = {300, 3, 33};
        const RandomProgram made = random_program(choices, rows[values % rows.size()]);
        text = print(made.program);
        return Check(made, values, statistics).run_on(find_target(target));
    });
}

}  // namespace sylvite::testing
