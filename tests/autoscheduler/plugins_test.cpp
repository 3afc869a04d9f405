// Halide's own autoschedulers, for comparison: what they find is text like any other.

#include "autoscheduler/autoschedule.h"
#include "targets/compile.h"
#include "tests/support/example.h"
#include "tests/support/kernels.h"

#include <gtest/gtest.h>

namespace sylvite {

namespace {

const TargetRow &target() { return find_target("x86-64"); }

Program blur(int n) { return test::one_of_each_kind(n)[2].program; }

class Plugin : public testing::TestWithParam<const char *> {};

TEST_P(Plugin, FindsAScheduleThatKeepsTheValues) {
    constexpr int n = 256;
    const Program program = blur(n);
    const Schedule schedule = autoschedule_with(GetParam(), program, target());
    SCOPED_TRACE(print(schedule));
    EXPECT_FALSE(schedule.kernels[0].stages.empty());
    EXPECT_EQ(parse_schedule(print(schedule)), schedule);
    EXPECT_EQ(print(autoschedule_with(GetParam(), program, target())), print(schedule));
    Halide::Buffer<float> a(n, n), got(n, n), want(n, n);
    a.for_each_element([&](int x, int y) { a(x, y) = static_cast<float>((x * 7 + y * 5) % 31); });
    compile(program, target(), schedule)({{"a", a}, {"result", got}});
    compile(program, target())({{"a", a}, {"result", want}});
    want.for_each_element([&](int x, int y) { ASSERT_EQ(got(x, y), want(x, y)); });
}

INSTANTIATE_TEST_SUITE_P(Halides, Plugin, testing::Values("Mullapudi2016", "Adams2019", "Li2018"));

TEST(Plugins, Anderson2021SchedulesForCuda) {
    const Program program = test::one_of_each_kind(512)[11].program;
    const Schedule schedule = autoschedule_with("Anderson2021", program, find_target("cuda-75"));
    EXPECT_NE(print(schedule).find("gpu_blocks"), std::string::npos) << print(schedule);
    lower(program, find_target("cuda-75"), schedule);
}

TEST(Plugins, ParametersReachThem) {
    const std::string wide = print(autoschedule_with("Mullapudi2016", blur(4096), target(), {},
                                                     {{"parallelism", "64"}, {"last_level_cache_size", "1000"}}));
    EXPECT_NE(wide, print(autoschedule_with("Mullapudi2016", blur(4096), target(), {}, {{"parallelism", "2"}})));
    EXPECT_NE(wide.find("Mullapudi2016"), std::string::npos) << "the comment says whose it is";
}

TEST(Plugins, ErrorsSayWhatIsWrong) {
    EXPECT_EQ(error_of([] { autoschedule_with("Adams2091", blur(64), target()); }),
              "autoschedule_with() needs an autoscheduler whose plugin is loaded; Adams2091 is none, nor one of "
              "Halide's, Mullapudi2016, Adams2019, Li2018, Anderson2021: did you mean Adams2019?");
    // Halide's plugins end the process when they meet such parameters.
    const auto with = [](const char *name, const char *value) {
        return error_of([&] { autoschedule_with("Mullapudi2016", blur(64), target(), {}, {{name, value}}); });
    };
    EXPECT_EQ(with("paralelism", "3"),
              "autoschedule_with() needs parameters that Mullapudi2016 knows; paralelism is none of parallelism, "
              "last_level_cache_size, balance, experimental_gpu_schedule: did you mean parallelism?");
    EXPECT_EQ(with("parallelism", "3.5"),
              "autoschedule_with() needs an integer of 32 bits for parallelism of Mullapudi2016; it has \"3.5\".");
    EXPECT_EQ(with("parallelism", "5000000000").find("autoschedule_with() needs an integer of 32 bits"), 0u);
    EXPECT_EQ(with("balance", "").find("autoschedule_with() needs a number for balance"), 0u);
    EXPECT_EQ(with("experimental_gpu_schedule", "yes").find("autoschedule_with() needs 0 or 1"), 0u);
    EXPECT_EQ(with("balance", "2.5"), "");
    AutoscheduleOptions options;
    options.keep = parse_schedule("sylvite-schedule 1\nkernel main\n", "half.sched");
    EXPECT_EQ(error_of([&] { autoschedule_with("Adams2019", blur(64), target(), options); }),
              "autoschedule_with() needs a program of which nothing is decided; half.sched decides something: Halide's "
              "autoschedulers cannot fill in the rest.");
}

TEST(Plugins, LeaveThePrograms_Parameters) {
    Halide::Param<int> n("n");
    Array a = input<float>("a", {n});
    Func twice("twice");
    twice(Halide::Var("x")) = a(Halide::Var("x")) * n;
    autoschedule_with("Mullapudi2016", Program("p", {a, n}, {{"twice", Array(twice, {n})}}), target());
    EXPECT_FALSE(n.parameter().estimate().defined());
}

}  // namespace

}  // namespace sylvite
