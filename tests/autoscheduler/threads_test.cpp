// Results under the schedules that are found do not depend on the number of threads.

#include "autodiff/program.h"
#include "autoscheduler/autoschedule.h"
#include "targets/compile.h"
#include "targets/threads.h"
#include "tests/support/example.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>

namespace sylvite {

namespace {

using Halide::Buffer;
using Halide::RDom;
using Halide::Var;

const Var x("x"), y("y");
constexpr int n = 1 << 20, bins = 1 << 15;

const TargetRow &baseline() { return find_target("x86-64"); }

// A sum over an array, and its gradient: partial sums.
Program sum() {
    const Array a = input<float>("a", {n});
    Func loss("loss");
    const RDom r(0, n);
    loss() += Halide::sin(a(r)) * a(r);
    return grad(Program("sum", {a}, {{"loss", Array(loss, {})}}), {"a"});
}

// What is looked up where data says: the gradient by the table is a scatter that many places share.
Program look_up() {
    const Array table = input<float>("table", {bins}), a = input<float>("a", {n});
    Func found("found"), loss("loss");
    found(x) = table(clamp(Halide::cast<int>(a(x) * bins), 0, bins - 1)) * a(x);
    const RDom r(0, n);
    loss() += found(r) * found(r);
    return grad(Program("look_up", {table, a}, {{"loss", Array(loss, {})}}), {"table", "a"});
}

// Sums over rows and columns of what a stencil makes, in a loop.
Program stencil() {
    const int w = 1024, h = 512;
    const Array a = input<float>("a", {w, h}), k = input<float>("k", {w});
    const Array end = loop(3, {a}, [&](const Expr &, const Arrays &s) {
        Func next("next"), u = repeat_edge(s[0]);
        next(x, y) = u(x, y) + k(x) * Halide::sin(u(x - 1, y) + u(x + 1, y) + u(x, y - 1) + u(x, y + 1));
        return Arrays{Array(next, {w, h})};
    })[0];
    Func loss("loss");
    const RDom r(0, w, 0, h);
    loss() += end(r.x, r.y) * end(r.x, r.y);
    return grad(Program("stencil", {a, k}, {{"loss", Array(loss, {})}}), {"a", "k"});
}

// The bytes of all outputs.
std::string bytes_of(const Executable &run, const Program &program) {
    NamedArguments arguments;
    std::mt19937 random(7);  // the same numbers in each call
    std::vector<Buffer<float>> outputs;
    const auto add = [&](const std::string &name, const std::vector<Expr> &extents) {
        std::vector<int> sizes;
        for (const Expr &extent : extents) {
            sizes.push_back(static_cast<int>(*Halide::Internal::as_const_int(extent)));
        }
        arguments.emplace_back(name, Buffer<float>(sizes));
        return std::get<Buffer<>>(arguments.back().value);
    };
    for (const ProgramInput &input : program.inputs()) {
        Buffer<float> values = add(input.name(), input.array().extents());
        values.for_each_value([&](float &value) { value = static_cast<float>(random() % 1000) * 1e-3f; });
    }
    for (const ProgramOutput &output : program.outputs()) {
        outputs.emplace_back(add(output.name, output.array.extents()));
    }
    run.run(arguments);
    std::string bytes;
    for (const Buffer<float> &output : outputs) {
        bytes.append(reinterpret_cast<const char *>(output.data()), output.size_in_bytes());
    }
    return bytes;
}

TEST(Threads, DoNotDecideOnResults) {
    for (const Program &program : {sum(), look_up(), stencil()}) {
        const Schedule schedule = autoschedule(program, baseline());
        EXPECT_NE(print(schedule).find("parallel"), std::string::npos) << program.name() << "\n" << print(schedule);
        const Executable run = compile(program, baseline(), schedule);
        set_threads(1);
        const std::string want = bytes_of(run, program);
        for (const int threads : {1, 2, 4, 8}) {
            set_threads(threads);
            EXPECT_TRUE(bytes_of(run, program) == want) << program.name() << " on " << threads << " threads";
        }
    }
    set_threads(0);
}

TEST(Threads, AreSetForAllProgramsOfTheProcess) {
    set_threads(3);
    EXPECT_EQ(set_threads(0), 3);
    EXPECT_EQ(error_of([] { set_threads(-1); }), "set_threads() needs a number of threads, or 0 for all; it has -1.");
}

}  // namespace

}  // namespace sylvite
