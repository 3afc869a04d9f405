#include "random_graph_inputs.h"

#include "frontend/print.h"

#include <functional>
#include <limits>
#include <sstream>

namespace sylvite::testing {

using namespace Halide;

namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

std::vector<Var> coordinates(int rank) {
    std::vector<Var> vars;
    for (int d = 0; d < rank; d++) {
        vars.emplace_back("i" + std::to_string(d));
    }
    return vars;
}

// The values of `input` on the region that is read, as `number` makes them from those of an element.
template<typename T>
Values<T> values_of(const GraphInput &input, const std::function<T(const int *at)> &number) {
    Values<T> values{input.read, {}};
    input.value.for_each_element([&](const int *at) {
        if (is_within(input.read, at)) {
            values.values.push_back(number(at));
        }
    });
    return values;
}

}  // namespace

Buffer<double> array_of(const std::vector<Span> &region, int margin) {
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

bool is_within(const std::vector<Span> &region, const int *at) {
    for (size_t d = 0; d < region.size(); d++) {
        if (at[d] < region[d].first || at[d] > region[d].second) {
            return false;
        }
    }
    return true;
}

Buffer<double> random_array(const std::vector<Span> &region, int margin, std::mt19937 &random, Draw draw) {
    Buffer<double> array = array_of(region, margin);
    array.for_each_element([&](const int *at) {
        if (is_within(region, at)) {
            const double fine = static_cast<double>(random()) / 4294967296.0;
            array(at) = draw == Draw::fine ? 2.4 * fine - 1.2 : 0.5 * (static_cast<int>(fine * 5) - 2);
        }
    });
    return array;
}

std::vector<Span> wider(std::vector<Span> region) {
    for (Span &span : region) {
        if (span.first > span.second) {
            span = {0, 0};
        }
        span = {span.first - 1, span.second + 1};
    }
    return region;
}

Func reading(const Buffer<double> &array) {
    Func f("tangent");
    const std::vector<Var> at = coordinates(array.dimensions());
    f(at) = array(std::vector<Expr>(at.begin(), at.end()));
    return f;
}

Func poisoned(const Buffer<double> &array, const std::vector<Span> &box) {
    Func f("u");
    const std::vector<Var> vars = coordinates(static_cast<int>(box.size()));
    Expr inside = Internal::const_true();
    std::vector<Expr> at;
    for (size_t d = 0; d < box.size(); d++) {
        inside = inside && vars[d] >= box[d].first && vars[d] <= box[d].second;
        at.push_back(clamp(vars[d], box[d].first, box[d].second));
    }
    f(vars) = select(inside, array(at), Internal::make_const(Float(64), nan));
    return f;
}

Region region_of(const std::vector<Span> &box) {
    Region region;
    for (const Span &span : box) {
        region.emplace_back(span.first, span.second - span.first + 1);
    }
    return region;
}

Func loss_of(const Func &f, const std::vector<Span> &box, const Buffer<double> &u) {
    Func loss("loss");
    std::vector<Expr> at;
    if (!box.empty()) {
        const RDom r(region_of(box), "all");
        for (int d = 0; d < r.dimensions(); d++) {
            at.push_back(r[d]);
        }
    }
    const Expr y = f(at);
    loss() = Internal::make_zero(Float(64));
    loss() += u(at) * y + y * y / 2;
    return loss;
}

std::vector<GraphInput> random_inputs(RandomGraph &graph, std::mt19937 &random, int margin, Draw draw) {
    std::vector<GraphInput> inputs;
    const auto add = [&](const Input &input, const std::string &name, const std::vector<Span> &read, int outside) {
        const Buffer<double> value = random_array(read, outside, random, draw);
        const Buffer<double> first = random_array(read, margin, random, Draw::fine);
        const Buffer<double> second = random_array(read, margin, random, Draw::fine);
        inputs.push_back({input, name, read, value, first, second, reading(first), reading(second)});
        return value;
    };
    for (RandomGraph::Image &image : graph.images) {
        image.param.set(add(image.param, image.param.name(), image.read, margin));
    }
    for (RandomGraph::Known &known : graph.known) {
        const Buffer<double> value = add(known.buffer, known.buffer.name(), known.read, 0);
        known.buffer.fill(nan);
        value.for_each_element([&](const int *at) {
            if (is_within(known.read, at)) {
                known.buffer(at) = value(at);
            }
        });
    }
    for (Param<double> &scalar : graph.scalars) {
        scalar.set(add(scalar, scalar.name(), {}, 0)());
    }
    return inputs;
}

void bind_inputs(Interpreter<double> &interpreter, const std::vector<GraphInput> &inputs) {
    for (const GraphInput &x : inputs) {
        interpreter.bind(x.name, values_of<double>(x, [&](const int *at) { return x.value(at); }));
    }
}

void bind_inputs(Interpreter<Dual> &interpreter, const std::vector<GraphInput> &inputs) {
    for (const GraphInput &x : inputs) {
        interpreter.bind(x.name, values_of<Dual>(x, [&](const int *at) { return Dual{x.value(at), x.first(at)}; }));
    }
}

void bind_inputs(Interpreter<HyperDual> &interpreter, const std::vector<GraphInput> &inputs) {
    for (const GraphInput &x : inputs) {
        interpreter.bind(x.name, values_of<HyperDual>(x, [&](const int *at) {
                             return HyperDual{x.value(at), x.first(at), x.second(at), 0};
                         }));
    }
}

std::vector<Tangent> first_tangents(const std::vector<GraphInput> &inputs) {
    std::vector<Tangent> tangents;
    for (const GraphInput &x : inputs) {
        tangents.push_back({x.input, x.first_tangent});
    }
    return tangents;
}

std::vector<Tangent> second_tangents(const std::vector<GraphInput> &inputs) {
    std::vector<Tangent> tangents;
    for (const GraphInput &x : inputs) {
        tangents.push_back({x.input, x.second_tangent});
    }
    return tangents;
}

std::string print_graph(const RandomGraph &graph) {
    std::ostringstream text;
    if (graph.output.defined()) {
        text << sylvite::print({graph.output}) << "on";
        for (const Span &span : graph.box) {
            text << " [" << span.first << ", " << span.second << "]";
        }
        text << "\n";
    }
    return text.str();
}

}  // namespace sylvite::testing
