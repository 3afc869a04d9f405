#include "schedules/read_back.h"

#include "tests/support/example.h"

#include <gmock/gmock.h>

namespace sylvite {

namespace {

const Kernel &example_kernel() {
    static const Kernel kernel = kernels_of(example_program())[0];
    return kernel;
}

Schedule read_back(const Schedule &applied) {
    const KernelPipeline pipeline = instantiate(example_kernel());
    apply(applied, "main", pipeline);
    Schedule schedule;
    schedule.kernels.push_back(sylvite::read_back("main", pipeline, instantiate(example_kernel())));
    return schedule;
}

TEST(ReadBack, GivesTheTextThatWasApplied) {
    const Schedule schedule = parse_schedule(R"(sylvite-schedule 1
kernel main
  stage blur
    compute_at out yo
    store_root
    store_in heap
    align_storage x 8
    fold_storage y 32
    split x xo xi 8 guard_with_if
    reorder xi y xo z
    vectorize xi
  stage total
    compute_root
    reorder_storage y x z
    fuse x y xy
    split xy xyo xyi 16 shift_inwards
    unroll xyi
    parallel xyo
    partition z never
  stage total.update(0)
    atomic
    split r.x rxo rxi 4 guard_with_if
    reorder rxi x y rxo r.y r.z z
    vectorize rxi
  stage out
    bound x 0 21
    split y yo yi 13 round_up
    gpu_blocks z vulkan
)");
    EXPECT_EQ(print(read_back(schedule)), print(schedule));
}

TEST(ReadBack, NamesLoopsByWhatTheyAre) {
    const Schedule schedule = parse_schedule("sylvite-schedule 1\nkernel main\n  stage out\n    vectorize x 8\n"
                                             "    split y beautiful names 4\n    parallel beautiful\n");
    const std::string text = print(read_back(schedule));
    EXPECT_EQ(text, "sylvite-schedule 1\nkernel main\n  stage out\n    split x xo xi 8 shift_inwards\n"
                    "    split y yo yi 4 shift_inwards\n    vectorize xi\n    parallel yo\n");
    EXPECT_EQ(print(read_back(parse_schedule(text))), text);
}

TEST(ReadBack, KnowsASingleThread) {
    const Schedule schedule =
        parse_schedule("sylvite-schedule 1\nkernel main\n  stage out\n    gpu_single_thread cuda\n");
    EXPECT_EQ(print(read_back(schedule)), print(schedule));
}

TEST(ReadBack, RefusesWhatThereIsNoDirectiveFor) {
    const auto refusal = [](const std::function<void(Func)> &schedule_it) {
        return error_of([&] {
            const KernelPipeline pipeline = instantiate(example_kernel());
            schedule_it(Func(pipeline.stages[2]));
            sylvite::read_back("main", pipeline, instantiate(example_kernel()));
        });
    };
    const Halide::Var x("x"), y("y"), u("u");
    const std::string begin = "A schedule as text needs directives for all that is done; ";
    EXPECT_EQ(refusal([](Func total) { total.compute_root().memoize(); }),
              begin + "memoize() at stage total has none.");
    EXPECT_EQ(refusal([&](Func total) { total.update().allow_race_conditions(); }),
              begin + "allow_race_conditions() in stage total.update(0) has none.");
    // Halide calls the new Func total_intm or total$3_intm.
    EXPECT_THAT(refusal([&](Func total) { total.update().rfactor(Halide::RVar("r$y"), u); }),
                testing::StartsWith(begin + "a Func that was added at stage total"));
    EXPECT_EQ(refusal([&](Func total) { total.specialize(Halide::Param<bool>("b")).vectorize(x, 4); }),
              begin + "specialize() at stage total has none.");
    Halide::Param<int> factor("factor");
    EXPECT_EQ(refusal([&](Func total) { total.split(y, y, u, factor); }),
              begin + "a split by factor in stage total has none.");
}

}  // namespace

}  // namespace sylvite
