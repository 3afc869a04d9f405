#include "program_check.h"

#include "autodiff/program.h"
#include "derivative_check.h"
#include "targets/compile.h"

#include <gtest/gtest.h>

namespace sylvite::testing {

using Halide::Buffer;

namespace {

double dot(const Buffer<double> &a, const Buffer<double> &b) {
    double sum = 0;
    a.for_each_element([&](const int *at) { sum += a(at) * b(at); });
    return sum;
}

double dot(const Values &a, const Values &b, const std::vector<std::string> &names_a,
           const std::vector<std::string> &names_b) {
    double sum = 0;
    for (size_t i = 0; i < names_a.size(); i++) {
        sum += dot(a.at(names_a[i]), b.at(names_b[i]));
    }
    return sum;
}

std::vector<std::string> prefixed(const std::string &prefix, const std::vector<std::string> &names) {
    std::vector<std::string> result;
    for (const std::string &name : names) {
        result.push_back(prefix + name);
    }
    return result;
}

Buffer<double> along(const Buffer<double> &x, double step, const Buffer<double> &v) {
    Buffer<double> moved = x.copy();
    moved.for_each_element([&](const int *at) { moved(at) += step * v(at); });
    return moved;
}

Values random_inputs(const ProgramCase &c, std::mt19937 &random) {
    Values values;
    for (const ProgramInput &input : c.program.inputs()) {
        if (input.type().is_float()) {
            const auto it = c.sizes.find(input.name());
            values[input.name()] =
                random_buffer(it == c.sizes.end() ? std::vector<int>() : it->second, random, 0.3, 1.2);
        }
    }
    return values;
}

// Runs a compiled program.
Values run(const Executable &code, const Program &program, const Values &inputs,
           const std::map<std::string, int> &integers, const std::map<std::string, std::vector<int>> &sizes) {
    NamedArguments arguments;
    for (const ProgramInput &input : program.inputs()) {
        if (input.is_array()) {
            arguments.emplace_back(input.name(), inputs.at(input.name()));
        } else if (input.type().is_float()) {
            arguments.emplace_back(input.name(), inputs.at(input.name())());
        } else {
            arguments.emplace_back(input.name(), integers.at(input.name()));
        }
    }
    Values outputs;
    for (const ProgramOutput &output : program.outputs()) {
        const auto it = sizes.find(output.name);
        outputs[output.name] = Buffer<double>(it == sizes.end() ? std::vector<int>() : it->second);
        arguments.emplace_back(output.name, outputs[output.name]);
    }
    code.run(arguments);
    return outputs;
}

const TargetRow &baseline() { return find_target("x86-64"); }

}  // namespace

Values run(const Program &program, const Values &inputs, const std::map<std::string, int> &integers,
           const std::map<std::string, std::vector<int>> &sizes) {
    return run(compile(program, baseline()), program, inputs, integers, sizes);
}

std::vector<Values> run(const Program &program, const std::vector<Values> &inputs,
                        const std::map<std::string, int> &integers,
                        const std::map<std::string, std::vector<int>> &sizes) {
    const Executable code = compile(program, baseline());
    std::vector<Values> outputs;
    for (const Values &values : inputs) {
        outputs.push_back(run(code, program, values, integers, sizes));
    }
    return outputs;
}

void check_program(const ProgramCase &c, unsigned seed) {
    SCOPED_TRACE(c.name + ", seed " + std::to_string(seed));
    std::mt19937 random(seed);
    std::vector<std::string> outputs;
    for (const ProgramOutput &output : c.program.outputs()) {
        outputs.push_back(output.name);
    }
    auto sizes = c.sizes;
    const auto size = [&](const std::string &name) {
        const auto it = c.sizes.find(name);
        return it == c.sizes.end() ? std::vector<int>() : it->second;
    };
    for (const std::string &name : c.wrt) {
        sizes["d_" + name] = sizes["adjoint_" + name] = size(name);
    }
    for (const std::string &name : outputs) {
        sizes["d_" + name] = sizes["adjoint_" + name] = size(name);
    }

    const Values x = random_inputs(c, random);
    Values forward_inputs = x, reverse_inputs = x;
    for (const std::string &name : c.wrt) {
        forward_inputs["d_" + name] = random_buffer(size(name), random, -1, 1);
    }
    for (const std::string &name : outputs) {
        reverse_inputs["adjoint_" + name] = random_buffer(size(name), random, -1, 1);
    }
    const Values forward = run(jvp(c.program, c.wrt), forward_inputs, c.integers, sizes);
    const Values reverse = run(vjp(c.program, c.wrt), reverse_inputs, c.integers, sizes);

    const Executable primal = compile(c.program, baseline());
    const auto at = [&](double step) {
        Values moved = x;
        for (const std::string &name : c.wrt) {
            moved[name] = along(x.at(name), step, forward_inputs.at("d_" + name));
        }
        return run(primal, c.program, moved, c.integers, sizes);
    };
    const double h = 1e-3;
    const Values value = at(0), p1 = at(h), m1 = at(-h), p2 = at(h / 2), m2 = at(-h / 2);
    for (const std::string &name : outputs) {
        const Buffer<double> &d = forward.at("d_" + name);
        d.for_each_element([&](const int *i) {
            ASSERT_EQ(forward.at(name)(i), value.at(name)(i)) << "primal of jvp";
            ASSERT_NEAR(reverse.at(name)(i), value.at(name)(i), 1e-13 * (1 + std::abs(value.at(name)(i))));
            const double coarse = (p1.at(name)(i) - m1.at(name)(i)) / (2 * h);
            const double fine = (p2.at(name)(i) - m2.at(name)(i)) / h;
            const double difference = (4 * fine - coarse) / 3;
            ASSERT_NEAR(d(i), difference, 1e-7 * (1 + std::abs(difference))) << "jvp of " << name;
        });
    }
    const double u_jv = dot(forward, reverse_inputs, prefixed("d_", outputs), prefixed("adjoint_", outputs));
    const double jtu_v = dot(reverse, forward_inputs, prefixed("adjoint_", c.wrt), prefixed("d_", c.wrt));
    ASSERT_NEAR(u_jv, jtu_v, 1e-10 * (1 + std::abs(u_jv))) << "<u, Jv> = <J'u, v>";
    ASSERT_NE(u_jv, 0) << "a derivative that is zero tests nothing";
}

void check_second_order(const ProgramCase &c, unsigned seed) {
    SCOPED_TRACE(c.name + ", seed " + std::to_string(seed));
    std::mt19937 random(seed);
    ASSERT_EQ(c.program.outputs().size(), 1u);
    const std::string loss = c.program.outputs()[0].name;
    auto sizes = c.sizes;
    const auto size = [&](const std::string &name) {
        const auto it = c.sizes.find(name);
        return it == c.sizes.end() ? std::vector<int>() : it->second;
    };
    std::vector<std::string> gradient_names;
    for (const std::string &name : c.wrt) {
        gradient_names.push_back("d_" + loss + "_d_" + name);
        sizes["hvp_" + name] = sizes["v_" + name] = sizes[gradient_names.back()] = size(name);
    }
    const Program product = hvp(c.program, c.wrt), gradient = grad(c.program, c.wrt);
    const Executable product_code = compile(product, baseline()), gradient_code = compile(gradient, baseline());
    const Values x = random_inputs(c, random);
    Values v = x, w = x;
    for (const std::string &name : c.wrt) {
        v["v_" + name] = random_buffer(size(name), random, -1, 1);
        w["v_" + name] = random_buffer(size(name), random, -1, 1);
    }
    const Values hv = run(product_code, product, v, c.integers, sizes),
                 hw = run(product_code, product, w, c.integers, sizes);
    const double w_hv = dot(hv, w, prefixed("hvp_", c.wrt), prefixed("v_", c.wrt));
    const double v_hw = dot(hw, v, prefixed("hvp_", c.wrt), prefixed("v_", c.wrt));
    ASSERT_NEAR(w_hv, v_hw, 1e-10 * (1 + std::abs(w_hv))) << "the Hessian is symmetric";

    const double h = 1e-3;
    const auto at = [&](double step) {
        Values moved = x;
        for (const std::string &name : c.wrt) {
            moved[name] = along(x.at(name), step, v.at("v_" + name));
        }
        return run(gradient_code, gradient, moved, c.integers, sizes);
    };
    const Values p1 = at(h), m1 = at(-h), p2 = at(h / 2), m2 = at(-h / 2);
    for (size_t k = 0; k < c.wrt.size(); k++) {
        const std::string &g = gradient_names[k];
        const Buffer<double> &product_k = hv.at("hvp_" + c.wrt[k]);
        product_k.for_each_element([&](const int *i) {
            const double coarse = (p1.at(g)(i) - m1.at(g)(i)) / (2 * h), fine = (p2.at(g)(i) - m2.at(g)(i)) / h;
            const double difference = (4 * fine - coarse) / 3;
            ASSERT_NEAR(product_k(i), difference, 1e-6 * (1 + std::abs(difference))) << "hvp by " << c.wrt[k];
        });
    }
}

}  // namespace sylvite::testing
