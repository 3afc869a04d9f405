// Each allocation of a program fails once: the code says so, everything comes back, and the next run is right.

#include "autodiff/program.h"
#include "targets/runtime/sylvite_runtime.h"
#include "tests/support/run_on_targets.h"
#include "tests/targets/allocations.h"

#include <gtest/gtest.h>

#include <malloc.h>

namespace sylvite {

namespace {

using Halide::Buffer;
using Halide::OutputFileType;
using Halide::Var;

const Var x("x");
const TargetRow &baseline() { return find_target("x86-64"); }

// The gradient of a loop that keeps a history, with arrays whose extents change from step to step and kernels with memory
// of their own.
Program storing() {
    Halide::Param<int> n("n"), steps("steps");
    const Array a = input<float>("a", {n});
    const Array end = loop(steps, {a}, [&](const Expr &t, const Arrays &s) {
        Func part("part"), sum("sum"), squares("squares"), next("next");
        part(x) = 0.5f * s[0](clamp(x, 0, n - 1));
        const Array grown = loop(2, {Array(part, {t + 2})},
                                 [&](const Expr &, const Arrays &p) {
                                     Func more("more");
                                     more(x) = Halide::sin(p[0](x));
                                     return Arrays{Array(more, {t + 2})};
                                 },
                                 {.name = "inner"})[0];
        const Halide::RDom r(0, t + 2), all(0, n);
        sum() += grown(r);
        squares(x) = 0.f;
        squares(all) += 0.1f * s[0](all) * s[0](all);
        next(x) = squares(x) + squares(Halide::max(x - 1, 0)) + sum();
        return Arrays{Array(next, {n})};
    })[0];
    Func loss("loss");
    const Halide::RDom r(0, n);
    loss() += end(r);
    return grad(Program("storing", {a, n, steps}, {{"loss", Array(loss, {})}}), {"a"});
}

TEST(OutOfMemory, AtAnyAllocationIsAnErrorOfThatRunOnly) {
    const Executable run = compile(storing(), baseline());
    const int n = 5000;
    Buffer<float> a(n), slope(n), want(n), loss = Buffer<float>::make_scalar();
    a.for_each_element([&](int i) { a(i) = static_cast<float>(i % 7) * 0.2f; });
    const NamedArguments arguments{{"a", a}, {"n", n}, {"steps", 3}, {"loss", loss}, {"d_loss_d_a", slope}};
    test::Allocations allocations;
    run.run(arguments);
    want.copy_from(slope);
    const auto used = mallinfo2().uordblks;
    int failures = 0;
    for (Status status{1, ""}; !status.ok() && failures < 1000; failures++) {
        allocations.fail_after(failures);
        status = run.try_run(arguments);
        allocations.fail_after(-1);
        if (!status.ok()) {
            EXPECT_EQ(status.code, sylvite_out_of_memory) << status.text;
            EXPECT_TRUE(status.text.starts_with("storing_grad: ") || status.text.starts_with("storing: "))
                << status.text;
        }
        ASSERT_EQ(allocations.live(), 0) << "after failure " << failures;
        if (failures % 5 == 0) {
            slope.fill(-1);
            run.run(arguments);
            slope.for_each_element([&](int i) { ASSERT_EQ(slope(i), want(i)) << "after failure " << failures; });
        }
    }
    EXPECT_GT(failures, 5);
    EXPECT_LT(mallinfo2().uordblks, used + n * sizeof(float));
}

// The same in a library, whose program is linked with sanitizers: what is leaked, or used after it was freed, ends it.
TEST(OutOfMemory, AtAnyAllocationOfALibrary) {
    const std::string folder = test::new_kept_folder("storing");
    const Program program = storing();
    emit(program, baseline(), {},
         {{OutputFileType::static_library, folder + "/storing.a"}, {OutputFileType::c_header, folder + "/storing.h"}});
    std::ofstream(folder + "/main.c") << "#define run " << program.name() << R"(
#include "storing.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { n = 5000 };
static int until_failure = -1, live;
static float a[n], slope[n], want[n], loss;

void *__real_malloc(size_t bytes);
void *__real_aligned_alloc(size_t alignment, size_t bytes);
void __real_free(void *memory);

static int fails(void) { return until_failure >= 0 && until_failure-- == 0; }
void *__wrap_malloc(size_t bytes) {
    void *memory = fails() ? NULL : __real_malloc(bytes);
    live += memory != NULL;
    return memory;
}
void *__wrap_aligned_alloc(size_t alignment, size_t bytes) {
    void *memory = fails() ? NULL : __real_aligned_alloc(alignment, bytes);
    live += memory != NULL;
    return memory;
}
void __wrap_free(void *memory) {
    live -= memory != NULL;
    __real_free(memory);
}

static int stop(void *context, const struct sylvite_loop_step *step) {
    (void)context;
    return step->step == 1;
}

int main(void) {
    struct halide_dimension_t dim = {0, n, 1, 0};
    struct halide_type_t f32 = {halide_type_float, 32, 1};
    struct halide_buffer_t A = {0, NULL, (uint8_t *)a, 0, f32, 1, &dim, NULL};
    struct halide_buffer_t S = {0, NULL, (uint8_t *)slope, 0, f32, 1, &dim, NULL};
    struct halide_buffer_t L = {0, NULL, (uint8_t *)&loss, 0, f32, 0, NULL, NULL};
    for (int i = 0; i < n; i++) {
        a[i] = (float)(i % 7) * 0.2f;
    }
    int code = run(&A, n, 3, &L, &S), failures = 0, before = live;
    memcpy(want, slope, sizeof want);
    for (; code == 0 || code == sylvite_out_of_memory; failures++) {
        until_failure = failures;
        code = run(&A, n, 3, &L, &S);
        const int were_enough = until_failure >= 0;
        until_failure = -1;
        if (live != before || (code != 0 && strncmp(sylvite_last_error(), "storing", 7) != 0)) {
            printf("failure %d: %d live, %s\n", failures, live - before, sylvite_last_error());
            return 1;
        }
        if (were_enough) {
            break;
        }
        /* Of what kernels keep together it takes the parts, where it cannot have the whole. */
        if (code == 0 && memcmp(slope, want, sizeof want) != 0) {
            printf("wrong with failure %d\n", failures);
            return 1;
        }
        memset(slope, 0, sizeof slope);
        if (run(&A, n, 3, &L, &S) != 0 || memcmp(slope, want, sizeof want) != 0) {
            printf("wrong after failure %d: %s\n", failures, sylvite_last_error());
            return 1;
        }
    }
    const struct sylvite_watch watch = {stop, NULL, 0, NULL};
    sylvite_set_watch(&watch);
    const int cancelled = run(&A, n, 3, &L, &S);
    sylvite_set_watch(NULL);
    code = run(&A, n, 3, &L, &S);
    printf("%d %d %d %d %d\n", failures > 5, cancelled, code, live == before, memcmp(slope, want, sizeof want));
    return 0;
}
)";
    test::output_of(test::compile_command("cc -O1 -fsanitize=address", folder) + folder + "/main.c " + folder +
                    "/storing.a -Wl,--wrap=malloc,--wrap=aligned_alloc,--wrap=free -o " + folder +
                    "/main -lpthread -ldl -lm");
    EXPECT_EQ(test::output_of("ASAN_OPTIONS=detect_leaks=1 " + folder + "/main"), "1 1011 0 1 0\n");
}

}  // namespace

}  // namespace sylvite
