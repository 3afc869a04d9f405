#include "autoscheduler/generator_main/halide_derivatives.h"

#include "autodiff/autodiff.h"
#include "autodiff/zero_gradient.h"

#include <algorithm>
#include <functional>
#include <set>

using namespace Halide::Internal;

namespace sylvite {

namespace {

using Output = HalideAlgorithm::Output;
using Wrt = std::vector<std::string>;
using Naming = std::function<std::string(const std::string &)>;

std::vector<Halide::Var> variables(int n) {
    std::vector<Halide::Var> at;
    for (int d = 0; d < n; d++) {
        at.emplace_back("i" + std::to_string(d));
    }
    return at;
}

bool has_float(const Func &f) {
    return std::any_of(f.types().begin(), f.types().end(), [](const Type &type) { return type.is_float(); });
}

void refuse_integers(const std::string &function, const HalideAlgorithm &algorithm) {
    _halide_user_assert(std::any_of(algorithm.outputs.begin(), algorithm.outputs.end(),
                                    [](const Output &output) { return has_float(output.func); }))
        << function << " needs float outputs; " << algorithm.name << " has none: integers have no derivative.";
}

// An algorithm to which a derivative adds inputs and outputs.
class Addition {
public:
    Addition(const std::string &function, const HalideAlgorithm &algorithm, const Wrt &wrt) :
        function_(function), algorithm_(algorithm) {
        for (const Halide::Parameter &input : algorithm.inputs) {
            taken_.insert(input.name());
        }
        for (const Output &output : algorithm.outputs) {
            for (const std::string &name : output.buffer_names()) {
                taken_.insert(name);
            }
        }
        std::set<std::string> seen;
        for (const std::string &name : wrt) {
            const Halide::Parameter &input = algorithm.input(name);
            _halide_user_assert(input.type().is_float())
                << function << " needs float inputs; " << name << " of " << algorithm.name << " has type "
                << input.type() << ": integers have no derivative.";
            _halide_user_assert(seen.insert(name).second)
                << function << " needs distinct inputs; " << name << " is given twice: name it once.";
            wrt_.push_back(input);
        }
        _halide_user_assert(!wrt.empty())
            << function << " needs inputs to differentiate by; " << algorithm.name << " has no float input.";
    }

    const std::vector<Halide::Parameter> &wrt() const { return wrt_; }
    const HalideAlgorithm &algorithm() const { return algorithm_; }

    // The one scalar float output.
    const Output &loss() const {
        const Output *scalar = nullptr;
        for (const Output &output : algorithm_.outputs) {
            if (output.func.outputs() == 1 && output.func.types()[0].is_float() && output.func.dimensions() == 0) {
                _halide_user_assert(!scalar) << function_ << " needs one scalar float output; " << algorithm_.name
                                             << " has " << scalar->name << " and " << output.name << ": use vjp.";
                scalar = &output;
            }
        }
        _halide_user_assert(scalar) << function_ << " needs an output without dimensions and with one float value; "
                                    << algorithm_.name << " has none: sum one up, or use vjp.";
        return *scalar;
    }

    // A new input with the type, rank and layout of `like`.
    Halide::ImageParam input(const std::string &name, const Halide::Parameter &like) {
        const int dimensions = like.is_buffer() ? like.dimensions() : 0;
        Halide::ImageParam image(like.type(), dimensions, unique(name));
        if (like.is_buffer()) {
            copy_layout(like, image.parameter());
        }
        algorithm_.inputs.push_back(image.parameter());
        return image;
    }

    // A new output; `like` has a buffer for each value of `func`.
    void output(const std::string &name, Func func, const std::vector<Halide::Parameter> &like) {
        Output added{unique(name), std::move(func)};
        for (size_t c = 0; c < like.size(); c++) {
            if (like[c].is_buffer()) {
                copy_layout(like[c], added.func.output_buffers()[c].parameter());
            }
        }
        for (const std::string &buffer : added.buffer_names()) {
            taken_.insert(buffer);
        }
        algorithm_.outputs.push_back(added);
    }

private:
    const std::string function_;
    HalideAlgorithm algorithm_;
    std::vector<Halide::Parameter> wrt_;
    std::set<std::string> taken_;

