// What kernels of a static library keep between their stages is asked of malloc() once, not in each step of a loop, and is
// given back when the call ends.

#include "tests/support/run_on_targets.h"

#include <gtest/gtest.h>

namespace sylvite {

namespace {

using Halide::OutputFileType;
using Halide::RDom;
using Halide::Var;

const Var x("x"), y("y");
const TargetRow &baseline() { return find_target("x86-64"); }

// Values that a kernel keeps: they are not inlined.
Func kept(const char *name, const Array &u, float factor) {
    Func values(name);
    const RDom r(0, u.extents()[0]);
    values(x) = 0.f;
    values(r) += factor * u(r);
    return values;
}

Array row(const char *name, const Expr &value, const Expr &n) {
    Func f(name);
    f(x) = value;
    return Array(f, {n});
}

// Two kernels a step, one of which keeps twice as much as the other and runs twice.
Program loops(const char *name) {
    const Halide::Param<int> n("n"), steps("steps");
    const Array u0 = input<float>("u0", {n});
    const Array end = loop(steps, {u0}, [&](const Expr &, const Arrays &u) {
        const Array in = loop(2, {u[0]},
                              [&](const Expr &, const Arrays &v) {
                                  const Func a = kept("a", v[0], 0.25f), b = kept("b", v[0], 0.5f);
                                  return Arrays{row("inside", a(x) + b(Halide::max(x - 1, 0)), n)};
                              },
                              {.name = "inner"})[0];
        const Func c = kept("c", in, 1.25f);
        return Arrays{row("next", c(x) + 0.1f * c(Halide::max(x - 1, 0)), n)};
    })[0];
    return Program(name, {u0, n, steps}, {{"u", end}});
}

// Stages each twice as long as the one before, which is freed once the next is there.
Program chain() {
    const Halide::Param<int> n("n"), steps("steps");
    const Array u0 = input<float>("u0", {n});
    const Array end = loop(steps, {u0}, [&](const Expr &, const Arrays &u) {
        Func before = kept("stage", u[0], 1.f), last("last");
        int times = 1;
        for (int k = 0; k < 5; k++) {
            times *= 2;
            Func longer("longer");
            const RDom r(0, n * times);
            longer(x) = 0.f;
            longer(r) += 0.5f * before(r / 2);
            before = longer;
        }
        last(x) = 0.f;
        last(x) += before(x * times + RDom(0, times)) / times;
        return Arrays{Array(last, {n})};
    })[0];
    return Program("chain", {u0, n, steps}, {{"u", end}});
}

// Columns, each with memory of its own.
Program columns() {
    const Halide::Param<int> n("n"), steps("steps");
    const Array u0 = input<float>("u0", {n, 16});
    const Array end = loop(steps, {u0}, [&](const Expr &, const Arrays &u) {
        Func half("half"), next("next");
        half(x, y) = 0.5f * u[0](x, y);
        next(x, y) = half(x, y) + half(Halide::max(x - 1, 0), y);
        return Arrays{Array(next, {n, 16})};
    })[0];
    return Program("columns", {u0, n, steps}, {{"u", end}});
}

const char *const columns_at_once = R"(sylvite-schedule 1
kernel step
  stage half
    compute_at next y
  stage next
    parallel y
)";

// A library of Halide's own, with its own context, that allocates.
void compile_foreign(const std::string &folder) {
    Halide::ImageParam in(Halide::Float(32), 1, "in");
    Func sums("sums"), out("out");
    sums(x) = in(x) + 1.f;
    out(x) = sums(x) + sums(Halide::max(x - 1, 0));
    sums.compute_root();
    const Halide::Target target =
        baseline().halide_target().with_feature(Halide::Target::NoRuntime).with_feature(Halide::Target::UserContext);
    out.compile_to_static_library(folder + "/foreign", {in}, "foreign", target);
}

// The head of the C programs: counts what is asked of malloc().
const char *const counting = R"(
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *__real_malloc(size_t bytes);
void __real_free(void *memory);
static _Atomic int64_t calls, live, bytes_live, peak;

void *__wrap_malloc(size_t bytes) {
    int64_t *block = __real_malloc(bytes + 64);
    block[0] = (int64_t)bytes;
    calls++;
    live++;
    bytes_live += block[0];
    peak = bytes_live > peak ? bytes_live : peak;
    return block + 8;
}
void __wrap_free(void *memory) {
    if (memory) {
        live--;
        bytes_live -= ((int64_t *)memory)[-8];
        __real_free((int64_t *)memory - 8);
    }
}

static struct halide_buffer_t array(float *values, int dimensions, struct halide_dimension_t *dims) {
    struct halide_type_t real = {halide_type_float, 32, 1};
    struct halide_buffer_t a = {0, NULL, (uint8_t *)values, 0, real, dimensions, dims, NULL};
    return a;
}
)";

