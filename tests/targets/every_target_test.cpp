// The wave program on every target of the table; a new row is tested as it is added.

#include "tests/support/run_on_targets.h"
#include "tests/targets/programs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace sylvite {

namespace {

class EveryTarget : public testing::TestWithParam<TargetRow> {};

TEST_P(EveryTarget, RunsTheWaveAtOddSizes) {
    const Program wave = test::wave("wave", 13, 7);
    Halide::Buffer<float> u0(13, 7), c(13, 7), u(13, 7);
    u0.for_each_element([&](int i, int j) { u0(i, j) = std::sin(0.7f * i + 1.3f * j); });
    c.for_each_element([&](int i, int j) { c(i, j) = 0.1f + 0.01f * (i % 5) - 0.02f * (j % 3); });
    const NamedArguments arguments{{"u0", u0}, {"c", c}, {"steps", 5}, {"u", u}};
    const char *schedule = GetParam().is_gpu() ? "sylvite-schedule 1\n"
                                                 "kernel step\n"
                                                 "  stage next\n"
                                                 "    gpu_tile x y bx by tx ty 8 4\n"
                                               : "sylvite-schedule 1\n"
                                                 "kernel step\n"
                                                 "  stage next\n"
                                                 "    parallel y 2 guard_with_if\n"
                                                 "    vectorize x 4 guard_with_if\n";
    const test::Results want = test::run_here(wave, find_target("x86-64"), {}, arguments);
    test::check_on_target(GetParam(), wave, parse_schedule(schedule), arguments, want);
}

INSTANTIATE_TEST_SUITE_P(Targets, EveryTarget, testing::ValuesIn(all_targets()), [](const auto &info) {
    std::string name = info.param.name;
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
});

}  // namespace

}  // namespace sylvite
