// The wave workload as one would write it by hand: its loss and the adjoint of its steps, derived on paper.
//
//     u[t+1] = A u[t] - u[t-1],  A = 2 + k L symmetric,  u[-1] = u[0] = surface
//     p[t] = A p[t+1] - p[t+2],  p[T] = 2 (u[T] - photograph) / m,  p[T+1] = 0,  gradient = p[0] - p[1]
//
// Both are the same step, taken in place, and nothing has to be kept. One thread, vectorised by the compiler.

#include "tests/bench/programs/worker.h"

#include <cstdlib>
#include <memory>
#include <utility>
#include <vector>

namespace {

using sylvite::bench::example_surface;

constexpr float k = 0.2f;

/// n x n cells within a border of zeros, in rows of `stride`.
class Pool {
public:
    explicit Pool(int n) : stride_(n + 2 * border), values_(size_t(n + 2) * stride_, 0.0f) {}
    float *row(int y) { return values_.data() + size_t(y + 1) * stride_ + border; }
    const float *row(int y) const { return const_cast<Pool *>(this)->row(y); }

private:
    static constexpr int border = 16;
    int stride_;
    std::vector<float> values_;
};

struct Wave {
    int n, steps;
    std::vector<float> surface, photograph;
    Pool now, before;
    std::vector<float> slope;

    Wave(int n, int steps) : n(n), steps(steps), now(n), before(n), slope(size_t(n) * n) {
        for (int y = 0; y < n; y++) {
            for (int x = 0; x < n; x++) {
                surface.push_back(example_surface(0, x, y));
                photograph.push_back(example_surface(1, x, y));
            }
        }
    }

    /// before := 2 now - before + k L now, then the two change places.
    void step() {
        for (int y = 0; y < n; y++) {
            const float *above = now.row(y - 1), *here = now.row(y), *below = now.row(y + 1);
            float *__restrict to = before.row(y);
            for (int x = 0; x < n; x++) {
                const float around = here[x - 1] + here[x + 1] + above[x] + below[x] - 4 * here[x];
                to[x] = 2 * here[x] - to[x] + k * around;
            }
        }
        std::swap(now, before);
    }

    double forward() {
        for (int y = 0; y < n; y++) {
            for (int x = 0; x < n; x++) {
                now.row(y)[x] = before.row(y)[x] = surface[size_t(y) * n + x];
            }
        }
        for (int t = 0; t < steps; t++) {
            step();
        }
        double loss = 0;
        for (int y = 0; y < n; y++) {
            float sum = 0;
            for (int x = 0; x < n; x++) {
                const float difference = now.row(y)[x] - photograph[size_t(y) * n + x];
                sum += difference * difference;
            }
            loss += sum;
        }
        return loss / (double(n) * n);
    }

    double gradient() {
        forward();
        for (int y = 0; y < n; y++) {
            for (int x = 0; x < n; x++) {
                now.row(y)[x] = 2 * (now.row(y)[x] - photograph[size_t(y) * n + x]) / (float(n) * n);
                before.row(y)[x] = 0;
            }
        }
        for (int t = 0; t < steps; t++) {
            step();
        }
        for (int y = 0; y < n; y++) {
            for (int x = 0; x < n; x++) {
                slope[size_t(y) * n + x] = now.row(y)[x] - before.row(y)[x];
            }
        }
        return sylvite::bench::norm(slope.data(), n * n);
    }
};

}  // namespace

int main(int argc, char **argv) {
    if (argc != 3) {
        return 1;
    }
    Wave wave(std::atoi(argv[1]), std::atoi(argv[2]));
    return sylvite::bench::serve({[&] { return wave.forward(); }, [&] { return wave.gradient(); }});
}