// Compiles `main` with the libraries and, if given, more functions to wrap, and returns what it prints.
std::string run(const std::string &folder, const std::string &main, const std::string &libraries,
                const std::string &wrapped = "") {
    std::ofstream(folder + "/main.c") << main;
    test::output_of(test::compile_command("cc -O1 -fsanitize=address", folder) + folder + "/main.c " + libraries +
                    " -o " + folder + "/main -Wl,--wrap=malloc,--wrap=free" + wrapped + " -lpthread -ldl -lm");
    return test::output_of("ASAN_OPTIONS=detect_leaks=1 " + folder + "/main");
}

void emit_to(const std::string &folder, const Program &program, const Schedule &schedule, bool with_runtime) {
    emit(program, baseline(), schedule,
         {{OutputFileType::static_library, folder + "/" + program.name() + ".a"},
          {OutputFileType::c_header, folder + "/" + program.name() + ".h"}},
         {.with_halide_runtime = with_runtime});
}

TEST(KeptMemory, IsAskedForOnceNotInEachStep) {
    const std::string folder = test::new_kept_folder("kept_memory");
    emit_to(folder, loops("loops"), {}, true);
    EXPECT_EQ(run(folder, std::string("#include \"loops.h\"\n") + counting + R"(
enum { n = 20000 };
static float a[n], b[n], want;

static int stop(void *context, const struct sylvite_loop_step *step) {
    (void)context;
    return step->step == 7;
}

int main(void) {
    struct halide_dimension_t line = {0, n, 1, 0};
    struct halide_buffer_t A = array(a, 1, &line), B = array(b, 1, &line);
    for (int i = 0; i < n; i++) {
        a[i] = (float)(i % 7);
    }
    int64_t planned, calls_of_3 = 0;
    loops_memory(n, 3, 1, &planned);
    for (int steps = 3; steps <= 300; steps *= 10) {
        const int64_t before = calls;
        const int code = loops(&A, n, steps, &B);
        const int64_t made = calls - before;
        calls_of_3 = steps == 3 ? made : calls_of_3;
        printf("%d %d %d\n", code, made == calls_of_3 && made < 20, (int)live);
    }
    printf("%d\n", (double)peak <= 1.01 * (double)planned && (double)peak >= 0.95 * (double)planned);
    loops(&A, n, 3, &B);
    want = b[n - 1];
    const struct sylvite_watch watch = {stop, NULL, 0, NULL};
    sylvite_set_watch(&watch);
    printf("%d ", loops(&A, n, 30, &B));
    sylvite_set_watch(NULL);
    printf("%d ", (int)live);
    loops(&A, n, 3, &B);
    printf("%d\n", b[n - 1] == want && want > 0);
    return 0;
}
)",
                  folder + "/loops.a"),
              "0 1 0\n0 1 0\n0 1 0\n1\n1011 0 1\n");
}

