#include "random_graph_check.h"

#include "frontend/graph.h"
#include "random_graph_finding.h"
#include "random_graph_inputs.h"

#include <cmath>
#include <sstream>

namespace sylvite::testing {

using namespace Halide;

namespace {

double norm_of(const Buffer<double> &array) {
    double sum = 0;
    array.for_each_value([&](double x) { sum += x * x; });
    return std::sqrt(sum);
}

// Halide 21 crashes when all readers of a Func at root are inlined Tuples of which nobody reads the value in question.
bool needs_root(const Internal::Function &function) { return function.outputs() > 1; }

class Check {
public:
    Check(Choices &choices, unsigned values, GraphStatistics &statistics) :
        random_(values), values_(values), statistics_(statistics), graph_(random_graph(choices)),
        inputs_(random_inputs(graph_, random_, values % 2 ? 2 : 0, Draw::fine)),
        u_(random_array(graph_.box, 0, random_, Draw::fine)) {}

    std::string run() {
        try {
            first_order(chance(0.5));
        } catch (const Halide::Error &error) {
            expect_graph_runs();
            expect_schedule_runs(error);
            throw;
        }
        if (problem_.str().empty() && values_ % 5 == 0) {
            second_order();
        }
        if (!problem_.str().empty()) {
            expect_right_graph();
            expect_more_than_rounding();
        }
        return problem_.str();
    }
    std::string graph() const { return print_graph(graph_); }

private:
    std::mt19937 random_;
    unsigned values_;
    GraphStatistics &statistics_;
    RandomGraph graph_;
    std::vector<GraphInput> inputs_;
    Buffer<double> u_;
    std::ostringstream problem_;
    double largest_difference_ = 0;

    bool chance(double p) { return static_cast<double>(random_()) < p * 4294967296.0; }

    void expect_near(double a, double b, double tolerance, const std::string &what) {
        if (!std::isfinite(a) || !std::isfinite(tolerance)) {
            statistics_.infinite++;
        } else if (!(std::abs(a - b) <= tolerance)) {
            largest_difference_ = std::max(largest_difference_, std::abs(a - b));
            problem_ << what << ": " << a << " and " << b << " differ by " << std::abs(a - b) << ", tolerance "
                     << tolerance << "\n";
        }
    }

    static std::vector<Buffer<double>> realize(const std::vector<Func> &outputs,
                                               const std::vector<std::vector<Span>> &boxes) {
        std::vector<Buffer<double>> arrays;
        std::vector<Buffer<>> buffers;
        for (const std::vector<Span> &box : boxes) {
            arrays.push_back(array_of(box));
            buffers.push_back(arrays.back());
        }
        Pipeline(outputs).realize(Realization(buffers), Target("x86-64-linux"));
        return arrays;
    }

    // The graph, jvp and the adjoints.
    std::vector<Func> outputs() const {
        std::vector<Func> outputs{graph_.output, jvp(graph_.output, first_tangents(inputs_))};
        const Adjoints adjoints = vjp(graph_.output, poisoned(u_, graph_.box), region_of(graph_.box));
        for (const GraphInput &x : inputs_) {
            outputs.push_back(adjoints(x.input));
        }
        return outputs;
    }

    // With everything computed at root, or with most of it inlined.
    void first_order(bool all_roots) {
        const std::vector<Func> funcs = outputs();
        std::vector<std::vector<Span>> boxes{graph_.box, graph_.box};
        for (const GraphInput &x : inputs_) {
            boxes.push_back(wider(x.read));
        }
        const std::vector<Internal::Function> functions = functions_of(funcs);
        const bool is_large = functions.size() > 24;  // which takes Halide minutes to inline
        all_roots = all_roots || is_large;
        for (const Internal::Function &function : functions) {
            if (all_roots || needs_root(function) || chance(graph_.stages > 3 ? 0.6 : 0.2)) {
                Func(function).compute_root();
            }
        }
        const std::vector<Buffer<double>> results = realize(funcs, boxes);
        compare_with_oracle(results);
        if (problem_.str().empty() && values_ % 3 == 0 && !is_large) {
            other_schedule(results, boxes, all_roots);
        }
    }

    // Halide 21's simplifier takes t - t % c of floats for t.
    void expect_right_graph() {
        Interpreter<Dual> oracle;
        bind_inputs(oracle, inputs_);
        const Buffer<double> values = realize({graph_.output}, {graph_.box})[0];
        const double size = norm_of(values);
        values.for_each_element([&](const int *i) {
            const double right = oracle.at(graph_.output, Point(i, i + graph_.box.size())).f;
            if (std::abs(values(i) - right) > 1e-10 * (1 + size)) {
                throw Uncheckable("Halide computes the graph wrongly");
            }
        });
    }

