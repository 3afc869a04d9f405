// The memory that a program says it will take, and what it takes.

#include "autodiff/program.h"
#include "targets/compile.h"
#include "targets/threads.h"
#include "tests/support/run_on_targets.h"
#include "tests/targets/allocations.h"

#include <gtest/gtest.h>

namespace sylvite {

namespace {

using Halide::Buffer;
using Halide::Param;
using Halide::RDom;
using Halide::Var;

const Var x("x"), y("y");
const TargetRow &baseline() { return find_target("x86-64"); }

Array row(const char *name, const Expr &value, const Expr &n) {
    Func f(name);
    f(x) = value;
    return Array(f, {n});
}

Program with_loss(const char *name, std::vector<ProgramInput> inputs, const Array &a, const Expr &n) {
    Func loss("loss");
    const RDom r(0, n);
    loss() += a(r) * a(r);
    return Program(name, std::move(inputs), {{"loss", Array(loss, {})}});
}

Array step_of(const Array &u, const Array &k, const Expr &n) { return row("next", u(x) * u(x) * k(x), n); }

// The same with an array that its kernel keeps between its stages.
Array storing_step_of(const Array &u, const Array &k, const Expr &n) {
    Func all("all");
    const RDom r(0, n);
    all(x) = 0.f;
    all(r) += u(r) * k(r) * u(r);
    return row("next", u(x) + all(Halide::max(x - 1, 0)) * 0.1f, n);
}

struct Sizes {
    Param<int> n{"n"}, steps{"trips"};
    Array u0 = input<float>("u0", {n}), k = input<float>("k", {n});
    std::vector<ProgramInput> inputs() const { return {u0, k, n, steps}; }
};

Program looping(const Memory &memory) {
    const Sizes s;
    const Array end =
        loop(s.steps, {s.u0}, [&](const Expr &, const Arrays &u) { return Arrays{storing_step_of(u[0], s.k, s.n)}; },
             {.memory = memory})[0];
    return with_loss("looping", s.inputs(), end, s.n);
}

Program scanning(const Memory &memory) {
    const Sizes s;
    const Scanned end = scan(s.steps, {s.u0}, {},
                             [&](const Expr &, const Arrays &u, const Arrays &) {
                                 return Scanned{{step_of(u[0], s.k, s.n)}, {row("seen", u[0](x) * u[0](x), s.n)}};
                             },
                             {.memory = memory});
    Func all("all");
    const RDom r(0, s.steps);
    all(x) += end.outputs[0](x, r);
    return with_loss("scanning", s.inputs(), row("both", all(x) + end.state[0](x), s.n), s.n);
}

Program nesting(const Memory &outer, const Memory &inner) {
    const Sizes s;
    const Array end =
        loop(s.steps, {s.u0},
             [&](const Expr &t, const Arrays &u) {
                 const Array in =
                     loop(t, {u[0]}, [&](const Expr &, const Arrays &v) { return Arrays{step_of(v[0], s.k, s.n)}; },
                          {.name = "inner", .memory = inner, .capacity = s.steps})[0];
                 return Arrays{row("next", in(x)*u[0](x), s.n)};
             },
             {.name = "outer", .memory = outer})[0];
    return with_loss("nesting", s.inputs(), end, s.n);
}

Program waiting(const Memory &memory) {
    const Sizes s;
    const Array end =
        while_loop([&](const Arrays &u) { return u[1](0) < s.steps; }, {s.u0, row("count", 0, 1)},
                   [&](const Expr &, const Arrays &u) {
                       return Arrays{step_of(u[0], s.k, s.n), row("count", u[1](x) + 1, 1)};
                   },
                   {.memory = memory, .capacity = memory.way == Memory::Way::store_all ? Expr(s.steps) : Expr()})
            .state[0];
    return with_loss("waiting", s.inputs(), end, s.n);
}

Program branching(const Memory &memory) {
    const Sizes s;
    const Array end = loop(s.steps, {s.u0},
                           [&](const Expr &, const Arrays &u) {
                               return branch(
                                   u[0](0) > 0.5f, u, [&](const Arrays &v) { return Arrays{step_of(v[0], s.k, s.n)}; },
                                   [&](const Arrays &v) { return Arrays{row("half", 0.5f * v[0](x), s.n)}; });
                           },
                           {.memory = memory})[0];
    return with_loss("branching", s.inputs(), end, s.n);
}

// Arrays that grow from step to step, in a loop and within a kernel.
Program growing(const Memory &memory) {
    const Sizes s;
    const Array end =
        loop(s.steps, {s.u0},
             [&](const Expr &t, const Arrays &u) {
                 const Expr m = s.n * (t + 1);
                 const Array wide =
                     loop(2, {row("wide", u[0](x % s.n), m)},
                          [&](const Expr &, const Arrays &w) { return Arrays{row("w", Halide::sin(w[0](x)), m)}; },
                          {.name = "inner"})[0];
                 Func part("part");
                 const RDom r(0, m);
                 part(x) = 0.f;
                 part(r % s.n) += wide(r);
                 return Arrays{row("next", part(x) + part(Halide::max(x - 1, 0)), s.n)};
             },
             {.memory = memory})[0];
    return with_loss("growing", s.inputs(), end, s.n);
}

// Two states one of which is undone.
Program undone() {
    const Sizes s;
    const auto ends = loop(s.steps, {s.u0, s.u0},
                           [&](const Expr &, const Arrays &u) {
                               return Arrays{row("v", u[0](x) * u[0](x) - u[1](x), s.n), u[0]};
                           },
                           {.memory = Memory::reversible([&](const Expr &, const Arrays &u) {
                                return Arrays{u[1], row("before", u[1](x) * u[1](x) - u[0](x), s.n)};
                            })});
    return with_loss("undone", s.inputs(), ends[0], s.n);
}

struct Case {
    std::string name;
    std::function<Program()> make;
};

std::vector<Case> cases() {
    const std::vector<std::pair<std::string, Memory>> policies{
        {"store_all", Memory::store_all},
        {"recompute", Memory::recompute},
        {"sqrt", Memory::sqrt},
        {"binomial", Memory::binomial(3)},
        {"budget", Memory::budget(Halide::cast<int64_t>(Param<int>("n")) * 160)},
    };
    const auto gradient = [](const std::function<Program()> &make) {
        return [=] { return grad(make(), {"u0", "k"}); };
    };
    std::vector<Case> all{{"loop", [] { return looping({}); }},
                          {"while_loop", [] { return waiting(Memory::recompute); }},
                          {"growing", [] { return growing({}); }},
                          {"gradient of reversible", [] { return grad(undone(), {"u0"}); }},
                          {"gradient of scan", gradient([] { return scanning({}); })},
                          {"gradient of branch", gradient([] { return branching(Memory::binomial(2)); })},
                          {"gradient of growing", [] { return grad(growing(Memory::binomial(2)), {"u0"}); }},
                          {"gradient of while_loop, binomial", gradient([] { return waiting(Memory::binomial(2)); })},
                          {"gradient of nested", gradient([] { return nesting(Memory::binomial(2), Memory::sqrt); })}};
    for (const auto &policy : policies) {
        all.push_back({"gradient of loop, " + policy.first, gradient([policy] { return looping(policy.second); })});
    }
    return all;
}

// The most that a run has at a time.
int64_t measured(const Executable &run, const Program &program, int n, int steps) {
    NamedArguments arguments;
    const auto array = [&](const std::string &name, const Array &like) {
        Buffer<float> values(like.dimensions() ? std::vector<int>{n} : std::vector<int>());
        values.fill(0.7f);
        arguments.emplace_back(name, values);
    };
    for (const ProgramInput &input : program.inputs()) {
        if (input.is_array()) {
            array(input.name(), input.array());
        } else {
            arguments.emplace_back(input.name(), input.name() == "n" ? n : steps);
        }
    }
    for (const ProgramOutput &output : program.outputs()) {
        array(output.name, output.array);
    }
    const test::Allocations allocations;
    run.run(arguments);
    EXPECT_EQ(allocations.live(), 0);
    return allocations.peak();
}

TEST(MemoryPlan, IsWhatARunTakes) {
    const int threads = set_threads(1);
    for (const Case &c : cases()) {
        const Program program = c.make();
        const Executable run = compile(program, baseline());
        for (const auto &[n, steps] : std::vector<std::pair<int, int>>{{5000, 9}, {10, 30}}) {
            const int64_t planned = run.memory({{"n", n}, {"trips", steps}}, 1);
            const int64_t taken = measured(run, program, n, steps);
            EXPECT_LE(taken, planned) << c.name << ", " << n << " elements, " << steps << " steps";
            EXPECT_GE(static_cast<double>(taken), 0.95 * static_cast<double>(planned))
                << c.name << ", " << n << " elements, " << steps << " steps";
        }
    }
    set_threads(threads);
}

// The same of a static library: what its function says, and what is asked of malloc() and halide_malloc().
TEST(MemoryPlan, OfALibrary) {
    const Program program = grad(looping(Memory::sqrt), {"u0", "k"});
    const std::string &name = program.name(), folder = test::new_kept_folder("memory_of_" + name);
    emit(program, baseline(), {},
         {{Halide::OutputFileType::static_library, folder + "/program.a"},
          {Halide::OutputFileType::c_header, folder + "/program.h"}});
    std::ofstream(folder + "/main.c") << "#define PROGRAM " << name << "\n#define MEMORY " << name << "_memory"
                                      << R"(
#include "program.h"
#include <stdio.h>
#include <stdlib.h>

void *__real_malloc(size_t bytes);
void __real_free(void *memory);
static int64_t live, peak;

static void count(int64_t bytes) {
    live += bytes;
    peak = live > peak ? live : peak;
}
void *__wrap_malloc(size_t bytes) {
    int64_t *block = __real_malloc(bytes + 64);
    count(block[0] = (int64_t)bytes);
    return block + 8;
}
void __wrap_free(void *memory) {
    count(-((int64_t *)memory)[-8]);
    __real_free((int64_t *)memory - 8);
}
void *halide_malloc(void *context, size_t bytes) {
    (void)context;
    char *given = __real_malloc(bytes + 256), *aligned = given + 128 - (uintptr_t)given % 128 + 128;
    ((void **)aligned)[-1] = given;
    count(((int64_t *)aligned)[-2] = (int64_t)bytes);
    return aligned;
}
void halide_free(void *context, void *memory) {
    (void)context;
    count(-((int64_t *)memory)[-2]);
    __real_free(((void **)memory)[-1]);
}

static void run(int n, int steps) {
    struct halide_dimension_t line = {0, n, 1, 0};
    struct halide_buffer_t a[5] = {{0}};
    for (int i = 0; i < 5; i++) {
        a[i].host = calloc((size_t)n, sizeof(float));
        a[i].type.code = halide_type_float;
        a[i].type.bits = 32;
        a[i].type.lanes = 1;
        a[i].dim = &line;
        a[i].dimensions = i != 2;
    }
    int64_t planned;
    printf("%d ", MEMORY(n, steps, 1, &planned));
    printf("%d %d\n", (int)planned, PROGRAM(&a[0], &a[1], n, steps, &a[2], &a[3], &a[4]));
    printf("%d\n", peak <= planned && (double)peak >= 0.95 * (double)planned && live == 0);
    peak = 0;
}

int main(void) {
    halide_set_num_threads(1);
    run(5000, 9);
    run(700, 30);
    int64_t asked, set;
    halide_set_num_threads(2);
    MEMORY(5000, 9, 2, &asked);
    MEMORY(5000, 9, 0, &set);
    printf("%d\n", asked == set);
    return 0;
}
)";
    test::output_of(test::compile_command("cc", folder) + folder + "/main.c " + folder + "/program.a -o " + folder +
                    "/main -Wl,--wrap=malloc,--wrap=free -lpthread -ldl -lm");
    const Executable run = compile(program, baseline());
    std::ostringstream expected;
    for (const auto &[n, steps] : std::vector<std::pair<int, int>>{{5000, 9}, {700, 30}}) {
        expected << "0 " << run.memory({{"n", n}, {"trips", steps}}, 1) << " 0\n1\n";
    }
    EXPECT_EQ(test::output_of(folder + "/main"), expected.str() + "1\n");
}

// Where arrays decide on it the function says so, and the program is compiled all the same.
TEST(MemoryPlan, OfALibraryWhereArraysDecide) {
    const Array a = input<float>("a", {1}), count = input<int>("count", {});
    const Param<int> threads("threads");
    const Array end = loop(count(), {a}, [&](const Expr &t, const Arrays &s) {
        const Array wide = loop(1, {row("wide", s[0](0), t + threads)}, [&](const Expr &, const Arrays &w) {
            return Arrays{row("w", w[0](x), t + threads)};
        })[0];
        return Arrays{row("next", wide(t), 1)};
    })[0];
    const std::string folder = test::new_kept_folder("memory_that_is_not_known");
    emit(Program("unknown", {a, count, threads}, {{"b", end}}), baseline(), {},
         {{Halide::OutputFileType::static_library, folder + "/unknown.a"},
          {Halide::OutputFileType::c_header, folder + "/unknown.h"}});
    std::ofstream(folder + "/main.c") << R"(
#include "unknown.h"
#include <stdio.h>

int main(void) {
    int64_t bytes = 7;
    printf("%d ", unknown_memory(1, 0, &bytes));
    printf("%d %s\n", (int)bytes, sylvite_last_error());
    return 0;
}
)";
    test::output_of(test::compile_command("cc", folder) + folder + "/main.c " + folder + "/unknown.a -o " + folder +
                    "/main -lpthread -ldl -lm");
    EXPECT_EQ(test::output_of(folder + "/main"),
              "1013 7 memory() needs to know sizes before a run; unknown has arrays of a size that depends on what "
              "arrays hold, or on a number of steps that does, here in the loop of step_t: give it an extent that does "
              "not.\n");
}

