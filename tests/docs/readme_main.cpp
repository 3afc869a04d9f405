// The program of README.md: finds what a rod looked like before its heat spread, by gradient descent. The gradient
// comes from the library that the generator in readme_example.cpp makes.

#include "heat_grad.h"

#include <HalideBuffer.h>

#include <cmath>
#include <cstdio>

using Halide::Runtime::Buffer;

int main() {
    Buffer<float> start(100), seen(100), slope(100), loss = Buffer<float>::make_scalar();
    start.fill(0.0f);
    seen.for_each_element([&](int i) { seen(i) = std::sin(0.1f * float(i)); });
    for (int iteration = 0; iteration <= 40; iteration++) {
        if (heat_grad(start, seen, loss, slope) != 0) {
            return 1;
        }
        std::printf("%d: loss %.3g\n", iteration, loss());
        start.for_each_element([&](int i) { start(i) -= 0.5f * slope(i); });
    }
    return 0;
}
