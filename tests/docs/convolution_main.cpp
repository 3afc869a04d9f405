// Calls the libraries that tests/docs/CMakeLists.txt makes of the unmodified generator convolution.cpp: the convolution
// itself, its reverse and its forward derivative. They are compared with loops derived by hand, on buffers that do not
// begin at 0. Prints what differs and returns 1 if anything does.

#include "convolution.h"
#include "convolution_jvp.h"
#include "convolution_vjp.h"

#include <HalideBuffer.h>

#include <cmath>
#include <cstdio>

namespace {

using Image = Halide::Runtime::Buffer<float, 2>;

constexpr int k = 5, width = 37, height = 11, left = -4, top = 7;

int differences = 0;

void expect_near(const char *what, double got, double expected) {
    if (!(std::abs(got - expected) <= 2e-4)) {
        std::printf("%s is %.9g, not %.9g\n", what, got, expected);
        differences++;
    }
}

void expect_success(const char *what, int code) {
    if (code != 0) {
        std::printf("%s returned %d\n", what, code);
        differences++;
    }
}

Image image(int w, int h, int x0, int y0, float seed) {
    Image a(w, h);
    a.set_min(x0, y0);
    a.for_each_element([&](int x, int y) { a(x, y) = std::sin(seed + 1.7f * x + 0.9f * y * y); });
    return a;
}

}  // namespace

int main() {
    Image input = image(width + k - 1, height + k - 1, left, top, 1), weights = image(k, k, 0, 0, 2),
          adjoint = image(width, height, left, top, 3), d_input = image(width + k - 1, height + k - 1, left, top, 4),
          d_weights = image(k, k, 0, 0, 5);
    const float bias = 0.25f, d_bias = -0.5f;

    Image output = image(width, height, left, top, 0), d_output = output.copy();
    Image adjoint_input = input.copy(), adjoint_weights = weights.copy();
    auto adjoint_bias = Halide::Runtime::Buffer<float, 0>::make_scalar(), d_bias_array = adjoint_bias.copy();
    d_bias_array() = d_bias;

    Image expected_input = input.copy(), expected_weights = weights.copy();
    expected_input.fill(0);
    expected_weights.fill(0);
    double expected_bias = 0;
    expect_success("convolution", convolution(input, weights, bias, output));
    expect_success("convolution_jvp",
                   convolution_jvp(input, weights, bias, d_input, d_weights, d_bias_array, d_output));
    output.for_each_element([&](int x, int y) {
        double sum = bias, moved = d_bias;
        for (int j = 0; j < k; j++) {
            for (int i = 0; i < k; i++) {
                sum += weights(i, j) * input(x + i, y + j);
                moved += weights(i, j) * d_input(x + i, y + j) + d_weights(i, j) * input(x + i, y + j);
            }
        }
        expect_near("output", output(x, y), sum > 0 ? sum : 0);
        expect_near("d_output", d_output(x, y), sum > 0 ? moved : 0);
        for (int j = 0; sum > 0 && j < k; j++) {
            for (int i = 0; i < k; i++) {
                expected_input(x + i, y + j) += adjoint(x, y) * weights(i, j);
                expected_weights(i, j) += adjoint(x, y) * input(x + i, y + j);
            }
        }
        expected_bias += sum > 0 ? adjoint(x, y) : 0;
    });

    output.fill(-1);
    expect_success("convolution_vjp", convolution_vjp(input, weights, bias, adjoint, output, adjoint_input,
                                                      adjoint_weights, adjoint_bias));
    adjoint_input.for_each_element(
        [&](int x, int y) { expect_near("adjoint_input", adjoint_input(x, y), expected_input(x, y)); });
    adjoint_weights.for_each_element(
        [&](int x, int y) { expect_near("adjoint_weights", adjoint_weights(x, y), expected_weights(x, y)); });
    expect_near("adjoint_bias", adjoint_bias(), expected_bias);
    output.for_each_element([&](int x, int y) {
        if (!(output(x, y) >= 0)) {
            expect_near("primal output", output(x, y), 0);
        }
    });
    return differences == 0 ? 0 : 1;
}
