#include "random_graph_check.h"

#include "autodiff/autodiff.h"
#include "frontend/graph.h"
#include "frontend/print.h"
#include "random_graph.h"

#include <cmath>
#include <limits>
#include <random>
#include <sstream>

namespace sylvite::testing {

using namespace Halide;

namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

// The array of a region with `margin` more elements on each side.
Buffer<double> array_of(const std::vector<Span> &region, int margin = 0) {
    std::vector<int> sizes, mins;
    for (const Span &span : region) {
        const bool is_read = span.first <= span.second;
        mins.push_back((is_read ? span.first : 0) - margin);
        sizes.push_back((is_read ? span.second - span.first + 1 : 1) + 2 * margin);
    }
    Buffer<double> array(sizes);
    array.set_min(mins);
    array.fill(nan);
    return array;
}

// Nothing is within a region that is never read: its spans are empty.
bool is_within(const std::vector<Span> &region, const int *at) {
    for (size_t d = 0; d < region.size(); d++) {
        if (at[d] < region[d].first || at[d] > region[d].second) {
            return false;
        }
    }
    return true;
}

// Values in the region, NaN in the margin.
Buffer<double> random_array(const std::vector<Span> &region, int margin, std::mt19937 &random) {
    Buffer<double> array = array_of(region, margin);
    std::uniform_real_distribution<double> uniform(-1.2, 1.2);
    array.for_each_element([&](const int *at) {
        if (is_within(region, at)) {
            array(at) = uniform(random);
        }
    });
    return array;
}

double norm_of(const std::vector<Buffer<double>> &arrays) {
    double sum = 0;
    for (const Buffer<double> &array : arrays) {
        array.for_each_value([&](double x) { sum += x * x; });
    }
    return std::sqrt(sum);
}

// An input of the graph with its value and the direction in which it moves.
struct Moving {
    Input input;
    std::vector<Span> read;
    Buffer<double> value, direction;
    std::function<void(const Buffer<double> &)> set;
    Func tangent;
};

class Check {
public:
    Check(unsigned seed, GraphStatistics &statistics) : random_(seed ^ 0x5eed), seed_(seed), statistics_(statistics) {}

    std::string run() {
        try {
            graph_ = random_graph(seed_);
            statistics_.graphs++;
            check();
        } catch (const Halide::Error &error) {
            problem_ << "Halide: " << error.what() << "\n";
        }
        std::string text = problem_.str();
        if (!text.empty()) {
            text = "seed " + std::to_string(seed_) + ": " + text;
            if (graph_.output.defined()) {
                std::ostringstream where;
                for (const Span &span : graph_.box) {
                    where << " [" << span.first << ", " << span.second << "]";
                }
                text += sylvite::print({graph_.output}) + "on" + where.str() + "\n";
            }
        }
        return text;
    }

private:
    std::mt19937 random_;
    unsigned seed_;
    GraphStatistics &statistics_;
    RandomGraph graph_;
    std::vector<Moving> moving_;
    std::ostringstream problem_;

    bool chance(double p) { return static_cast<double>(random_()) < p * 4294967296.0; }

    Func wrap(const Buffer<double> &array) {
        Func f("tangent");
        std::vector<Var> at;
        for (int d = 0; d < array.dimensions(); d++) {
            at.emplace_back("i" + std::to_string(d));
        }
        f(at) = array(std::vector<Expr>(at.begin(), at.end()));
        return f;
    }

    void make_inputs() {
        const int margin = chance(0.5) ? 2 : 0;
        for (RandomGraph::Image &image : graph_.images) {
            ImageParam param = image.param;
            const Buffer<double> value = random_array(image.read, margin, random_);
            const Buffer<double> direction = random_array(image.read, margin, random_);
            param.set(value);
            moving_.push_back({param, image.read, value, direction,
                               [param](const Buffer<double> &x) mutable { param.set(x); }, wrap(direction)});
        }
        for (RandomGraph::Known &known : graph_.known) {
            const Buffer<double> value = random_array(known.read, 0, random_);
            const Buffer<double> direction = random_array(known.read, margin, random_);
            Buffer<double> target = known.buffer;
            auto set = [target](const Buffer<double> &x) mutable {
                target.fill(nan);
                x.for_each_element([&](const int *at) { target(at) = x(at); });
            };
            set(value);
            moving_.push_back({target, known.read, value, direction, set, wrap(direction)});
        }
        for (Param<double> &scalar : graph_.scalars) {
            Buffer<double> value = random_array({}, 0, random_), direction = random_array({}, 0, random_);
            scalar.set(value());
            moving_.push_back({scalar,
                               {},
                               value,
                               direction,
                               [scalar](const Buffer<double> &x) mutable { scalar.set(x()); },
                               wrap(direction)});
        }
    }