// Beyond what loops take that keep nothing and run backwards, a budget is what its loops take at most.
TEST(MemoryPlan, BudgetsHold) {
    constexpr int n = 4096;
    constexpr int64_t state = n * 4;
    const Array u0 = input<float>("u0", {n}), k = input<float>("k", {n});
    const LoopBody step = [&](const Expr &, const Arrays &u) { return Arrays{step_of(u[0], k, n)}; };
    const auto planned = [&](const Memory &outer, const Memory &inner, bool nested) {
        const LoopBody steps = [&](const Expr &, const Arrays &u) {
            const Array end = loop(10, u, step, {.name = "inner", .memory = inner})[0];
            return Arrays{row("next", end(x) * k(x), n)};
        };
        const Array end = loop(nested ? 10 : 100, {u0}, nested ? steps : step, {.memory = outer})[0];
        return compile(grad(with_loss("within", {u0, k}, end, n), {"u0", "k"}), baseline()).memory();
    };
    const Memory undone = Memory::reversible([](const Expr &, const Arrays &u) { return u; });
    for (const bool nested : {false, true}) {
        const int64_t nothing = planned(undone, undone, nested);
        for (const int states : {101, 22, 14, 6}) {
            EXPECT_LE(planned(Memory::budget(states * state), {}, nested), nothing + states * state)
                << states << (nested ? " states, nested" : " states");
        }
    }
}

