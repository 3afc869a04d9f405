#include "frontend/graph.h"
#include "schedules/directives.h"
#include "schedules/refusal.h"
#include "tests/support/example.h"
#include "tests/support/folder.h"
#include "tests/support/golden.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace sylvite {

namespace {

const char *const good = R"(# a schedule for a machine
sylvite-schedule 1  # target x86-64, seed 7
kernel main
  # the sum dominates
  stage total
    compute_root
    split y yo yi 4 guard_with_if
    parallel yo  # rows are independent
    specialize n >= 4 && in.extent(0) % 7 == 0
      vectorize x 8
      specialize n == 7
        unroll yi
  stage total.update(0)
    rfactor partial r.y u
  stage partial
    compute_at total.update(0) y
#
# the end
)";

const Kernel &example_kernel() {
    static const Kernel kernel = kernels_of(example_program())[0];
    return kernel;
}

void apply_text(const std::string &text) {
    apply(parse_schedule(text, "x.sched"), "main", instantiate(example_kernel()));
}

std::string body(const std::string &lines) { return "sylvite-schedule 1\nkernel main\n" + lines; }

TEST(Schedule, PrintedTextIsReadBackAndPrintedTheSame) {
    const Schedule schedule = parse_schedule(good);
    EXPECT_EQ(print(schedule), good);
    EXPECT_EQ(parse_schedule(print(schedule)), schedule);
}

TEST(Schedule, LoopsArePrintedBeforeKernels) {
    const char *const text = R"(sylvite-schedule 1
# four at a time
loop step  # of the wave
  # what fits the cache
  fuse_steps 4
loop other
kernel main
  stage total
    compute_root
)";
    const Schedule schedule = parse_schedule(text);
    EXPECT_EQ(print(schedule), text);
    EXPECT_EQ(parse_schedule(print(schedule)), schedule);
    EXPECT_FALSE(parse_schedule("sylvite-schedule 1\nloop step\n  fuse_steps 4\n") ==
                 parse_schedule("sylvite-schedule 1\nloop step\n  fuse_steps 3\n"));
}

TEST(Schedule, WhatIsWrongUnderALoopIsNamedWithItsPlace) {
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"loop\n", "2:1: loop is followed by one name."},
        {"loop a\nloop a\n", "3:6: loop a is there twice."},
        {"loop a\n  stage f\n", "3:3: a stage stands under a kernel: write `kernel NAME` above it."},
        {"loop a\n  unroll x\n", "3:3: a loop has the directive fuse_steps only; unroll stands under a stage."},
        {"loop a\n  fuse 4\n", "3:3: a loop has the directive fuse_steps only; fuse stands under a stage."},
        {"loop a\n  fuse_step 4\n", "3:3: a loop has the directive fuse_steps only; fuse_step is unknown."},
        {"loop a\n  fuse_steps\n", "3:3: fuse_steps has 0 arguments: write fuse_steps k."},
        {"loop a\n  fuse_steps 1\n", "3:14: fuse_steps needs an integer from 2 to 64 for k; 1 is not."},
        {"loop a\n  fuse_steps 65\n", "3:14: fuse_steps needs an integer from 2 to 64 for k; 65 is not."},
        {"loop a\n  fuse_steps 2\n  fuse_steps 2\n", "4:3: fuse_steps is there twice for loop a."},
    };
    for (const auto &[lines, message] : cases) {
        EXPECT_EQ(error_of([&] { parse_schedule("sylvite-schedule 1\n" + lines, "x.sched"); }), "x.sched:" + message);
    }
}

TEST(Schedule, HoldsWhatTheTextSays) {
    const Schedule schedule = parse_schedule(good);
    ASSERT_EQ(schedule.kernels.size(), 1u);
    ASSERT_NE(schedule.find("main"), nullptr);
    EXPECT_EQ(schedule.find("other"), nullptr);
    const std::vector<StageSchedule> &stages = schedule.kernels[0].stages;
    ASSERT_EQ(stages.size(), 3u);
    EXPECT_EQ(stages[1].name(), "total.update(0)");
    EXPECT_EQ(stages[1].update, 0);
    ASSERT_EQ(stages[0].directives.size(), 4u);
    EXPECT_EQ(stages[0].directives[1], (Directive{"split", {"y", "yo", "yi", "4", "guard_with_if"}}));
    EXPECT_EQ(stages[0].directives[3].arguments[0], "n >= 4 && in.extent(0) % 7 == 0");
    EXPECT_EQ(stages[0].directives[3].inner[1].inner[0], (Directive{"unroll", {"yi"}}));
    EXPECT_EQ(stages[0].comments.above, std::vector<std::string>{"the sum dominates"});
}

