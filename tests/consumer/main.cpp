// Calls the compiled program and its gradient, and compares them with a few lines of plain C++. Prints what differs and
// returns 1 if anything does.

#include "diffusion.h"
#include "diffusion_grad.h"

#include <HalideBuffer.h>

#include <cmath>
#include <cstdio>
#include <vector>

namespace {

constexpr int n = 33, steps = 40;

using Rod = std::vector<double>;

Rod heat_after(Rod u) {
    for (int t = 0; t < steps; t++) {
        Rod next(n);
        for (int x = 0; x < n; x++) {
            const double left = x > 0 ? u[x - 1] : 0, right = x + 1 < n ? u[x + 1] : 0;
            next[x] = u[x] + 0.25 * (left - 2 * u[x] + right);
        }
        u = next;
    }
    return u;
}

double loss_of(const Rod &start, const Rod &seen) {
    const Rod heat = heat_after(start);
    double sum = 0;
    for (int x = 0; x < n; x++) {
        sum += (heat[x] - seen[x]) * (heat[x] - seen[x]);
    }
    return sum;
}

int differences = 0;

void expect_near(const char *what, double got, double expected, double tolerance) {
    if (!(std::abs(got - expected) <= tolerance)) {
        std::printf("%s is %.12g, not %.12g\n", what, got, expected);
        differences++;
    }
}

void expect_success(const char *what, int code) {
    if (code != 0) {
        std::printf("%s returned %d\n", what, code);
        differences++;
    }
}

}  // namespace

int main() {
    Rod start(n), seen(n);
    for (int x = 0; x < n; x++) {
        start[x] = std::sin(0.3 * x * x), seen[x] = std::cos(0.2 * x);
    }
    Halide::Runtime::Buffer<double> start_array(start.data(), n), seen_array(seen.data(), n), heat(n), gradient(n);
    auto loss = Halide::Runtime::Buffer<double>::make_scalar();

    expect_success("diffusion", diffusion(start_array, seen_array, steps, heat, loss));
    const Rod expected = heat_after(start);
    for (int x = 0; x < n; x++) {
        expect_near("heat", heat(x), expected[x], 1e-13);
    }
    expect_near("loss", loss(), loss_of(start, seen), 1e-11);

    expect_success("diffusion_grad", diffusion_grad(start_array, seen_array, steps, heat, loss, gradient));
    for (int x = 0; x < n; x++) {
        Rod more = start, less = start;  // the loss is quadratic, so the central difference has no truncation error
        more[x] += 1, less[x] -= 1;
        expect_near("gradient", gradient(x), (loss_of(more, seen) - loss_of(less, seen)) / 2, 1e-11);
    }

    expect_near("code of a wrong extent",
                diffusion(start_array.cropped(0, 0, n - 1), seen_array, steps, heat, loss) != 0, 1, 0);
    return differences == 0 ? 0 : 1;
}
