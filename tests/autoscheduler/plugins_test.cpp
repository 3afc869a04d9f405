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
    EXPECT_NE(error_of([] { autoschedule_with("Nobody2099", blur(64), target()); }).find("Nobody2099"),
              std::string::npos);
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