TEST(Schedule, SpacingAndLineEndsDoNotMatter) {
    EXPECT_EQ(parse_schedule("\n\nsylvite-schedule   1\r\nkernel main\n\n   stage out\nvectorize   x 8\n"),
              parse_schedule("sylvite-schedule 1\nkernel main\n  stage out\n    vectorize x 8"));
}

TEST(Schedule, ApplyingASpecializedScheduleKeepsTheValues) {
    const auto plain = values_of(example_kernel(), [](const KernelPipeline &) {});
    EXPECT_EQ(values_of(example_kernel(),
                        [](const KernelPipeline &pipeline) { apply(parse_schedule(good), "main", pipeline); }),
              plain);
}

TEST(Schedule, AKernelThatIsNotMentionedKeepsTheDefaults) {
    const KernelPipeline pipeline = instantiate(example_kernel());
    apply(parse_schedule("sylvite-schedule 1\nkernel other\n  stage nothing\n    compute_root\n"), "main", pipeline);
    for (const auto &stage : pipeline.stages) {
        EXPECT_FALSE(stage.definition().schedule().touched()) << stage.name();
    }
}

TEST(Schedule, CheckFindsUnknownKernelsAndStages) {
    check(parse_schedule(good), example_program());
    const auto checked = [](const std::string &text) {
        return error_of([&] { check(parse_schedule(text, "x.sched"), example_program()); });
    };
    EXPECT_EQ(checked("sylvite-schedule 1\nkernel mian\n"),
              "x.sched:2:8: program example has no kernel mian; its kernels are main: did you mean main?");
    EXPECT_EQ(checked(body("  stage totl\n")),
              "x.sched:3:9: kernel main has no stage totl; its stages are repeat_edge, blur, total, out: did you mean "
              "total?");
}

TEST(Schedule, FilesAreReadAndReplacedAsAWhole) {
    const test::Folder folder;
    const std::string path = folder.path() / "a.sched";
    save_schedule(parse_schedule(good), path);
    EXPECT_EQ(print(load_schedule(path)), good);
    EXPECT_FALSE(std::filesystem::exists(path + ".part"));
    std::filesystem::remove(path);
    EXPECT_EQ(error_of([&] { load_schedule(path); }),
              "load_schedule() needs a file that can be read; " + path + " cannot: No such file or directory.");
    EXPECT_EQ(error_of([] { load_schedule("/"); }),
              "load_schedule() needs a file that can be read; / cannot: it is a folder.");
    EXPECT_EQ(error_of([] { save_schedule({}, "/no/such/folder/a.sched"); }),
              "save_schedule() needs a place that can be written; /no/such/folder/a.sched cannot: No such file or "
              "directory.");
    ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
    EXPECT_EQ(error_of([&] { save_schedule({}, path); }),
              "save_schedule() needs a place that can be written; " + path + " cannot: it is not a regular file.");
    EXPECT_TRUE(std::filesystem::is_fifo(path));
    std::filesystem::remove(path);
}

TEST(Schedule, TheDirectivesInTheManualAreThoseOfTheTable) {
    expect_in_document("docs/schedules.md", "| directive |", directives_as_markdown());
}

// What is joined is read together, but by what the joined stage itself needs.
TEST(Schedule, JoinedStagesAreReadByWayOfTheNewOne) {
    const KernelPipeline pipeline = instantiate(example_kernel());
    apply(parse_schedule(body("  stage total\n    join both blur\n  stage both\n    compute_root\n")), "main",
          pipeline);
    const auto read_by = [&](const Halide::Internal::Function &reader) {
        std::set<std::string> names;
        for (const auto &function : reads_of(reader).functions) {
            names.insert(plain_name(function.name()));
        }
        return names;
    };
    EXPECT_EQ(read_by(pipeline.outputs[0].function()), std::set<std::string>{"both"});
    for (const auto &stage : pipeline.stages) {
        if (plain_name(stage.name()) == "total") {
            EXPECT_TRUE(read_by(stage).count("blur"));
        }
    }
}

