// Workloads of programs/loops_workloads.cpp as one would write them by hand, on one thread, vectorised by the compiler.

#include "tests/bench/programs/worker.h"

#include <array>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

namespace {

using Values = std::vector<float>;

// As in programs/runnable.cpp.
Values noise(size_t size, float low, float high, uint32_t seed) {
    Values values(size);
    for (size_t i = 0; i < size; i++) {
        uint32_t bits = static_cast<uint32_t>(i) * 2654435761u + seed * 40503u;
        bits = (bits ^ bits >> 16) * 2246822519u;
        bits = (bits ^ bits >> 13) * 3266489917u;
        bits ^= bits >> 16;
        values[i] = static_cast<float>(double(low) + (double(high) - low) * ((bits >> 8) * 0x1p-24));
    }
    return values;
}

void save(const std::string &folder, int number, const Values &values) {
    std::ofstream(folder + "/" + std::to_string(number), std::ios::binary)
        .write(reinterpret_cast<const char *>(values.data()),
               static_cast<std::streamsize>(values.size() * sizeof(float)));
}

// u' = u + h v,  v' = v - h p u'. For the gradient all u are kept; with a and b the adjoints of u and v, backwards:
// p gets -h b u', a += -h p b, b += h a.
struct Oscillators {
    static constexpr int count = 8, steps = 1'000'000;
    static constexpr float h = 1e-3f;
    const Values start = noise(count, 0.5f, 1, 0), p = noise(count, 0.5f, 1, 1);
    Values kept = Values(size_t(count) * steps), slope = Values(count);
    float loss = 0;

    template<bool keep>
    double run() {
        std::array<float, count> u, v;
        for (int x = 0; x < count; x++) {
            u[x] = v[x] = start[x];
        }
        for (int t = 0; t < steps; t++) {
            for (int x = 0; x < count; x++) {
                u[x] += h * v[x];
                v[x] -= h * p[x] * u[x];
                if (keep) {
                    kept[size_t(t) * count + x] = u[x];
                }
            }
        }
        loss = 0;
        for (float value : u) {
            loss += value;
        }
        return loss;
    }

    double gradient() {
        run<true>();
        std::array<float, count> a, b, sum;
        a.fill(1);
        b.fill(0);
        sum.fill(0);
        for (int t = steps; t-- > 0;) {
            for (int x = 0; x < count; x++) {
                sum[x] -= h * b[x] * kept[size_t(t) * count + x];
                a[x] -= h * p[x] * b[x];
                b[x] += h * a[x];
            }
        }
        slope.assign(sum.begin(), sum.end());
        return loss;
    }
};

// u[t+1] = 2 u[t] - u[t-1] + c L u[t], in place. Backwards the same formula gives u[t-1] again, so nothing is kept; the
// adjoint takes p[t] = 2 p[t+1] - p[t+2] + L (c p[t+1]), and c gets p[t+1] L u[t].
struct Wave {
    static constexpr int n = 256, steps = 256, stride = n + 32;
    const Values start = noise(n * n, -1, 1, 0), c = noise(n * n, 0.1f, 0.2f, 1), seen = noise(n * n, -1, 1, 2);
    Values now = grid(), before = grid(), p = grid(), p_after = grid(), cp = grid(), slope = Values(n * n);
    float loss = 0;

    static Values grid() { return Values(size_t(n + 2) * stride); }
    static size_t at(int y) { return size_t(y + 1) * stride + 16; }

    static float laplacian(const float *u, int x) {
        return u[x - 1] + u[x + 1] + u[x - stride] + u[x + stride] - 4 * u[x];
    }

    void step(const float *__restrict u, float *__restrict other) {
        for (int y = 0; y < n; y++) {
            const float *here = u + at(y), *speed = c.data() + size_t(y) * n;
            float *to = other + at(y);
            for (int x = 0; x < n; x++) {
                to[x] = 2 * here[x] - to[x] + speed[x] * laplacian(here, x);
            }
        }
    }

