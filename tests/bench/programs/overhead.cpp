// What a step of a loop costs beyond the work of its kernels: loops over kernels of 8 floats.

#include "targets/compile.h"

#include <benchmark/benchmark.h>

namespace {

using namespace sylvite;

constexpr int cells = 8;
constexpr int steps = 1'000'000;
const Halide::Var x("x");

Arrays kernel(const Expr &value) {
    Func next("next");
    next(x) = value;
    return {Array(next, {cells})};
}

Expr relaxed(const Array &u) { return 0.999f * u(x) + 0.001f; }

// One state: two buffers in turn, or one in place.
Array one_state(const Array &start) {
    return loop(steps, {start}, [](const Expr &, const Arrays &s) { return kernel(relaxed(s[0])); })[0];
}

// Two states, one of which takes the other's value without a copy.
Array two_states(const Array &start) {
    return loop(steps, {start, start}, [](const Expr &, const Arrays &s) {
        return Arrays{kernel(0.5f * relaxed(s[0]) + 0.5f * s[1](x))[0], s[0]};
    })[0];
}

// A loop of 10 steps in each step of another.
Array nested_loops(const Array &start) {
    return loop(steps / 10, {start}, [](const Expr &, const Arrays &outer) {
        return loop(10, outer, [](const Expr &, const Arrays &s) { return kernel(relaxed(s[0])); });
    })[0];
}

void run_sylvite(benchmark::State &state, Array (*algorithm)(const Array &)) {
    const Array start = input<float>("start", {cells});
    const Program program("relaxation", {start}, {{"end", algorithm(start)}});
    Schedule schedule;
    for (const Kernel &step : kernels_of(program)) {
        schedule.kernels.push_back({.kernel = step.name, .stages = {{"next", -1, {{"vectorize", {"x", "8"}}}}}});
    }
    const Executable run = compile(program, host(), schedule);
    Halide::Buffer<float> from(cells), to(cells);
    from.fill(0);
    for (auto _ : state) {
        run({{"start", from}, {"end", to}});
    }
    state.counters["result"] = to(cells - 1);
}

// The work of one_state behind a call that the compiler cannot see through, as a kernel is one.
[[gnu::noinline]] void relax(const float *from, float *to) {
    for (int i = 0; i < cells; i++) {
        to[i] = 0.999f * from[i] + 0.001f;
    }
    asm volatile("" ::: "memory");
}

void run_by_hand(benchmark::State &state) {
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

BENCHMARK_CAPTURE(run_sylvite, one_state, one_state)
    ->Name("sylvite, one state")
    ->MeasureProcessCPUTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(run_sylvite, two_states, two_states)
    ->Name("sylvite, two states")
    ->MeasureProcessCPUTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(run_sylvite, nested_loops, nested_loops)
    ->Name("sylvite, nested loops")
    ->MeasureProcessCPUTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK(run_by_hand)->Name("by hand C++, one state")->MeasureProcessCPUTime()->Unit(benchmark::kMillisecond);

}  // namespace
