#include "program_check.h"

#include "autodiff/program.h"

#include <gtest/gtest.h>

namespace sylvite::testing {

using Halide::Buffer;

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

    const Values x = drawn_inputs(c.program, c.sizes, random, 0.3, 1.2);
    Values forward_inputs = x, reverse_inputs = x;
    for (const std::string &name : c.wrt) {
        forward_inputs["d_" + name] = drawn(size(name), random, -1, 1);
    }
    for (const std::string &name : outputs) {
        reverse_inputs["adjoint_" + name] = drawn(size(name), random, -1, 1);
    }
    const Values forward = run(jvp(c.program, c.wrt), forward_inputs, c.integers, sizes);
    const Values reverse = run(vjp(c.program, c.wrt), reverse_inputs, c.integers, sizes);

    const Executable primal = compiled(c.program);
    const auto at = [&](double step) {
        return run(primal, c.program, moved(x, step, forward_inputs, c.wrt, "d_"), c.integers, sizes);
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
    const Executable product_code = compiled(product), gradient_code = compiled(gradient);
    const Values x = drawn_inputs(c.program, c.sizes, random, 0.3, 1.2);
    Values v = x, w = x;
    for (const std::string &name : c.wrt) {
        v["v_" + name] = drawn(size(name), random, -1, 1);
        w["v_" + name] = drawn(size(name), random, -1, 1);
    }
    const Values hv = run(product_code, product, v, c.integers, sizes),
                 hw = run(product_code, product, w, c.integers, sizes);
    const double w_hv = dot(hv, w, prefixed("hvp_", c.wrt), prefixed("v_", c.wrt));
    const double v_hw = dot(hw, v, prefixed("hvp_", c.wrt), prefixed("v_", c.wrt));
    ASSERT_NEAR(w_hv, v_hw, 1e-10 * (1 + std::abs(w_hv))) << "the Hessian is symmetric";

    const double h = 1e-3;
    const auto at = [&](double step) {
        return run(gradient_code, gradient, moved(x, step, v, c.wrt, "v_"), c.integers, sizes);
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
