#include "random_graph_check.h"

#include "random_graph_finding.h"
#include "random_graph_inputs.h"

#include <cmath>
#include <functional>
#include <sstream>

namespace sylvite::testing {

using namespace Halide;

namespace {

constexpr long most_work = 10'000'000;  // about a second

// A dot product of which it is known how large its terms are.
struct Dot {
    double sum = 0, size = 0;
    void add(double a, double b) {
        sum += a * b;
        size += std::abs(a * b);
    }
};

class Check {
public:
    Check(Choices &choices, unsigned values, GraphStatistics &statistics) :
        random_(values), kind_(values % 8), statistics_(statistics), graph_(random_graph(choices)),
        inputs_(random_inputs(graph_, random_, 0, values % 2 ? Draw::coarse : Draw::fine)),
        u_(random_array(graph_.box, 0, random_, Draw::fine)) {}

    std::string run() {
        forward_and_reverse();
        if (problem_.str().empty() && kind_ < 3) {
            second_order();
        }
        return problem_.str();
    }
    std::string graph() const { return print_graph(graph_); }

private:
    std::mt19937 random_;
    unsigned kind_;
    GraphStatistics &statistics_;
    RandomGraph graph_;
    std::vector<GraphInput> inputs_;
    Buffer<double> u_;
    std::ostringstream problem_;

    // Says so if `got` is not `expected`; what is not finite in the oracle is left out. What larger numbers on the way
    // leave of themselves where they cancel is counted apart.
    void compare(double got, double expected, double size, double largest, const std::string &what) {
        if (!std::isfinite(expected) || !std::isfinite(size) || size > 1e100) {
            statistics_.infinite++;
        } else if (std::abs(got - expected) <= 1e-9 * (1 + size)) {
            return;
        } else if (std::abs(got - expected) <= 1e-15 * largest) {
            statistics_.cancelled++;
        } else {
            problem_ << what << ": " << got << " and " << expected << " differ by " << std::abs(got - expected)
                     << ", with numbers up to " << largest << " on the way\n";
        }
    }

    static void for_each_point(const std::vector<Span> &box, const std::function<void(const Point &)> &visit) {
        Point at;
        for (const Span &span : box) {
            if (span.first > span.second) {
                return;
            }
            at.push_back(span.first);
        }
        size_t d = 0;
        do {
            visit(at);
            for (d = 0; d < box.size() && ++at[d] > box[d].second; d++) {
                at[d] = box[d].first;
            }
        } while (d < box.size());
    }

    void forward_and_reverse() {
        Interpreter<Dual> oracle;
        Interpreter<double> machine;
        oracle.set_limit(most_work);
        machine.set_limit(most_work);
        bind_inputs(oracle, inputs_);
        bind_inputs(machine, inputs_);

        std::vector<Dual> expected;
        double norm = 0;
        Dot forward;
        for_each_point(graph_.box, [&](const Point &at) {
            expected.push_back(oracle.at(graph_.output, at));
            norm = std::max({norm, std::abs(expected.back().f), std::abs(expected.back().d)});
            forward.add(u_(at.data()), expected.back().d);
        });
        const Func tangent = jvp(graph_.output, first_tangents(inputs_));
        size_t i = 0;
        for_each_point(graph_.box, [&](const Point &at) {
            statistics_.elements++;
            const double got = machine.at(tangent, at);
            compare(got, expected[i].d, norm, machine.largest(), "jvp");
            i++;
        });

        const Adjoints adjoints = vjp(graph_.output, poisoned(u_, graph_.box), region_of(graph_.box));
        Dot reverse;
        for (const GraphInput &x : inputs_) {
            const Func adjoint = adjoints(x.input);
            for_each_point(wider(x.read), [&](const Point &at) {
                const double d = machine.at(adjoint, at);
                if (is_within(x.read, at.data())) {
                    reverse.add(d, x.first(at.data()));
                } else if (d != 0) {
                    problem_ << "the adjoint is not zero where the input is not read: " << x.input.name() << " has "
                             << d << "\n";
                }
            });
        }
        compare(reverse.sum, forward.sum, forward.size + norm, machine.largest(), "<J'u, v> and <u, Jv>");
    }

    // <x, gradient> as a Func, over all inputs.
    Func dot_of(const Adjoints &gradient) {
        Func dot("dot");
        dot() = Internal::make_zero(Float(64));
        for (const GraphInput &x : inputs_) {
            bool is_read = true;
            for (const Span &span : x.read) {
                is_read = is_read && span.first <= span.second;
            }
            if (!is_read) {
                continue;
            }
            std::vector<Expr> at;
            if (!x.read.empty()) {
                const RDom r(region_of(x.read), "all");
                for (int d = 0; d < r.dimensions(); d++) {
                    at.push_back(r[d]);
                }
            }
            dot() += gradient(x.input)(at) * x.first(at);
        }
        return dot;
    }

    void second_order() {
        statistics_.hessians++;
        Interpreter<HyperDual> oracle;
        Interpreter<double> machine;
        oracle.set_limit(most_work);
        machine.set_limit(most_work);
        bind_inputs(oracle, inputs_);
        bind_inputs(machine, inputs_);
        if (kind_ == 2) {
            const Func twice = jvp(jvp(graph_.output, first_tangents(inputs_)), second_tangents(inputs_));
            for_each_point(graph_.box, [&](const Point &at) {
                const HyperDual y = oracle.at(graph_.output, at);
                const double got = machine.at(twice, at);
                compare(got, y.d12, std::abs(y.f) + std::abs(y.d1 * y.d2) + std::abs(y.d12), machine.largest(),
                        "jvp of jvp");
            });
            return;
        }
        const Func loss = loss_of(graph_.output, graph_.box, u_);
        const HyperDual y = oracle.at(loss, {});
        const Adjoints gradient = grad(loss);
        Dot product;
        if (random_() % 4 == 0) {
            const Adjoints second = grad(dot_of(gradient));
            for (const GraphInput &x : inputs_) {
                const Func hv = second(x.input);
                for_each_point(x.read, [&](const Point &at) { product.add(machine.at(hv, at), x.second(at.data())); });
            }
        } else {
            std::vector<Func> gradients;
            for (const GraphInput &x : inputs_) {
                gradients.push_back(gradient(x.input));
            }
            const std::vector<Func> hv = jvp(gradients, first_tangents(inputs_));
            for (size_t k = 0; k < inputs_.size(); k++) {
                const GraphInput &x = inputs_[k];
                for_each_point(x.read,
                               [&](const Point &at) { product.add(machine.at(hv[k], at), x.second(at.data())); });
            }
        }
        compare(product.sum, y.d12, product.size + std::abs(y.f) + std::abs(y.d1 * y.d2), machine.largest(), "<w, Hv>");
    }
};

}  // namespace

Finding check_random_graph(Choices &choices, unsigned values, GraphStatistics &statistics) {
    return judge(statistics, [&](std::string &graph) {
        Check check(choices, values, statistics);
        graph = check.graph();
        return check.run();
    });
}

}  // namespace sylvite::testing