// Blocks that come and go leave holes between them, which are no part of the plan.
TEST(KeptMemory, IsWithinThePlanWhereThereWouldBeHoles) {
    const std::string folder = test::new_kept_folder("kept_memory_with_holes");
    emit_to(folder, chain(), {}, true);
    EXPECT_EQ(run(folder, std::string("#include \"chain.h\"\n") + counting + R"(
enum { n = 20000 };
static float a[n], b[n];

int main(void) {
    struct halide_dimension_t line = {0, n, 1, 0};
    struct halide_buffer_t A = array(a, 1, &line), B = array(b, 1, &line);
    for (int steps = 1; steps <= 3; steps++) {
        int64_t planned;
        chain_memory(n, steps, 1, &planned);
        peak = bytes_live;
        const int64_t before = bytes_live;
        const int code = chain(&A, n, steps, &B);
        const double part = (double)(peak - before) / (double)planned;
        printf("%d %d %d\n", code, part >= 0.95 && part <= 1.05, (int)live);
    }
    return 0;
}
)",
                  folder + "/chain.a"),
              "0 1 0\n0 1 0\n0 1 0\n");
}

// Threads take what they need at a time, which depends on who comes first; not more.
TEST(KeptMemory, OfSeveralThreads) {
    const std::string folder = test::new_kept_folder("kept_memory_of_threads");
    emit_to(folder, columns(), parse_schedule(columns_at_once), true);
    EXPECT_EQ(run(folder, std::string("#include \"columns.h\"\n") + counting + R"(
enum { n = 20000 };
static float a[16 * n], b[16 * n], want[16 * n];

int main(void) {
    struct halide_dimension_t dims[] = {{0, n, 1, 0}, {0, 16, n, 0}};
    struct halide_buffer_t A = array(a, 2, dims), B = array(b, 2, dims);
    for (int i = 0; i < 16 * n; i++) {
        a[i] = (float)(i % 7);
    }
    halide_set_num_threads(1);
    columns(&A, n, 40, &B);
    memcpy(want, b, sizeof b);
    halide_set_num_threads(4);
    columns(&A, n, 1, &B); /* starts the threads */
    const int64_t calls_before = calls, live_before = live;
    const int code = columns(&A, n, 40, &B);
    printf("%d %d %d %d\n", code, calls - calls_before < 40, live == live_before, memcmp(want, b, sizeof b));
    halide_shutdown_thread_pool();
    return 0;
}
)",
                  folder + "/columns.a"),
              "0 1 1 0\n");
}

// A library of Halide's own beside ours, which passes a context that is not to be read, and a program within another.
TEST(KeptMemory, LeavesOthersAlone) {
    const std::string folder = test::new_kept_folder("kept_memory_of_others");
    emit_to(folder, loops("outer"), {}, true);
    emit_to(folder, loops("nested"), {}, false);
    compile_foreign(folder);
    EXPECT_EQ(run(folder, std::string("#include \"outer.h\"\n#include \"nested.h\"\n") + counting + R"(
int foreign(void *context, struct halide_buffer_t *in, struct halide_buffer_t *out);

enum { n = 20000 };
static float a[n], b[n], c[n], d[n], want[n];
static struct halide_dimension_t line = {0, n, 1, 0};
static int failures;

static int call_others(void *context, const struct sylvite_loop_step *step) {
    struct halide_buffer_t A = array(a, 1, &line), C = array(c, 1, &line), D = array(d, 1, &line);
    failures += foreign((void *)8, &A, &C) != 0 || c[1] != a[0] + a[1] + 2;
    if (step->step == 3) {
        sylvite_set_watch(NULL);
        failures += nested(&A, n, 5, &D) != 0;
        sylvite_set_watch(context);
    }
    return 0;
}

int main(void) {
    struct halide_buffer_t A = array(a, 1, &line), B = array(b, 1, &line), C = array(c, 1, &line);
    for (int i = 0; i < n; i++) {
        a[i] = (float)(i % 7);
    }
    failures += foreign((void *)8, &A, &C) != 0;
    failures += outer(&A, n, 5, &B) != 0;
    memcpy(want, b, sizeof b);
    struct sylvite_watch watch = {call_others, NULL, 0, NULL};
    watch.context = &watch;
    sylvite_set_watch(&watch);
    failures += outer(&A, n, 5, &B) != 0;
    printf("%d %d %d %d\n", failures, memcmp(want, b, sizeof b), memcmp(want, d, sizeof d), (int)live);
    return 0;
}
)",
                  folder + "/outer.a " + folder + "/nested.a " + folder + "/foreign.a"),
              "0 0 0 0\n");
}