    double forward() {
        for (int y = 0; y < n; y++) {
            std::memcpy(&now[at(y)], &start[size_t(y) * n], n * sizeof(float));
            std::memcpy(&before[at(y)], &start[size_t(y) * n], n * sizeof(float));
        }
        for (int t = 0; t < steps; t++) {
            step(now.data(), before.data());
            std::swap(now, before);
        }
        double sum = 0;
        for (int y = 0; y < n; y++) {
            float of_row = 0;
            for (int x = 0; x < n; x++) {
                const float difference = now[at(y) + x] - seen[size_t(y) * n + x];
                of_row += difference * difference;
            }
            sum += of_row;
        }
        return loss = static_cast<float>(sum / (double(n) * n));
    }

    // With p = p[t+1], p_after = p[t+2], u = u[t]: the sum, and p[t] where p[t+2] was.
    void reverse_step(const float *__restrict u, float *__restrict after) {
        for (int y = 0; y < n; y++) {
            const float *adjoint = p.data() + at(y), *here = u + at(y), *speed = c.data() + size_t(y) * n;
            float *__restrict sum = slope.data() + size_t(y) * n, *__restrict product = cp.data() + at(y);
            for (int x = 0; x < n; x++) {
                sum[x] += adjoint[x] * laplacian(here, x);
                product[x] = speed[x] * adjoint[x];
            }
        }
        for (int y = 0; y < n; y++) {
            const float *adjoint = p.data() + at(y), *product = cp.data() + at(y);
            float *to = after + at(y);
            for (int x = 0; x < n; x++) {
                to[x] = 2 * adjoint[x] - to[x] + laplacian(product, x);
            }
        }
    }

    double gradient() {
        forward();
        for (int y = 0; y < n; y++) {
            for (int x = 0; x < n; x++) {
                p[at(y) + x] = 2 * (now[at(y) + x] - seen[size_t(y) * n + x]) / (float(n) * n);
                p_after[at(y) + x] = slope[size_t(y) * n + x] = 0;
            }
        }
        for (int t = steps; t-- > 0;) {
            reverse_step(before.data(), p_after.data());
            std::swap(p, p_after);
            step(before.data(), now.data());
            std::swap(now, before);
        }
        return loss;
    }
};

// What a step of the wave moves, and nothing else: three arrays of n x n cells are read and one of them written, `passes`
// times, on one core. Run on arrays that no cache holds it is the bound that memory sets.
struct Streams {
    int n, passes;
    Values a = Values(size_t(n) * n), b = noise(size_t(n) * n, -1, 1, 0), c = noise(size_t(n) * n, 0.1f, 0.2f, 1);

    static void pass(float *__restrict a, const float *__restrict b, const float *__restrict c, size_t size) {
        for (size_t i = 0; i < size; i++) {
            a[i] = b[i] * c[i] - a[i];
        }
    }

    double run() {
        for (int t = 0; t < passes; t++) {
            pass(a.data(), b.data(), c.data(), a.size());
            std::swap(a, b);
        }
        return a[0];
    }
};

}  // namespace

int main(int argc, char **argv) {
    using sylvite::bench::serve;
    const std::string name = argc >= 2 ? argv[1] : "";
    if (name == "streams" && argc == 4) {
        Streams s{std::stoi(argv[2]), std::stoi(argv[3])};
        return serve({[&] { return s.run(); }, [&] { return s.run(); }});
    }
    if (name == "oscillators") {
        Oscillators o;
        return serve({[&] { return o.run<false>(); }, [&] { return o.gradient(); },
                      [&](const std::string &folder) {
                          o.gradient();
                          save(folder, 0, {o.loss});
                          save(folder, 1, o.slope);
                      }});
    }
    if (name == "wave") {
        Wave w;
        return serve({[&] { return w.forward(); }, [&] { return w.gradient(); },
                      [&](const std::string &folder) {
                          w.gradient();
                          save(folder, 0, {w.loss});
                          save(folder, 1, w.slope);
                      }});
    }
    return 2;
}
