// Prints the sum and its derivative by k, which is the sum of x.

#include "scale_forward.h"
#include "scale_grad.h"

#include <HalideBuffer.h>

#include <cstdio>

int main() {
    using Halide::Runtime::Buffer;
    float values[] = {1, 2, 3, 4};
    Buffer<float> x(values, 4), dx(4);
    auto k = Buffer<float>::make_scalar(), sum = Buffer<float>::make_scalar(), dk = Buffer<float>::make_scalar();
    k() = 0.5f;
    if (scale_forward(x, k, sum) != 0) {
        return 1;
    }
    std::printf("%g\n", sum());
    if (scale_grad(x, k, sum, dx, dk) != 0) {
        return 1;
    }
    std::printf("%g %g\n", dx(2), dk());
    return 0;
}