// a reads b by way of a copy of h, which must not read the Tuple of a and b.
TEST(Schedule, WhatAJoinedStageReadsThroughACopyGoesOnReadingTheOther) {
    const Array in = input<float>("in", {8});
    const Halide::Var x("x");
    Func a("a"), b("b"), h("h"), out("out");
    b(x) = in(x) + 1;
    h(x) = b(x) * 2;
    a(x) = h(x) + 3;
    out(x) = a(x) + b(x);
    const Program program("p", {in}, {{"out", Array(out, {8})}});
    const KernelPipeline pipeline = instantiate(kernels_of(program)[0]);
    apply(parse_schedule(body("  stage b\n    compute_root\n  stage h\n    compute_root\n    clone_in c a\n"
                              "  stage c\n    compute_root\n"
                              "  stage a\n    compute_root\n    join both b\n  stage both\n    compute_root\n")),
          "main", pipeline);
    Halide::Buffer<float> values(8);
    values.fill(1);
    Halide::ImageParam image = pipeline.images[0];
    image.set(values);
    const Halide::Buffer<float> result = Halide::Pipeline(pipeline.outputs).realize({8});
    EXPECT_EQ(result(5), 9.f);
}

// Where a stage can be computed is known only when the kernel is lowered.
TEST(Schedule, ARefusalByLoweringIsReportedAtItsDirective) {
    const Schedule schedule = parse_schedule(body("  stage blur\n    compute_at total.update(0) y\n"), "x.sched");
    const std::string error = error_of([&] {
        const KernelPipeline pipeline = instantiate(example_kernel());
        apply(schedule, "main", pipeline);
        try {
            lower(example_kernel(), pipeline, plain_host());
        } catch (const Halide::CompileError &refused) {
            rethrow_placement(refused, schedule, "main", pipeline);
        }
    });
    EXPECT_TRUE(error.starts_with("x.sched:4:5: stage blur cannot be there: Func \"blur\" is computed at the following "
                                  "invalid location:   blur.compute_at(total, y); Legal locations for this function "
                                  "are:   blur.compute_root();"))
        << error;
    EXPECT_EQ(error.find('$'), std::string::npos);
}

struct Mistake {
    std::string text, error;

    friend void PrintTo(const Mistake &m, std::ostream *out) { *out << m.text; }
};

