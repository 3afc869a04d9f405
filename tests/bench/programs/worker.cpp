#include "tests/bench/programs/worker.h"

#include <sys/resource.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <iostream>
#include <string>

namespace sylvite::bench {

namespace {

double cpu_ms() {
    timespec time{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return time.tv_sec * 1e3 + time.tv_nsec * 1e-6;
}

double wall_ms() {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// A line of /proc/self/status, in MB: VmRSS is what the process holds, VmHWM the most it held.
double memory_mb(const std::string &name) {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with(name + ":")) {
            return std::stod(line.substr(name.size() + 1)) / 1024;
        }
    }
    return NAN;
}

}  // namespace

int serve(const Worker &worker) {
    std::ofstream("/proc/self/clear_refs") << "5";  // the most it held starts anew
    const double base = memory_mb("VmRSS");
    std::string what, argument;
    while (std::cin >> what >> argument) {
        if (what == "save") {
            worker.save(argument);
            std::puts("{}");
        } else {
            const auto &run = what == "forward" ? worker.forward : worker.gradient;
            const int times = std::stoi(argument);
            const double cpu = cpu_ms(), wall = wall_ms();
            double result = 0;
            for (int i = 0; i < times; i++) {
                result = run();
            }
            std::printf("{\"cpu_ms\": %.6g, \"wall_ms\": %.6g, \"result\": %.9g, \"peak_mb\": %.1f}\n",
                        (cpu_ms() - cpu) / times, (wall_ms() - wall) / times, result, memory_mb("VmHWM") - base);
        }
        std::fflush(stdout);
    }
    return 0;
}

double norm(const float *values, int size) {
    double sum = 0;
    for (int i = 0; i < size; i++) {
        sum += double(values[i]) * values[i];
    }
    return std::sqrt(sum);
}

float example_surface(int which, int x, int y) {
    return which == 0 ? std::sin(0.11f * x) * std::cos(0.07f * y) : std::cos(0.05f * x + 0.09f * y);
}

}  // namespace sylvite::bench
