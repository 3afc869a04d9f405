// What a caller who watches sees: numbers that are not finite, times of kernels. Steps are in observer_test.cpp.

#include "targets/runtime/sylvite_runtime.h"
#include "tests/support/run_on_targets.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

namespace sylvite {

namespace {

using Halide::Buffer;
using Halide::OutputFileType;
using Halide::Var;
using testing::AllOf;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::StartsWith;

const Var x("x"), y("y");
const TargetRow &baseline() { return find_target("x86-64"); }

// Three steps of an outer loop with an inner one of `steps`, which doubles 4 x 3 floats; a sum at the end.
Program growth(const Type &type = Halide::Float(32)) {
    Halide::Param<int> steps("steps");
    const Array a = input(type, "a", {4, 3});
    const Array end = loop(3, {a},
                           [&](const Expr &, const Arrays &outer) {
                               return loop(steps, {outer[0]},
                                           [&](const Expr &, const Arrays &s) {
                                               Func next("next");
                                               next(x, y) = s[0](x, y) * Halide::cast(type, 2);
                                               return Arrays{Array(next, {4, 3})};
                                           },
                                           {.name = "double"});
                           },
                           {.name = "outer"})[0];
    Func total("total");
    const Halide::RDom r(0, 4, 0, 3);
    total() += Halide::cast<double>(end(r.x, r.y));
    return Program("growth", {a, steps}, {{"end", end}, {"total", Array(total, {})}});
}

struct Arguments {
    Buffer<float> a{4, 3}, end{4, 3};
    Buffer<double> total = Buffer<double>::make_scalar();
    NamedArguments with(int steps) const { return {{"a", a}, {"steps", steps}, {"end", end}, {"total", total}}; }
};

TEST(Finite, NamesElementKernelAndSteps) {
    const Executable run = compile(growth(), baseline());
    Arguments arguments;
    arguments.a.fill(1);
    arguments.a(3, 2) = std::ldexp(-1.f, 122);
    const Status status = run.try_run(arguments.with(4), {.finite = true});  // 2^128 in the sixth of 12 steps
    EXPECT_EQ(status.code, sylvite_not_finite);
    EXPECT_EQ(status.text, "growth: not finite: kernel double wrote -inf to next(3, 2) in step 1 of loop double, "
                           "step 1 of loop outer");
    // Nobody asked:
    run.run(arguments.with(4));
    EXPECT_TRUE(std::isinf(arguments.total()));
    // Outside of loops; the next run is right.
    arguments.a(3, 2) = std::numeric_limits<float>::quiet_NaN();
    EXPECT_EQ(run.try_run(arguments.with(0), {.finite = true}).text,
              "growth: not finite: kernel main wrote nan to total()");
    arguments.a(3, 2) = 1;
    run.run(arguments.with(1), {.finite = true});
    EXPECT_EQ(arguments.total(), 96);
}

TEST(Finite, LooksAtAllTypesOfFloats) {
    for (const Type type : {Halide::Float(16), Halide::BFloat(16), Halide::Float(64)}) {
        const Executable run = compile(growth(type), baseline());
        Buffer<> a(type, 4, 3), end(type, 4, 3);
        std::memset(a.data(), 0, a.size_in_bytes());
        Buffer<double> total = Buffer<double>::make_scalar();
        const NamedArguments arguments{{"a", a}, {"steps", 1}, {"end", end}, {"total", total}};
        EXPECT_TRUE(run.try_run(arguments, {.finite = true}).ok()) << type;
        auto *last = static_cast<uint8_t *>(a.data()) + a.size_in_bytes() - type.bytes();
        // The largest number of each format.
        const uint64_t largest = type.bits() == 64 ? 0x7fefffffffffffff : type.is_bfloat() ? 0x7f7f : 0x7bff;
        std::memcpy(last, &largest, type.bytes());
        EXPECT_THAT(run.try_run(arguments, {.finite = true}).text, HasSubstr("wrote inf to next(3, 2) in step 0"))
            << type;
    }
}

TEST(Finite, LeavesIntegersAlone) {
    const Array a = input<int>("a", {4});
    Func f("f");
    f(x) = a(x) + 1;
    Buffer<int> in(4), out(4);
    in.fill(-2);  // all ones in the result
    compile(Program("p", {a}, {{"b", Array(f, {4})}}), baseline()).run({{"a", in}, {"b", out}}, {.finite = true});
}

TEST(Finite, OnADeviceAsWithTimesAndStates) {
    const TargetRow &vulkan = find_target("vulkan");
    if (const std::string obstacle = test::why_not_checked(vulkan); !obstacle.empty()) {
        GTEST_SKIP() << "[SKIP] " << vulkan.name << ": " << obstacle;
    }
    const Executable run = compile(growth(), vulkan,
                                   parse_schedule("sylvite-schedule 1\nkernel double\n  stage next\n"
                                                  "    gpu_tile x y bx by tx ty 4 1\n"));
    Arguments arguments;
    arguments.a.fill(1);
    arguments.a(1, 2) = std::ldexp(1.f, 122);
    EXPECT_EQ(
        run.try_run(arguments.with(4), {.finite = true}).text,
        "growth: not finite: kernel double wrote inf to next(1, 2) in step 1 of loop double, step 1 of loop outer");
    arguments.a(1, 2) = 1;
    Profile profile;
    std::vector<float> seen;
    const Observer observer = [&](const LoopStep &s) {
        const Buffer<float> state = s.state(s.states()[0]);
        seen.push_back(state(1, 2));
        return true;
    };
    run.run(arguments.with(1), {.observer = observer, .finite = true, .profile = &profile});
    EXPECT_THAT(seen, ElementsAre(1, 1, 2, 2, 4, 4));
    EXPECT_EQ(profile.kernels()[0].calls, 3);
    EXPECT_EQ(arguments.total(), 96);
}

TEST(ProfileOfKernels, CountsAndAddsUpOverRuns) {
    const Executable run = compile(growth(), baseline());
    Arguments arguments;
    arguments.a.fill(1);
    Profile profile;
    run.run(arguments.with(4), {.profile = &profile});
    run.run(arguments.with(4));  // not asked
    run.run(arguments.with(5), {.profile = &profile});
    EXPECT_THAT(profile.kernels(),
                ElementsAre(AllOf(Field(&Profile::Kernel::program, "growth"), Field(&Profile::Kernel::name, "double"),
                                  Field(&Profile::Kernel::calls, 27)),
                            AllOf(Field(&Profile::Kernel::name, "main"), Field(&Profile::Kernel::calls, 2))));
    EXPECT_GT(profile.kernels()[0].seconds, 0);
}

TEST(ProfileOfKernels, PrintsATable) {
    Profile profile;
    profile.add({"heat", "main", 1, 0.0001});
    profile.add({"heat", "step.2", 1000, 0.25});
    profile.add({"heat", "step", 1000, 0.7499});
    EXPECT_EQ(profile.text(), "kernel           calls     total/ms      mean/us    share\n"
                              "heat step         1000      749.900      749.900   75.0 %\n"
                              "heat step.2       1000      250.000      250.000   25.0 %\n"
                              "heat main            1        0.100      100.000    0.0 %\n"
                              "all kernels       2001     1000.000      499.750  100.0 %\n");
}

TEST(ProfileOfKernels, KeepsWithinItsMemory) {
    sylvite_kernel_time room[1];
    sylvite_profile profile{room, 1, 0, 0};
    const sylvite_watch watch{nullptr, nullptr, 0, &profile};
    const sylvite_kernel_run a{"p", "a", sylvite_clock(&watch), 0, nullptr, nullptr, 0, nullptr, nullptr, nullptr};
    sylvite_kernel_run b = a;
    b.kernel = "b";
    for (const sylvite_kernel_run *run : std::vector<const sylvite_kernel_run *>{&a, &b, &a, &b, &b}) {
        EXPECT_EQ(sylvite_kernel_ran(&watch, run), sylvite_success);
    }
    EXPECT_EQ(profile.count, 1);
    EXPECT_EQ(room[0].calls, 2);
    EXPECT_EQ(profile.missed, 3);
    char text[20];
    const int length = sylvite_profile_text(&profile, text, sizeof text);
    EXPECT_STREQ(text, "kernel           ca");
    std::string whole(length, ' ');
    sylvite_profile_text(&profile, whole.data(), length + 1);
    EXPECT_THAT(whole, HasSubstr("100.0 %\n3 calls of other kernels found no room\n"));
}

TEST(WatchedLibrary, SaysInCWhatItSeesAndRunsAgain) {
    const std::string folder = test::new_kept_folder("watched");
    emit(growth(), baseline(), {},
         {{OutputFileType::static_library, folder + "/growth.a"}, {OutputFileType::c_header, folder + "/growth.h"}});
    std::ofstream(folder + "/main.c") << R"(
#include "growth.h"
#include <stdio.h>

static float a[12], end[12];
static double total;

/* Prints what a step starts from; ends the program in the second step of the outer loop, if told to. */
static int tell(void *context, const struct sylvite_loop_step *s) {
    const struct halide_buffer_t *state = sylvite_state(s, 0);
    printf("%s.%s %d/%d %s=%g; ", s->program, s->loop, s->step, s->steps, s->names[0], ((float *)state->host)[11]);
    return *(int *)context && s->loop[0] == 'o' && s->step == 1;
}

int main(void) {
    struct halide_dimension_t dims[] = {{0, 4, 1, 0}, {0, 3, 4, 0}};
    struct halide_type_t f32 = {halide_type_float, 32, 1}, f64 = {halide_type_float, 64, 1};
    struct halide_buffer_t A = {0, NULL, (uint8_t *)a, 0, f32, 2, dims, NULL};
    struct halide_buffer_t E = {0, NULL, (uint8_t *)end, 0, f32, 2, dims, NULL};
    struct halide_buffer_t T = {0, NULL, (uint8_t *)&total, 0, f64, 0, NULL, NULL};
    int stop = 1;
    struct sylvite_kernel_time times[4];
    struct sylvite_profile profile = {times, 4, 0, 0};
    struct sylvite_watch finite = {NULL, NULL, 1, NULL}, steps = {tell, &stop, 0, NULL}, timed = {NULL, NULL, 0, &profile};
    sylvite_set_watch(&finite);
    a[11] = 2e38f;
    int code = growth(&A, 1, &E, &T);
    printf("%d %s\n", code, sylvite_last_error());
    printf("%d\n", sylvite_set_watch(&steps) == &finite);
    a[11] = 1;
    code = growth(&A, 1, &E, &T);
    printf("%d %s\n", code, sylvite_last_error());
    stop = 0;
    code = growth(&A, 1, &E, &T);
    printf("%d%s %g\n", code, sylvite_last_error(), total);
    sylvite_set_watch(&timed);
    code = growth(&A, 2, &E, &T);
    sylvite_set_watch(NULL);
    code |= growth(&A, 1, &E, &T);
    printf("%d %s %d, %s %d\n", code, times[0].kernel, (int)times[0].calls, times[1].kernel, (int)times[1].calls);
    return 0;
}
)";
    test::output_of(test::compile_command("cc", folder) + folder + "/main.c " + folder + "/growth.a -o " + folder +
                    "/main -lpthread -ldl -lm");
    EXPECT_EQ(test::output_of(folder + "/main"),
              "1012 growth: not finite: kernel double wrote inf to next(3, 2) in step 0 of loop double, "
              "step 0 of loop outer\n1\n"
              "growth.outer 0/3 a=1; growth.double 0/1 a=1; growth.outer 1/3 a=2; "
              "1011 growth: cancelled at step 1 of loop outer\n"
              "growth.outer 0/3 a=1; growth.double 0/1 a=1; growth.outer 1/3 a=2; growth.double 0/1 a=2; "
              "growth.outer 2/3 a=4; growth.double 0/1 a=4; 0 8\n"
              "0 double 6, main 1\n");
}

}  // namespace

}  // namespace sylvite
