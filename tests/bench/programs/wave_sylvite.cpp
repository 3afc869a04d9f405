// The wave workload by the static libraries of the wave app.

#include "tests/bench/programs/worker.h"

#include "wave_forward.h"
#include "wave_grad.h"

#include <HalideBuffer.h>
#include <targets/runtime/sylvite_runtime.h>

#include <cstdio>
#include <cstdlib>

namespace {

using Grid = Halide::Runtime::Buffer<float, 2>;

void check(int code) {
    if (code != 0) {
        std::fprintf(stderr, "%s\n", sylvite_last_error());
        std::exit(1);
    }
}

}  // namespace

int main(int argc, char **argv) {
    if (argc != 3) {
        return 1;
    }
    const int n = std::atoi(argv[1]), steps = std::atoi(argv[2]);
    Grid surface(n, n), photograph(n, n), formed(n, n), slope(n, n);
    auto loss = Halide::Runtime::Buffer<float, 0>::make_scalar();
    surface.for_each_element([&](int x, int y) {
        surface(x, y) = sylvite::bench::example_surface(0, x, y);
        photograph(x, y) = sylvite::bench::example_surface(1, x, y);
        formed(x, y) = slope(x, y) = 0;
    });
    return sylvite::bench::serve({[&]() -> double {
                                      check(wave_forward(surface, photograph, steps, loss, formed));
                                      return loss();
                                  },
                                  [&] {
                                      check(wave_grad(surface, photograph, steps, loss, formed, slope));
                                      return sylvite::bench::norm(slope.data(), n * n);
                                  }});
}
