// The smoke workload by the static libraries of the smoke app. Arguments: cells along an edge, steps, and a file, which is
// written for the peers.

#include "tests/bench/programs/lines.h"
#include "tests/bench/programs/worker.h"

#include "smoke_forward.h"
#include "smoke_grad.h"

#include <HalideBuffer.h>
#include <targets/runtime/sylvite_runtime.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace {

using Field = Halide::Runtime::Buffer<float>;

void check(int code) {
    if (code != 0) {
        std::fprintf(stderr, "%s\n", sylvite_last_error());
        std::exit(1);
    }
}

}  // namespace

int main(int argc, char **argv) {
    if (argc != 4) {
        return 1;
    }
    const int n = std::atoi(argv[1]), steps = std::atoi(argv[2]);
    Field velocity(n, n, 2), smoke(n, n), picture(n, n), formed(n, n, 3), slope(n, n, 2);
    Field loss = Field::make_scalar();
    const double turn = 2 * M_PI / n;
    smoke.for_each_element([&](int x, int y) {
        velocity(x, y, 0) = static_cast<float>(0.9 * std::sin(turn * y) + 0.4 * std::cos(2 * turn * x));
        velocity(x, y, 1) = static_cast<float>(0.8 * std::sin(turn * x) - 0.3 * std::cos(turn * (x + y)));
        smoke(x, y) = 11 * y / n % 4 == 1 ? 1.0f : 0.0f;
        picture(x, y) = static_cast<float>(0.5 + 0.5 * std::sin(3 * turn * x) * std::sin(2 * turn * y));
    });
    sylvite::bench::Lines lines(argv[3]);
    for (const Field &field : {velocity, smoke, picture}) {
        lines.add(std::vector<float>(field.begin(), field.end()));
    }
    if (!lines.written()) {
        return 1;
    }
    formed.fill(0);
    slope.fill(0);
    return sylvite::bench::serve({[&]() -> double {
                                      check(smoke_forward(velocity, smoke, picture, 0, steps, loss, formed));
                                      return loss();
                                  },
                                  [&] {
                                      check(smoke_grad(velocity, smoke, picture, 0, steps, loss, formed, slope));
                                      return sylvite::bench::norm(slope.data(), 2 * n * n);
                                  }});
}