// Each thread that works in a parallel loop has what the loop keeps.
// Columns that are computed at the same time, each with memory of its own.
Program columns() {
    const Param<int> n("n");
    const Array a = input<float>("a", {n, 8});
    Func twice("twice"), next("next");
    twice(x, y) = 2 * a(x, y);
    next(x, y) = twice(x, y) + twice(Halide::max(x - 1, 0), y);
    return Program("columns", {a, n}, {{"b", Array(next, {n, 8})}});
}

Schedule columns_at_once() {
    return parse_schedule("sylvite-schedule 1\n"
                          "kernel main\n"
                          "  stage twice\n"
                          "    compute_at next y\n"
                          "  stage next\n"
                          "    parallel y\n");
}

TEST(MemoryPlan, CountsThreads) {
    const Executable run = compile(columns(), baseline(), columns_at_once());
    const NamedArguments sizes{{"n", 5000}};
    EXPECT_EQ(run.memory(sizes, 1), 5000 * 4);
    EXPECT_EQ(run.memory(sizes, 2), 2 * 5000 * 4);
    EXPECT_EQ(run.memory(sizes, 100), 8 * 5000 * 4);
    const int threads = set_threads(3);
    EXPECT_EQ(run.memory(sizes), 3 * 5000 * 4);
    set_threads(threads);
}

