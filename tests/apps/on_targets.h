#pragma once

#include "autoscheduler/autoschedule.h"
#include "tests/support/run_on_targets.h"

namespace sylvite::apps {

/// Runs a program on a target with schedules that are found, and expects what the baseline x86-64 gives, up to `tolerance`
/// relative to the largest number. That is computed once for all targets of a test.
inline void check_on(const TargetRow &row, const Program &program, const NamedArguments &arguments, double tolerance) {
    static std::string test_of_baseline;
    static test::Results of_baseline;
    const testing::TestInfo &test = *testing::UnitTest::GetInstance()->current_test_info();
    const std::string name = test.name(), here = test.test_suite_name() + ("." + name.substr(0, name.find('/')));
    if (here != test_of_baseline) {
        const TargetRow &baseline = find_target("x86-64");
        of_baseline = test::run_here(program, baseline, autoschedule(program, baseline), arguments);
        test_of_baseline = here;
    }
    test::check_on_target(row, program, autoschedule(program, row), arguments, of_baseline, tolerance);
}

/// A test of an app on `app_targets()`.
class OnTargets : public testing::TestWithParam<TargetRow> {
protected:
    static void check(const Program &program, const NamedArguments &arguments, double tolerance) {
        check_on(GetParam(), program, arguments, tolerance);
    }
};

/// AVX-512 and Vulkan, and CUDA on a machine with a GPU.
inline auto app_targets() {
    std::vector<TargetRow> targets = {find_target("x86-64-avx512"), find_target("vulkan")};
    if (const TargetRow &cuda = find_target("cuda-80"); why_not_here(cuda).empty()) {
        targets.push_back(cuda);
    }
    return testing::ValuesIn(targets);
}

inline std::string name_of_target(const testing::TestParamInfo<TargetRow> &info) {
    return info.param.name == "vulkan" ? "Vulkan" : info.param.name == "cuda-80" ? "Cuda" : "Avx512";
}

/// Values as an array.
template<typename T>
Halide::Buffer<T> array_of(const std::vector<T> &values, const std::vector<int> &extents) {
    Halide::Buffer<T> array(extents);
    std::copy(values.begin(), values.end(), array.begin());
    return array;
}

}  // namespace sylvite::apps