    void move(double step) {
        for (Moving &x : moving_) {
            Buffer<double> moved = x.value.copy();
            moved.for_each_element([&](const int *at) {
                if (is_within(x.read, at)) {
                    moved(at) += step * x.direction(at);
                }
            });
            x.set(moved);
        }
    }

    // All outputs of a pipeline.
    std::vector<Buffer<double>> realize(Pipeline &pipeline, const std::vector<std::vector<Span>> &boxes,
                                        const Target &target) {
        std::vector<Buffer<double>> arrays;
        std::vector<Buffer<>> buffers;
        for (const std::vector<Span> &box : boxes) {
            arrays.push_back(array_of(box));
            buffers.push_back(arrays.back());
        }
        pipeline.realize(Realization(buffers), target);
        return arrays;
    }

    static std::vector<Span> wider(std::vector<Span> region) {
        for (Span &span : region) {
            if (span.first > span.second) {
                span = {0, 0};
            }
            span = {span.first - 1, span.second + 1};
        }
        return region;
    }

    // Halide 21 crashes when all readers of a Func at root are inlined Tuples of which nobody reads the value in question.
    static bool needs_root(const Internal::Function &function) { return function.outputs() > 1; }

    std::vector<Tangent> tangents() const {
        std::vector<Tangent> tangents;
        for (const Moving &x : moving_) {
            tangents.push_back({x.input, x.tangent});
        }
        return tangents;
    }

    void expect_near(double a, double b, double tolerance, const std::string &what) {
        if (!(std::abs(a - b) <= tolerance)) {
            problem_ << what << ": " << a << " and " << b << " differ by " << std::abs(a - b) << ", tolerance "
                     << tolerance << "\n";
        }
    }

    void check() {
        const Target target("x86-64-linux");
        make_inputs();
        const Func f = graph_.output;
        const Buffer<double> u = random_array(graph_.box, 0, random_);
        Region box;
        for (const Span &span : graph_.box) {
            box.emplace_back(span.first, span.second - span.first + 1);
        }
        // What the adjoint is outside the box must not matter.
        Func adjoint("u");
        Expr inside = Internal::const_true();
        std::vector<Expr> at;
        std::vector<Var> vars;
        for (size_t d = 0; d < graph_.box.size(); d++) {
            vars.emplace_back("i" + std::to_string(d));
            inside = inside && vars[d] >= graph_.box[d].first && vars[d] <= graph_.box[d].second;
            at.push_back(clamp(vars[d], graph_.box[d].first, graph_.box[d].second));
        }
        adjoint(vars) = select(inside, u(at), Internal::make_const(Float(64), nan));

        std::vector<Func> outputs{f, jvp(f, tangents())};
        std::vector<std::vector<Span>> boxes{graph_.box, graph_.box};
        const Adjoints adjoints = vjp(f, adjoint, box);
        for (const Moving &x : moving_) {
            outputs.push_back(adjoints(x.input));
            boxes.push_back(wider(x.read));
        }

        // Half of the graphs with everything computed at root, the others with most of it inlined.
        const std::vector<Internal::Function> functions = functions_of(outputs);
        const bool is_large = functions.size() > 24;  // which takes Halide minutes to inline
        const bool all_roots = chance(0.5) || is_large;
        for (const Internal::Function &function : functions) {
            if (all_roots || needs_root(function) || chance(graph_.stages > 3 ? 0.6 : 0.2)) {
                Func(function).compute_root();
            }
        }
        Pipeline pipeline(outputs);
        const std::vector<Buffer<double>> results = realize(pipeline, boxes, target);
        const Buffer<double> &y = results[0], &dy = results[1];

        // <u, Jv> = <J'u, v>
        double forward = 0, reverse = 0, size = 0;
        u.for_each_element([&](const int *i) { forward += u(i) * dy(i); });
        for (size_t k = 0; k < moving_.size(); k++) {
            const Moving &x = moving_[k];
            results[k + 2].for_each_element([&](const int *i) {
                const double d = results[k + 2](i);
                if (is_within(x.read, i)) {
                    reverse += d * x.direction(i);
                    size += std::abs(d * x.direction(i));
                } else if (d != 0) {
                    problem_ << "the adjoint of " << x.input.name() << " is " << d << " where it is not read\n";
                }
            });
        }
        expect_near(forward, reverse, 1e-10 * (size + norm_of({dy}) * norm_of({u}) + 1e-30), "<u, Jv> and <J'u, v>");

        // Central differences with one Richardson step.
        Pipeline primal(f);
        const auto moved = [&](double step) {
            move(step);
            return realize(primal, {graph_.box}, target)[0];
        };
        const double h = 1e-4;
        const Buffer<double> p1 = moved(h), m1 = moved(-h), p2 = moved(h / 2), m2 = moved(-h / 2);
        move(0);
        dy.for_each_element([&](const int *i) {
            const double coarse = (p1(i) - m1(i)) / (2 * h), fine = (p2(i) - m2(i)) / h;
            const double scale = 1 + std::abs(fine) + std::abs(y(i));
            statistics_.elements++;
            if (!(std::abs(coarse - fine) < 1e-4 * scale)) {
                statistics_.unclear++;
                if (!std::isfinite(fine) || !std::isfinite(dy(i))) {
                    problem_ << "not finite: value " << y(i) << ", jvp " << dy(i) << ", difference " << fine << "\n";
                }
                return;
            }
            expect_near(dy(i), (4 * fine - coarse) / 3, 1e-7 * scale + 0.05 * std::abs(coarse - fine),
                        "jvp and differences");
        });
        if (!problem_.str().empty()) {
            return;
        }
        if (seed_ % 3 == 0 && !is_large) {
            check_other_schedule(results, adjoint, box, boxes, all_roots, target);
        }
        if (seed_ % 5 == 0) {
            check_hessian(u, target);
        }
    }

