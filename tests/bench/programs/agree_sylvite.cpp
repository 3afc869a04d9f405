// The gradients of the apps in f64, compiled in this process by the apps' schedules, for their comparison with JAX's. Arguments:
// the program; steps; the file with what there is, which the app's own worker writes; and the folder of the apps. It answers
// `save` alone (worker.h).

#include "apps/molecules/molecules.h"
#include "apps/mpm/mpm.h"
#include "apps/smoke/smoke.h"
#include "apps/springs/springs.h"
#include "tests/bench/programs/lines.h"
#include "tests/bench/programs/runnable.h"
#include "tests/bench/programs/worker.h"

#include "autodiff/program.h"

#include <cmath>
#include <functional>
#include <iostream>
#include <map>

namespace {

using namespace sylvite;
using namespace sylvite::apps;
using Halide::Buffer;

const Type f64 = Halide::Float(64);

using Extents = std::vector<int>;
using Names = std::vector<std::string>;
using Rows = std::vector<std::vector<float>>;

// A program, the inputs by which it is differentiated, and where its schedules lie.
struct Workload {
    Program program;
    Names wrt;
    std::string schedule;
    NamedArguments arguments;  // of its inputs and outputs
    std::function<void()> check = [] {};
};

template<typename T>
Buffer<T> array(const std::vector<float> &values, const Extents &extents) {
    Buffer<T> array(extents);
    std::copy(values.begin(), values.end(), array.begin());
    return array;
}

Buffer<double> reals(const std::vector<float> &values, const Extents &extents) {
    return array<double>(values, extents);
}
Buffer<int> integers(const std::vector<float> &values, const Extents &extents) { return array<int>(values, extents); }
int size(const std::vector<float> &row) { return static_cast<int>(row.size()); }

Workload robot(const Rows &rows, int steps) {
    using namespace springs_sizes;
    const int n = size(rows[0]) / 2, m = size(rows[2]);
    return {springs(f64),
            {"clock", "posture", "motion", "way", "hidden_bias", "muscle", "muscle_bias"},
            "springs/springs_grad.sched",
            {{"place", reals(rows[0], {n, 2})},
             {"ends", integers(rows[1], {m, 2})},
             {"length", reals(rows[2], {m})},
             {"stiffness", reals(rows[3], {m})},
             {"reach", reals(rows[4], {m})},
             {"clock", reals(rows[5], {hidden, signals})},
             {"posture", reals(rows[6], {hidden, n, 2})},
             {"motion", reals(rows[7], {hidden, n, 2})},
             {"way", reals(rows[8], {hidden, 2})},
             {"hidden_bias", reals(rows[9], {hidden})},
             {"muscle", reals(rows[10], {m, hidden})},
             {"muscle_bias", reals(rows[11], {m})},
             {"goal", reals({0.9f, 0.2f}, {2})},
             {"masses", n},
             {"count", m},
             {"steps", steps},
             {"formed", Buffer<double>(n, 2)}}};
}

Workload net(const Rows &rows, int steps) {
    const int n = size(rows[0]) / 2, m = size(rows[2]);
    return {springs_net(f64),
            {"length", "stiffness"},
            "springs/springs_net_grad.sched",
            {{"place", reals(rows[0], {n, 2})},
             {"ends", integers(rows[1], {m, 2})},
             {"length", reals(rows[2], {m})},
             {"stiffness", reals(rows[3], {m})},
             {"wanted", reals(rows[5], {n, 2})},
             {"masses", n},
             {"count", m},
             {"steps", steps},
             {"formed", Buffer<double>(n, 2)}}};
}

Workload flow(const Rows &rows, int steps) {
    const int n = static_cast<int>(std::lround(std::sqrt(size(rows[1]))));
    return {smoke(n, f64, [](const Func &divergence) { return jacobi(divergence, 6); }),
            {"velocity"},
            "smoke/smoke_grad.sched",
            {{"velocity", reals(rows[0], {n, n, 2})},
             {"smoke", reals(rows[1], {n, n})},
             {"picture", reals(rows[2], {n, n})},
             {"inflow", 0.0},
             {"steps", steps},
             {"formed", Buffer<double>(n, n, 3)}}};
}

Workload particles(const Rows &rows, int steps) {
    const int n = size(rows[2]), actuators = size(rows[4]) / (mpm_sizes::waves + 1);
    const auto bias = rows[4].end() - actuators;
    return {mpm(2, f64),
            {"weights", "bias"},
            "mpm/mpm_grad.sched",
            {{"place", reals(rows[1], {n, 2})},
             {"material", integers(rows[2], {n})},
             {"actuator", integers(rows[3], {n})},
             {"weights", reals({rows[4].begin(), bias}, {actuators, mpm_sizes::waves})},
             {"bias", reals({bias, rows[4].end()}, {actuators})},
             {"friction", -1.0},
             {"particles", n},
             {"actuators", actuators},
             {"cells", static_cast<int>(rows[0][0])},
             {"steps", steps},
             {"formed", Buffer<double>(n, 2)}}};
}

Workload atoms(const Rows &rows, int steps) {
    const int n = size(rows[1]) / 3;
    const double side = rows[0][0], cutoff = rows[0][1], skin = rows[0][2];
    const int cells = static_cast<int>(side / (cutoff + skin)), cell_room = 256, list_room = 128;
    const Buffer<int> checks(3);
    return {molecules(f64, false),
            {"potential", "place", "velocity"},
            "molecules/molecules_grad.sched",
            {{"place", reals(rows[1], {n, 3})},
             {"velocity", reals(rows[2], {n, 3})},
             {"potential", reals({1, 1}, {2})},
             {"seen", reals(rows[3], {n, 3})},
             {"side", side},
             {"cutoff", cutoff},
             {"skin", skin},
             {"cells", cells},
             {"cell_room", cell_room},
             {"list_room", list_room},
             {"atoms", n},
             {"steps", steps},
             {"every", 10},
             {"step_length", double(rows[0][3])},
             {"place_end", Buffer<double>(n, 3)},
             {"velocity_end", Buffer<double>(n, 3)},
             {"energy", Buffer<double>(2)},
             {"checks", checks}},
            [=] {
                if (checks(0) > cell_room || checks(1) > list_room || checks(2) > 0) {
                    throw std::runtime_error("a list of neighbours is too short or too old");
                }
            }};
}

const std::map<std::string, Workload (*)(const Rows &rows, int steps)> workloads = {
    {"springs", robot}, {"springs_net", net}, {"smoke", flow}, {"mpm", particles}, {"molecules", atoms}};

// The gradients, by the inputs in the order of `wrt`, are the files 0, 1, ...
void save(const Workload &workload, const Executable &run, const std::string &folder) {
    bench::Runnable runnable{run, workload.arguments, {}};
    runnable.arguments.emplace_back("loss", Buffer<double>::make_scalar());
    for (const std::string &name : workload.wrt) {
        for (const NamedArgument &input : workload.arguments) {
            if (input.name == name) {
                runnable.outputs.emplace_back("d_loss_d_" + name, std::get<Buffer<>>(input.value).copy());
            }
        }
    }
    for (const auto &[name, slope] : runnable.outputs) {
        runnable.arguments.emplace_back(name, slope);
    }
    runnable.save(folder);
    workload.check();
}

}  // namespace

int main(int argc, char **argv) {
    if (argc != 5 || !workloads.count(argv[1])) {
        std::cerr << "needs a program, steps, a file and a folder\n";
        return 2;
    }
    try {
        const Workload workload = workloads.at(argv[1])(bench::read_lines(argv[3]), std::atoi(argv[2]));
        const Program program = grad(workload.program, workload.wrt);
        const Executable run =
            compile(program, host(), bench::schedule_for(program, argv[4] + ("/" + workload.schedule)));
        return bench::serve({{}, {}, [&](const std::string &folder) { save(workload, run, folder); }});
    } catch (const Halide::Error &error) {
        std::cerr << error.what() << "\n";
    } catch (const std::exception &error) {
        std::cerr << error.what() << "\n";
    }
    return 1;
}