    std::string unique(const std::string &name) {
        std::string candidate = name;
        for (int n = 2; !taken_.insert(candidate).second; n++) {
            candidate = name + "_" + std::to_string(n);
        }
        return candidate;
    }
};

std::vector<Halide::Parameter> buffers_of(const Func &func) {
    std::vector<Halide::Parameter> buffers;
    for (const Halide::OutputImageParam &buffer : func.output_buffers()) {
        buffers.push_back(buffer.parameter());
    }
    return buffers;
}

Func with_type(const Func &func, const Type &type) {
    if (func.type() == type) {
        return func;
    }
    Func converted(func.name());
    converted(func.args()) = Halide::cast(type, func(func.args()));
    return converted;
}

// Adds tangents of `wrt`, and of those outputs for which `output_name` is not empty.
HalideAlgorithm forward(const std::string &function, const HalideAlgorithm &algorithm, const Wrt &wrt,
                        const Naming &tangent_name, const Naming &output_name) {
    Addition addition(function, algorithm, wrt);
    std::vector<Tangent> tangents;
    for (const Halide::Parameter &x : addition.wrt()) {
        const Halide::ImageParam image = addition.input(tangent_name(x.name()), x);
        Func tangent("d_" + x.name());
        const std::vector<Halide::Var> at = variables(image.dimensions());
        tangent(at) = image(std::vector<Expr>(at.begin(), at.end()));
        tangents.push_back({Input(x, SourceLine()), tangent});
    }
    std::vector<Output> moving;
    std::vector<Func> funcs;
    for (const Output &output : algorithm.outputs) {
        if (has_float(output.func) && !output_name(output.name).empty()) {
            moving.push_back(output);
            funcs.push_back(output.func);
        }
    }
    const std::vector<Func> moved = tangents_of(funcs, tangents);
    for (size_t i = 0; i < moving.size(); i++) {
        addition.output(output_name(moving[i].name), moved[i], buffers_of(moving[i].func));
    }
    return addition.algorithm();
}

}  // namespace

HalideAlgorithm jvp(const HalideAlgorithm &algorithm, const Wrt &wrt) {
    refuse_integers("jvp()", algorithm);
    const auto d = [](const std::string &name) { return "d_" + name; };
    HalideAlgorithm moving = forward("jvp()", algorithm, wrt, d, d);
    std::vector<Func> funcs;
    for (const Output &output : algorithm.outputs) {
        funcs.push_back(output.func);
    }
    for (const std::string &x : wrt) {
        warn_if_zero(funcs, Input(algorithm.input(x), SourceLine()));
    }
    return moving;
}

HalideAlgorithm vjp(const HalideAlgorithm &algorithm, const Wrt &wrt) {
    refuse_integers("vjp()", algorithm);
    Addition addition("vjp()", algorithm, wrt);
    std::vector<Cotangent> cotangents;
    for (const Output &output : algorithm.outputs) {
        if (!has_float(output.func)) {
            continue;
        }
        const std::vector<Halide::Var> at = variables(output.func.dimensions());
        std::vector<Expr> values;
        Region first_box;  // those of a Tuple's other values must be as large
        const std::vector<std::string> names = output.buffer_names();
        for (int c = 0; c < output.func.outputs(); c++) {
            if (!output.func.types()[c].is_float()) {
                values.push_back(make_zero(output.func.types()[c]));
                continue;
            }
            const Halide::ImageParam image =
                addition.input("adjoint_" + names[c], output.func.output_buffers()[c].parameter());
            values.push_back(image(std::vector<Expr>(at.begin(), at.end())));
            if (first_box.empty()) {
                for (int d = 0; d < image.dimensions(); d++) {
                    first_box.emplace_back(image.dim(d).min(), image.dim(d).extent());
                }
            }
        }
        Func adjoint("adjoint_" + output.name);
        adjoint(at) = Halide::Tuple(values);
        cotangents.push_back({output.func, adjoint, first_box});
    }
    const Adjoints adjoints = vjp(cotangents);
    for (const Halide::Parameter &x : addition.wrt()) {
        addition.output("adjoint_" + x.name(), with_type(adjoints(Input(x, SourceLine())), x.type()), {x});
    }
    return addition.algorithm();
}

HalideAlgorithm grad(const HalideAlgorithm &algorithm, const Wrt &wrt) {
    Addition addition("grad()", algorithm, wrt);
    const Output loss = addition.loss();
    const Adjoints adjoints = grad(loss.func);
    for (const Halide::Parameter &x : addition.wrt()) {
        addition.output("d_" + loss.name + "_d_" + x.name(), with_type(adjoints(Input(x, SourceLine())), x.type()),
                        {x});
    }
    return addition.algorithm();
}

HalideAlgorithm hvp(const HalideAlgorithm &algorithm, const Wrt &wrt) {
    const HalideAlgorithm with_gradient = grad(algorithm, wrt);
    std::map<std::string, std::string> products;
    for (size_t i = 0; i < wrt.size(); i++) {
        products[with_gradient.outputs[algorithm.outputs.size() + i].name] = "hvp_" + wrt[i];
    }
    return forward(
        "hvp()", with_gradient, wrt, [](const std::string &name) { return "v_" + name; },
        [&](const std::string &name) { return products.count(name) ? products[name] : std::string(); });
}

}  // namespace sylvite
