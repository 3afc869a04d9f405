// What a step of a loop costs beside its work: a kernel over 8 elements, a million times.

#include "targets/compile.h"

#include <benchmark/benchmark.h>

namespace {

using namespace sylvite;

constexpr int cells = 8;
constexpr int steps = 1'000'000;

/// x := 0.999 x + 0.001, which tends to 1.
Program relaxation() {
    Array start = input<float>("start", {cells});
    Halide::Param<int> count("steps");
    Arrays end = loop(count, {start}, [](const Expr &, const Arrays &state) {
        Halide::Var x("x");
        Func next("next");
        next(x) = 0.999f * state[0](x) + 0.001f;
        return Arrays{Array(next, {cells})};
    });
    return Program("relaxation", {start, count}, {{"end", end[0]}});
}

void sylvite_loop(benchmark::State &state) {
    const Schedule schedule = parse_schedule("sylvite-schedule 1\n"
                                             "kernel step\n"
                                             "  stage next\n"
                                             "    vectorize x 8\n");
    const Executable run = compile(relaxation(), host(), schedule);
    Halide::Buffer<float> start(cells), end(cells);
    start.fill(0);
    for (auto _ : state) {
        run({{"start", start}, {"steps", steps}, {"end", end}});
    }
    state.counters["result"] = end(cells - 1);
}

/// The same work behind a call that the compiler cannot see through, as a kernel is one.
[[gnu::noinline]] void relax(const float *from, float *to) {
    for (int i = 0; i < cells; i++) {
        to[i] = 0.999f * from[i] + 0.001f;
    }
    asm volatile("" ::: "memory");
}

void by_hand_loop(benchmark::State &state) {
    float a[cells], b[cells];
    for (auto _ : state) {
        std::fill(a, a + cells, 0.0f);
        float *now = a, *next = b;
        for (int t = 0; t < steps; t++) {
            relax(now, next);
            std::swap(now, next);
        }
        benchmark::DoNotOptimize(now);
    }
    state.counters["result"] = a[cells - 1];
}

BENCHMARK(sylvite_loop)->Name("sylvite")->MeasureProcessCPUTime()->Unit(benchmark::kMillisecond);
BENCHMARK(by_hand_loop)->Name("by hand, C++")->MeasureProcessCPUTime()->Unit(benchmark::kMillisecond);

}  // namespace
