// What a step of a loop costs beyond the work of its kernels: loops over kernels of 8 floats.

#include "targets/compile.h"

#include <benchmark/benchmark.h>

#include <cstdio>

using namespace sylvite;

namespace {

constexpr int steps = 100000;
const Halide::Var x("x");

Array pointwise(const char *name, const Expr &value) {
    Func f(name);
    f(x) = value;
    return Array(f, {8});
}

// One state: two buffers in turn, or one in place.
Program decay() {
    Array u = input<float>("u", {8});
    return Program("decay", {u}, {{"y", loop(steps, {u}, [&](Expr, const Arrays &s) {
                                       return Arrays{pointwise("next", s[0](x) * 0.5f + 1.f)};
                                   })[0]}});
}

// Two states, one of which takes the other's value without a copy.
Program wave() {
    Array u = input<float>("u", {8});
    return Program("wave", {u}, {{"y", loop(steps, {u, u}, [&](Expr, const Arrays &s) {
                                      return Arrays{pointwise("next", s[0](x) * 1.5f - s[1](x) * 0.5f), s[0]};
                                  })[0]}});
}

// A loop of 10 steps in each step of another.
Program nested() {
    Array u = input<float>("u", {8});
    const auto inner = [&](Expr, const Arrays &outer) {
        return loop(10, outer, [&](Expr, const Arrays &s) { return Arrays{pointwise("next", s[0](x) * 0.5f + 1.f)}; });
    };
    return Program("nested", {u}, {{"y", loop(steps / 10, {u}, inner)[0]}});
}

void run_steps(benchmark::State &state, const Program &program) {
    const Executable run = compile(program);
    Halide::Buffer<float> u(8), y(8);
    u.fill(1.f);
    for (auto _ : state) {
        run({{"u", u}, {"y", y}});
        benchmark::DoNotOptimize(y.data());
    }
    state.counters["per_step"] =
        benchmark::Counter(steps, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}
BENCHMARK_CAPTURE(run_steps, one_state, decay())->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(run_steps, two_states, wave())->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(run_steps, nested_loops, nested())->Unit(benchmark::kMillisecond);

// One JSON object a line, as ./dev bench --json prints for every benchmark.
class JsonLines : public benchmark::BenchmarkReporter {
public:
    bool ReportContext(const Context &) override { return true; }
    void ReportRuns(const std::vector<Run> &runs) override {
        for (const Run &run : runs) {
            const std::string name = run.run_name.function_name;
            std::printf("{\"workload\": \"overhead %s\", \"system\": \"sylvite\", \"sizes\": \"8x%d\", "
                        "\"forward_cpu_ms\": %.4f, \"wall_ms\": %.4f, \"ns_per_step\": %.2f}\n",
                        name.substr(name.find('/') + 1).c_str(), steps, run.GetAdjustedCPUTime(),
                        run.GetAdjustedRealTime(), run.GetAdjustedCPUTime() * 1e6 / steps);
        }
    }
};

}  // namespace

int main(int argc, char **argv) {
    const bool json = argc == 2 && std::string(argv[1]) == "--json";
    int arguments = json ? 1 : argc;
    benchmark::Initialize(&arguments, argv);
    if (benchmark::ReportUnrecognizedArguments(arguments, argv)) {
        return 1;
    }
    try {
        JsonLines lines;
        json ? benchmark::RunSpecifiedBenchmarks(&lines) : benchmark::RunSpecifiedBenchmarks();
    } catch (const Halide::Error &error) {
        std::fprintf(stderr, "overhead: %s", error.what());
        return 1;
    }
    return 0;
}