// Each line of the manual's list of errors.
const Mistake mistakes[] = {
    // The frame of the text.
    {"", "x.sched:1:1: the first line of a schedule is `sylvite-schedule 1`; it is missing."},
    {"kernel main\n", "x.sched:1:1: the first line of a schedule is `sylvite-schedule 1`; this is not."},
    {"sylvite-schedule 2\n", "x.sched:1:18: the schedule has version 2; version 1 is known here."},
    {"sylvite-schedule 1\n  stage out\n", "x.sched:2:3: a stage stands under a kernel: write `kernel NAME` above it."},
    {"sylvite-schedule 1\nkernel\n", "x.sched:2:1: kernel is followed by one name."},
    {"sylvite-schedule 1\nkernel main\nkernel main\n",
     "x.sched:3:8: kernel main is there twice: put its stages together."},
    {"sylvite-schedule 1\nkernel main\n  vectorize x\n",
     "x.sched:3:3: vectorize stands under a stage: write `kernel NAME` and `stage NAME` above it."},
    {"sylvite-schedule 1\nkernels main\n",
     "x.sched:2:1: unknown word kernels: write `kernel NAME` and `stage NAME` above it."},
    {body("  stage out\n  stage out\n"), "x.sched:4:9: stage out is there twice: put its directives together."},
    {body("  stage out.update(x)\n"),
     "x.sched:3:9: out.update(x) is not the name of a stage: write NAME or NAME.update(0)."},
    {body("\tstage out\n"), "x.sched:3:1: a tab: indent with spaces."},
    {body("  stage \xc3\xa9\n"), "x.sched:3:9: a character that is not printable ASCII."},
    // Directives and their arguments.
    {body("  stage out\n    vectorise x 8\n"), "x.sched:4:5: unknown directive vectorise: did you mean vectorize?"},
    {body("  stage out\n    prefetch_everything x\n"),
     "x.sched:4:5: unknown directive prefetch_everything; docs/schedules.md lists them."},
    {body("  stage out\n    split x xo 8\n"), "x.sched:4:5: split has 3 arguments: write split x xo xi factor [tail]."},
    {body("  stage out\n    vectorize\n"),
     "x.sched:4:5: vectorize has 0 arguments: write vectorize x or vectorize x lanes [tail]."},
    {body("  stage out\n    split x xo xi eight\n"),
     "x.sched:4:19: split needs an integer from 1 to 16777216 for factor; eight is not."},
    {body("  stage out\n    split x xo xi 0\n"),
     "x.sched:4:19: split needs an integer from 1 to 16777216 for factor; 0 is not."},
    {body("  stage out\n    unroll x 5000\n"),
     "x.sched:4:14: unroll needs an integer from 1 to 1024 for factor; 5000 is not."},
    {body("  stage out\n    split x x.o xi 8\n"),
     "x.sched:4:13: split needs a new name of letters, digits and _ for xo; x.o is not."},
    {body("  stage out\n    split x xo xi 8 guard_with_iff\n"),
     "x.sched:4:21: split has no tail guard_with_iff; there are auto, guard_with_if, predicate, predicate_loads, "
     "predicate_stores, shift_inwards, shift_inwards_and_blend, round_up, round_up_and_blend: did you mean "
     "guard_with_if?"},
    {body("  stage out\n    store_in heep\n"),
     "x.sched:4:14: store_in has no memory heep; there are auto, heap, stack, register, gpu_shared: did you mean "
     "heap?"},
    {body("  stage out\n    specialize n >=  (4\n"),
     "x.sched:4:24: specialize needs a formula for condition: a ) is missing."},
    {body("  stage total.update(0)\n    compute_root\n"),
     "x.sched:4:5: compute_root is said of the whole Func: write it under `stage total`."},
    {body("  stage out\n    specialize n > 1\n      compute_root\n"),
     "x.sched:5:7: compute_root is said of the whole Func: write it under `stage out`."},
    // Names, known when the schedule is applied.
    {body("  stage out.update(0)\n"), "x.sched:3:9: stage out has 0 update definitions; there is no out.update(0)."},
    {body("  stage out\n    split w xo xi 8\n"),
     "x.sched:4:11: stage out has no loop w; its loops are x, y, z: did you mean x?"},
    {body("  stage out\n    split x xo xi 8\n    vectorize x\n"),
     "x.sched:5:15: stage out has no loop x; its loops are xi, xo, y, z: did you mean xi?"},
    {body("  stage total.update(0)\n    reorder r.w x\n"),
     "x.sched:4:13: stage total.update(0) has no loop r.w; its loops are r.x, r.y, r.z, x, y, z: did you mean r.x?"},
    {body("  stage blur\n    compute_at blur x\n"),
     "x.sched:4:16: compute_at needs a loop of a stage that reads blur; it was given one of blur itself."},
    {body("  stage out\n    fold_storage y 8\n"), "x.sched:4:5: fold_storage needs a stage that the kernel keeps "
                                                  "itself; out is an output, which lies in an array of "
                                                  "the program."},
    {body("  stage blur\n    compute_at outt x\n"),
     "x.sched:4:16: kernel main has no stage outt; its stages are repeat_edge, blur, total, out: did you mean out?"},
    {body("  stage blur\n    compute_at out.update(x) y\n"),
     "x.sched:4:16: compute_at needs the name of a stage for stage; out.update(x) is not."},
    {body("  stage blur\n    compute_at total.update(-1) y\n"),
     "x.sched:4:16: compute_at needs the name of a stage for stage; total.update(-1) is not."},
    {body("  stage blur\n    compute_at total.update(0)0 y\n"),
     "x.sched:4:16: compute_at needs the name of a stage for stage; total.update(0)0 is not."},
    {body("  stage blur\n    compute_at total.update(4294967296) y\n"),
     "x.sched:4:16: compute_at needs the name of a stage for stage; total.update(4294967296) is not."},
    {body("  stage blur\n    compute_at out yo\n"),
     "x.sched:4:20: stage out has no loop yo; its loops are x, y, z: did you mean y?"},
    {body("  stage blur\n    align_storage r.x 8\n"),
     "x.sched:4:19: stage blur has no dimension r.x; its dimensions are x, y, z."},
    {body("  stage out\n    specialize m >= 64\n"),
     "x.sched:4:16: specialize: kernel main has no size m; it has in.extent(0), in.extent(1), n, out.extent(0), "
     "out.extent(1), out.extent(2): did you mean n?"},
    {body("  stage out\n    specialize n + 1\n"),
     "x.sched:4:16: specialize needs a condition, such as n >= 64; n + 1 is a number."},
    {body("  stage out\n    specialize n && 1\n"), "x.sched:4:16: specialize: a condition is needed here."},
    {body("  stage total.update(0)\n    rfactor blur r.x u\n"),
     "x.sched:4:13: there is a stage blur already: choose another name."},
    {body("  stage partial\n    compute_root\n  stage total.update(0)\n    rfactor partial r.x u\n"),
     "x.sched:3:9: kernel main has no stage partial; its stages are repeat_edge, blur, total, out."},
    {body("  stage blur\n    in copy repeat_edge\n"),
     "x.sched:4:13: in needs stages that read blur; repeat_edge does not."},
    {body("  stage blur\n    clone_in copy total.update(0)\n"),
     "x.sched:4:19: clone_in is said of all reads in a Func: leave .update(0) out."},
    {body("  stage blur\n    join both total.update(0)\n"),
     "x.sched:4:15: join is said of all of a Func: leave .update(0) out."},
    {body("  stage blur\n    join both blur\n"), "x.sched:4:15: join has blur twice."},
    {body("  stage blur\n    join both repeat_edge\n"),
     "x.sched:4:15: join needs stages of as many dimensions; blur has 3, repeat_edge 2."},
    {body("  stage blur\n    join both out\n"),
     "x.sched:4:15: join needs a stage that the kernel keeps itself; out is an output, which lies in an array of the "
     "program."},
    {body("  stage blur\n    in copy out\n  stage copy\n    join both total\n"),
     "x.sched:6:5: join needs stages of the algorithm; copy is a copy, by in or clone_in: join the stage that it "
     "copies, "
     "and copy the new one."},
    {body("  stage out\n    join both blur\n"),
     "x.sched:4:5: join needs a stage that the kernel keeps itself; out is an output, which lies in an array of the "
     "program."},
    {body("  stage blur\n    in copy out\n    join both total\n"),
     "x.sched:5:5: join needs stages without copies for some of their readers; blur has one, by in or clone_in: write "
     "that of the new stage."},
    // What could change values.
    {body("  stage total.update(0)\n    parallel r.x\n"),
     "x.sched:4:14: parallel needs iterations that do not depend on one another; those of r.x in total.update(0) may: "
     "use rfactor, or write atomic before it."},
    {body("  stage total.update(0)\n    split r.x ro ri 2\n    vectorize ri\n"),
     "x.sched:5:15: vectorize needs iterations that do not depend on one another; those of ri in total.update(0) may: "
     "use rfactor, or write atomic before it."},
    {body("  stage total.update(0)\n    split x xo xi 4 shift_inwards\n"),
     "x.sched:4:5: Halide refuses `split x xo xi 4 shift_inwards` for stage total.update(0): When splitting Var x "
     "ShiftInwards is not a legal tail strategy for update definitions, as it may change the meaning of the "
     "algorithm"},
    {body("  stage total.update(0)\n    split r.x ro ri 4 round_up\n"),
     "x.sched:4:5: Halide refuses `split r.x ro ri 4 round_up` for stage total.update(0): When splitting Var r.x the "
     "tail strategy must be GuardWithIf, Predicate, or Auto. Anything else may change the meaning of the algorithm"},
};

class Mistakes : public testing::TestWithParam<Mistake> {};

TEST_P(Mistakes, AreReportedWithTheirPlace) {
    EXPECT_EQ(error_of([] { apply_text(GetParam().text); }), GetParam().error);
}

INSTANTIATE_TEST_SUITE_P(Table, Mistakes, testing::ValuesIn(mistakes));

TEST(Schedule, AScheduleMadeByAProgramIsCheckedLikeAFile) {
    const auto applied = [](const StageSchedule &stage) {
        Schedule schedule;
        schedule.kernels.push_back({"main", {stage}});
        return error_of([&] { apply(schedule, "main", instantiate(example_kernel())); });
    };
    EXPECT_EQ(applied({"out", -1, {{"split", {"x", "xo"}}}}),
              "schedule: split has 2 arguments: write split x xo xi factor [tail].");
    EXPECT_EQ(applied({"total", 0, {{"compute_root", {}}}}),
              "schedule: compute_root is said of the whole Func: write it under `stage total`.");
    EXPECT_EQ(applied({"total", -1, {{"compute_root", {}, {{"unroll", {"x"}}}}}}),
              "schedule: only specialize has directives under it; compute_root has.");
}

}  // namespace

}  // namespace sylvite