    // A sine of 1e12 is another one where what it is of changes by its last bit, as libraries of functions do.
    void expect_more_than_rounding() {
        Interpreter<Dual> here;
        bind_inputs(here, inputs_);
        double change = 0;
        for (int trial = 0; trial < 4; trial++) {
            std::vector<GraphInput> near = inputs_;
            for (GraphInput &x : near) {
                x.value = x.value.copy();
                x.value.for_each_value([&](double &value) { value *= 1 + (chance(0.5) ? 0x1p-51 : -0x1p-51); });
            }
            Interpreter<Dual> there;
            bind_inputs(there, near);
            double sum = 0;
            array_of(graph_.box).for_each_element([&](const int *i) {
                const Point at(i, i + graph_.box.size());
                const Dual a = here.at(graph_.output, at), b = there.at(graph_.output, at);
                sum += std::abs(a.f - b.f) + std::abs(a.d - b.d);
            });
            change = std::max(change, sum);
        }
        if (largest_difference_ < 8 * change) {
            throw Uncheckable("differs by no more than it does for inputs with other last bits");
        }
    }

    // Halide 21 takes in(clamp(r, 0, 1)) over r from -1 for a read of in(-1) where a predicate says r % 2 == 0.
    void expect_graph_runs() const {
        try {
            realize({graph_.output}, {graph_.box});
        } catch (const Halide::Error &error) {
            throw Uncheckable("Halide cannot run the graph: " + std::string(error.what()));
        }
    }

    // Halide 21's simplifier drops a clamp where it knows a remainder to be even, which its bounds inference does not:
    // in(clamp((10*x + 2) % 4 - 1, 0, 1)) is refused as a read of in(2). With less inlined there is less to simplify.
    void expect_schedule_runs(const Halide::Error &error) {
        if (std::string(error.what()).find("is accessed at") == std::string::npos) {
            return;
        }
        first_order(true);
        if (problem_.str().empty()) {
            throw Uncheckable("Halide cannot run the derivative inlined: " + std::string(error.what()));
        }
    }

    void compare_with_oracle(const std::vector<Buffer<double>> &results) {
        Interpreter<Dual> oracle;
        bind_inputs(oracle, inputs_);
        const double size = norm_of(results[0]) + norm_of(results[1]);
        double forward = 0, reverse = 0, reverse_size = 0;
        results[1].for_each_element([&](const int *i) {
            const Dual y = oracle.at(graph_.output, Point(i, i + graph_.box.size()));
            statistics_.elements++;
            expect_near(y.f, results[0](i), 1e-10 * (1 + size), "the graph");
            expect_near(y.d, results[1](i), 1e-9 * (1 + size), "jvp");
            forward += u_(i) * y.d;
        });
        for (size_t k = 0; k < inputs_.size(); k++) {
            const GraphInput &x = inputs_[k];
            results[k + 2].for_each_element([&](const int *i) {
                const double d = results[k + 2](i);
                if (is_within(x.read, i)) {
                    reverse += d * x.first(i);
                    reverse_size += std::abs(d * x.first(i));
                } else if (d != 0) {
                    problem_ << "the adjoint is not zero where the input is not read: " << x.name << " has " << d
                             << "\n";
                }
            });
        }
        expect_near(forward, reverse, 1e-9 * (1 + size + reverse_size), "<u, Jv> and <J'u, v>");
    }

    // The same graph made anew and scheduled the other way.
    void other_schedule(const std::vector<Buffer<double>> &results, const std::vector<std::vector<Span>> &boxes,
                        bool all_roots) {
        const std::vector<Func> funcs = outputs();
        for (const Internal::Function &function : functions_of(funcs)) {
            if (!all_roots || needs_root(function)) {
                Func(function).compute_root();
            } else if (graph_.stages <= 3 && function.can_be_inlined()) {
                Func(function).compute_inline();
            }
        }
        const std::vector<Buffer<double>> others = realize(funcs, boxes);
        for (size_t k = 0; k < results.size(); k++) {
            const double size = norm_of(results[k]) + 1e-30;
            results[k].for_each_element(
                [&](const int *i) { expect_near(results[k](i), others[k](i), 1e-11 * size, "two schedules"); });
        }
    }

    // d/de grad(x + e v) times w.
    void second_order() {
        statistics_.hessians++;
        const Func loss = loss_of(graph_.output, graph_.box, u_);
        const Adjoints gradient = grad(loss);
        std::vector<Func> gradients;
        std::vector<std::vector<Span>> boxes;
        for (const GraphInput &x : inputs_) {
            gradients.push_back(gradient(x.input));
            boxes.push_back(x.read);
        }
        Interpreter<HyperDual> oracle;
        bind_inputs(oracle, inputs_);
        const double expected = oracle.at(loss, {}).d12;
        const std::vector<Func> hv = jvp(gradients, first_tangents(inputs_));
        for (const Internal::Function &function : functions_of(hv)) {
            Func(function).compute_root();
        }
        const std::vector<Buffer<double>> products = realize(hv, boxes);
        double w_hv = 0, size = std::abs(expected);
        for (size_t k = 0; k < inputs_.size(); k++) {
            const GraphInput &x = inputs_[k];
            products[k].for_each_element([&](const int *i) {
                if (is_within(x.read, i)) {
                    w_hv += x.second(i) * products[k](i);
                    size += std::abs(x.second(i) * products[k](i));
                }
            });
        }
        expect_near(expected, w_hv, 1e-9 * (1 + size), "<w, Hv>");
    }
};

}  // namespace

Finding check_compiled_graph(Choices &choices, unsigned values, GraphStatistics &statistics) {
    return judge(statistics, [&](std::string &graph) {
        Check check(choices, values, statistics);
        graph = check.graph();
        return check.run();
    });
}

}  // namespace sylvite::testing