// The run time of Halide decides on the threads when the first parallel loop begins; the function must not wait for it.
TEST(MemoryPlan, CountsThreadsThatNobodyHasSet) {
    const std::string folder = test::new_kept_folder("memory_of_columns");
    emit(columns(), baseline(), columns_at_once(),
         {{Halide::OutputFileType::static_library, folder + "/columns.a"},
          {Halide::OutputFileType::c_header, folder + "/columns.h"}});
    std::ofstream(folder + "/main.c") << R"(
#include "columns.h"
#include <stdio.h>

int halide_get_num_threads(void);

int main(void) {
    int64_t unset, set;
    columns_memory(5000, 0, &unset);
    columns_memory(5000, halide_get_num_threads(), &set);
    printf("%d\n", unset >= 5000 * 4 && unset == set);
    return 0;
}
)";
    test::output_of(test::compile_command("cc", folder) + folder + "/main.c " + folder + "/columns.a -o " + folder +
                    "/main -lpthread -ldl -lm");
    EXPECT_EQ(test::output_of(folder + "/main"), "1\n");
}

std::string error_of(const std::function<void()> &f) {
    try {
        f();
    } catch (const Halide::Error &error) {
        return error.what();
    }
    return "none";
}

TEST(MemoryPlan, SaysWhatIsMissingOrNotKnown) {
    const Executable run = compile(looping({}), baseline());
    EXPECT_EQ(error_of([&] { run.memory({{"n", 5}}); }), "looping: argument trips is missing");
    EXPECT_EQ(error_of([&] {
                  run.memory({{"n", 5}, {"trips", 1.5}});
              }),
              "looping: argument trips must be a number of type int32");
    EXPECT_EQ(error_of([&] {
                  run.memory({{"n", 5}, {"trip", 1}});
              }),
              "looping: there is no argument trip; the arguments are u0, k, n, trips, loss: did you mean trips?");

    // What grows with the steps of a loop of which arrays say how many it makes.
    const Array a = input<float>("a", {1}), count = input<int>("count", {});
    const Array end = loop(count(), {a}, [&](const Expr &t, const Arrays &s) {
        const Array wide = loop(1, {row("wide", s[0](0), t + 1)},
                                [&](const Expr &, const Arrays &w) { return Arrays{row("w", w[0](x), t + 1)}; })[0];
        return Arrays{row("next", wide(t), 1)};
    })[0];
    const Executable unknown = compile(Program("unknown", {a, count}, {{"b", end}}), baseline());
    EXPECT_EQ(
        error_of([&] { unknown.memory(); }),
        "Error: memory() needs to know sizes before a run; unknown has arrays of a size that depends on what arrays "
        "hold, or on a number of steps that does, here in the loop of step_t: give it an extent that does not.\n");
}

}  // namespace

}  // namespace sylvite