    // The same graph made anew and scheduled the other way.
    void check_other_schedule(const std::vector<Buffer<double>> &results, const Func &adjoint, const Region &box,
                              const std::vector<std::vector<Span>> &boxes, bool all_roots, const Target &target) {
        std::vector<Func> outputs{graph_.output, jvp(graph_.output, tangents())};
        const Adjoints adjoints = vjp(graph_.output, adjoint, box);
        for (const Moving &x : moving_) {
            outputs.push_back(adjoints(x.input));
        }
        for (const Internal::Function &function : functions_of(outputs)) {
            if (!all_roots) {
                Func(function).compute_root();
            } else if (graph_.stages <= 3 && function.can_be_inlined() && !needs_root(function)) {
                Func(function).compute_inline();
            }
        }
        Pipeline pipeline(outputs);
        const std::vector<Buffer<double>> others = realize(pipeline, boxes, target);
        for (size_t k = 0; k < results.size(); k++) {
            const double size = norm_of({results[k]}) + 1e-30;
            results[k].for_each_element([&](const int *i) {
                expect_near(results[k](i), others[k](i), 1e-11 * size,
                            "output " + std::to_string(k) + " of two schedules");
            });
        }
    }

    // d/de grad(x + e v) w = d/de grad(x + e w) v, by all inputs at once.
    void check_hessian(const Buffer<double> &u, const Target &target) {
        statistics_.hessians++;
        Func loss("loss");
        RDom r;
        std::vector<Expr> at;
        if (!graph_.box.empty()) {
            Region region;
            for (const Span &span : graph_.box) {
                region.emplace_back(span.first, span.second - span.first + 1);
            }
            r = RDom(region, "all");
            for (int d = 0; d < r.dimensions(); d++) {
                at.push_back(r[d]);
            }
        }
        const Expr y = graph_.output(at);
        loss() = Internal::make_zero(Float(64));
        loss() += u(at) * y + y * y / 2;
        const Adjoints gradient = grad(loss);
        std::vector<Func> gradients;
        std::vector<std::vector<Span>> boxes;
        std::vector<Tangent> others;
        std::vector<Buffer<double>> w;
        for (const Moving &x : moving_) {
            gradients.push_back(gradient(x.input));
            boxes.push_back(x.read);
            w.push_back(random_array(x.read, 0, random_));
            others.push_back({x.input, wrap(w.back())});
        }
        const std::vector<Func> hv = jvp(gradients, tangents()), hw = jvp(gradients, others);
        std::vector<Func> outputs = hv;
        outputs.insert(outputs.end(), hw.begin(), hw.end());
        for (const Internal::Function &function : functions_of(outputs)) {
            Func(function).compute_root();
        }
        const std::vector<std::vector<Span>> once = boxes;
        boxes.insert(boxes.end(), once.begin(), once.end());
        Pipeline pipeline(outputs);
        const std::vector<Buffer<double>> products = realize(pipeline, boxes, target);
        double w_hv = 0, v_hw = 0, size = 1e-30;
        for (size_t k = 0; k < moving_.size(); k++) {
            w[k].for_each_element([&](const int *i) {
                if (is_within(moving_[k].read, i)) {
                    const double a = w[k](i) * products[k](i);
                    const double b = moving_[k].direction(i) * products[k + moving_.size()](i);
                    w_hv += a, v_hw += b, size += std::abs(a) + std::abs(b);
                }
            });
        }
        // What cancels leaves the rounding errors of values of order 1.
        expect_near(w_hv, v_hw, 1e-9 * size + 1e-13, "<w, Hv> and <v, Hw>");
    }
};

}  // namespace

std::string check_random_graph(unsigned seed, GraphStatistics &statistics) { return Check(seed, statistics).run(); }

}  // namespace sylvite::testing
