// One workload of the benchmark of derivatives, compiled in this process:
//
//     bench_derivatives_sylvite WORKLOAD SCHEDULES            answers the commands of worker.h
//     bench_derivatives_sylvite WORKLOAD SCHEDULES forward    prints the program and its schedule; also: gradient
//
// SCHEDULES is a folder; what WORKLOAD.sched and WORKLOAD_gradient.sched there do not say, the autoscheduler decides.

#include "tests/bench/programs/derivatives_workloads.h"
#include "tests/bench/programs/worker.h"

#include "autodiff/program.h"
#include "autoscheduler/autoschedule.h"
#include "frontend/print.h"
#include "targets/compile.h"

#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>

namespace {

using namespace sylvite;
using namespace sylvite::bench;
using Buffer = Halide::Buffer<>;

Schedule schedule_for(const Program &program, const std::string &file) {
    AutoscheduleOptions options;
    if (std::filesystem::exists(file)) {
        options.keep = load_schedule(file);
    }
    return autoschedule(program, host(), options);
}

Buffer array(const Array &like) {
    std::vector<int> extents;
    for (const Expr &extent : like.extents()) {
        extents.push_back(static_cast<int>(*Halide::Internal::as_const_int(Halide::Internal::simplify(extent))));
    }
    return Buffer(like.type(), extents);
}

// Element i is the same in peers/derivatives_jax.py.
void fill(const Buffer &buffer, const Range &range, uint32_t seed) {
    for (size_t i = 0; i < buffer.number_of_elements(); i++) {
        uint32_t bits = static_cast<uint32_t>(i) * 2654435761u + seed * 40503u;
        bits = (bits ^ bits >> 16) * 2246822519u;
        bits = (bits ^ bits >> 13) * 3266489917u;
        bits ^= bits >> 16;
        const double value = range.low + (range.high - range.low) * ((bits >> 8) * 0x1p-24);
        if (buffer.type().is_float()) {
            static_cast<float *>(buffer.data())[i] = static_cast<float>(value);
        } else {
            static_cast<int32_t *>(buffer.data())[i] = static_cast<int32_t>(value);
        }
    }
}

// A compiled program with the Buffers that it reads and writes.
struct Runnable {
    Executable executable;
    NamedArguments arguments;
    std::vector<std::pair<std::string, Buffer>> outputs;

    double run() const {
        executable.run(arguments);
        return static_cast<const float *>(outputs[0].second.data())[0];
    }
};

Runnable make(const Program &program, const Schedule &schedule, const std::vector<Range> &ranges) {
    Runnable made{compile(program, host(), schedule), {}, {}};
    for (size_t i = 0; i < program.inputs().size(); i++) {
        const Array &input = program.inputs()[i].array();
        const Buffer buffer = array(input);
        fill(buffer, i < ranges.size() ? ranges[i] : Range{}, static_cast<uint32_t>(i));
        made.arguments.emplace_back(input.name(), buffer);
    }
    for (const ProgramOutput &output : program.outputs()) {
        const Buffer buffer = array(output.array);
        made.arguments.emplace_back(output.name, buffer);
        made.outputs.emplace_back(output.name, buffer);
    }
    return made;
}

void save(const Runnable &runnable, const std::string &folder) {
    runnable.run();
    int number = 0;
    for (const auto &[name, buffer] : runnable.outputs) {
        std::ofstream(folder + "/" + std::to_string(number++), std::ios::binary)
            .write(static_cast<const char *>(buffer.data()), static_cast<std::streamsize>(buffer.size_in_bytes()));
    }
}

int run(const DerivativeWorkload &workload, const std::string &schedules, const std::string &show) {
    const Program forward = workload.build(), gradient = vjp(forward, workload.wrt);
    const std::string stem = schedules + "/" + workload.name;
    if (!show.empty()) {
        const Program &shown = show == "forward" ? forward : gradient;
        std::cout << print(shown) << "\n"
                  << print(schedule_for(shown, stem + (show == "forward" ? "" : "_gradient") + ".sched"));
        return 0;
    }
    const Runnable primal = make(forward, schedule_for(forward, stem + ".sched"), workload.inputs);
    const Runnable both = make(gradient, schedule_for(gradient, stem + "_gradient.sched"), workload.inputs);
    return serve({[&] { return primal.run(); }, [&] { return both.run(); },
                  [&](const std::string &folder) { save(both, folder); }});
}

}  // namespace

int main(int argc, char **argv) {
    for (const DerivativeWorkload &workload : derivative_workloads()) {
        if ((argc == 3 || argc == 4) && workload.name == argv[1]) {
            try {
                return run(workload, argv[2], argc == 4 ? argv[3] : "");
            } catch (const Halide::Error &error) {
                std::cerr << error.what() << "\n";
                return 1;
            }
        }
    }
    std::cerr << "bench_derivatives_sylvite needs WORKLOAD SCHEDULES [forward | gradient]\n";
    return 2;
}
