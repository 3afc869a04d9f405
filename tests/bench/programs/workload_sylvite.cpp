// One workload of a benchmark, compiled in this process:
//
//     bench_NAME_sylvite WORKLOAD SCHEDULES            answers the commands of worker.h
//     bench_NAME_sylvite WORKLOAD SCHEDULES forward    prints the program and its schedule; also: gradient
//
// SCHEDULES is a folder; what WORKLOAD.sched and WORKLOAD_gradient.sched there do not say, the autoscheduler decides. It
// may also be the file of the program's own schedule.

#include "tests/bench/programs/worker.h"
#include "tests/bench/programs/workload.h"

#include "frontend/print.h"

#include <filesystem>
#include <iostream>
#include <map>

namespace {

using namespace sylvite;
using namespace sylvite::bench;

int run(const Workload &workload, const std::string &schedules, const std::string &show) {
    const Program forward = workload.build();
    std::map<std::string, Program> programs{{"forward", forward}};
    if (workload.derivative) {
        programs.emplace("gradient", workload.derivative(forward, workload.wrt, SourceLine()));
    }
    const auto schedule_of = [&](const std::string &kind) {
        const std::string suffix = kind == "forward" ? "" : "_" + kind;
        const bool is_file = std::filesystem::is_regular_file(schedules);
        return schedule_for(programs.at(kind),
                            is_file ? schedules : schedules + "/" + workload.name + suffix + ".sched");
    };
    if (programs.count(show)) {
        std::cout << print(programs.at(show)) << "\n" << print(schedule_of(show));
        return 0;
    }
    std::map<std::string, Runnable> runnables;
    for (const auto &[kind, program] : programs) {
        runnables.emplace(kind, make(program, schedule_of(kind), workload.inputs));
    }
    const Runnable &last = runnables.at(workload.derivative ? "gradient" : "forward");
    return serve({[&] { return runnables.at("forward").run(); }, [&] { return last.run(); },
                  [&](const std::string &folder) { last.save(folder); }});
}

}  // namespace

int main(int argc, char **argv) {
    for (const Workload &workload : workloads()) {
        if ((argc == 3 || argc == 4) && workload.name == argv[1]) {
            try {
                return run(workload, argv[2], argc == 4 ? argv[3] : "");
            } catch (const Halide::Error &error) {
                std::cerr << error.what() << "\n";
                return 1;
            }
        }
    }
    std::cerr << "needs WORKLOAD SCHEDULES [forward | gradient]\n";
    return 2;
}