// Who has given Halide's run time an allocator is asked each time.
TEST(KeptMemory, LeavesTheUsersAllocatorAlone) {
    const std::string folder = test::new_kept_folder("kept_memory_of_a_user");
    emit_to(folder, loops("loops"), {}, true);
    EXPECT_EQ(run(folder, std::string("#include \"loops.h\"\n") + counting + R"(
enum { n = 20000 };
static float a[n], b[n];
static int asked, given;

static void *users_malloc(void *context, size_t bytes) {
    asked++;
    return halide_default_malloc(context, bytes);
}
static void users_free(void *context, void *memory) {
    given++;
    halide_default_free(context, memory);
}

int main(void) {
    struct halide_dimension_t line = {0, n, 1, 0};
    struct halide_buffer_t A = array(a, 1, &line), B = array(b, 1, &line);
    halide_set_custom_malloc(users_malloc);
    halide_set_custom_free(users_free);
    const int code = loops(&A, n, 10, &B);
    printf("%d %d %d %d\n", code, asked, given, (int)live);
    return 0;
}
)",
                  folder + "/loops.a"),
              "0 50 50 0\n");
}

// Another thread asks for memory while we find out that there is such an allocator.
TEST(KeptMemory, GivesTheUsersAllocatorNothingThatItDidNotMake) {
    const std::string folder = test::new_kept_folder("kept_memory_of_a_race");
    emit_to(folder, loops("loops"), {}, true);
    EXPECT_EQ(run(folder, std::string("#define _DEFAULT_SOURCE\n#include \"loops.h\"\n") + counting + R"(
#include <pthread.h>
#include <unistd.h>

enum { n = 20000, mark = 4242 };
static float a[n], b[n];
static _Atomic int foreign, asked, stopped;

static void *users_malloc(void *context, size_t bytes) {
    (void)context;
    int64_t *block = malloc(bytes + 64);
    block[0] = mark;
    asked++;
    return block + 8;
}
static void users_free(void *context, void *memory) {
    int64_t *block = (int64_t *)memory - 8;
    if (block[0] == mark) {
        free(block);
    } else {
        foreign++;
        halide_default_free(context, memory);
    }
}

halide_malloc_t __real_halide_set_custom_malloc(halide_malloc_t set);
halide_malloc_t __wrap_halide_set_custom_malloc(halide_malloc_t set) {
    const halide_malloc_t before = __real_halide_set_custom_malloc(set);
    usleep(20000);
    return before;
}

static void *ask(void *unused) {
    while (!stopped) {
        halide_free(NULL, halide_malloc(NULL, 30000));
    }
    return unused;
}

int main(void) {
    struct halide_dimension_t line = {0, n, 1, 0};
    struct halide_buffer_t A = array(a, 1, &line), B = array(b, 1, &line);
    __real_halide_set_custom_malloc(users_malloc);
    halide_set_custom_free(users_free);
    pthread_t thread;
    pthread_create(&thread, NULL, ask, NULL);
    while (!asked) {
        usleep(100);
    }
    const int code = loops(&A, n, 3, &B);
    stopped = 1;
    pthread_join(thread, NULL);
    printf("%d %d\n", code, foreign);
    return 0;
}
)",
                  folder + "/loops.a", ",--wrap=halide_set_custom_malloc"),
              "0 0\n");
}

}  // namespace

}  // namespace sylvite
