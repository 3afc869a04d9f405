// Random schedules and random damage to schedules. Seeds are printed when a test fails.

#include "schedules/directives.h"
#include "tests/support/example.h"
#include "tests/support/seeds.h"

#include <gtest/gtest.h>

#include <random>

namespace sylvite {

namespace {

const Kernel &example_kernel() {
    static const Kernel kernel = kernels_of(example_program())[0];
    return kernel;
}

// A schedule of directives chosen at random, each kept when Halide accepts it after those before.
Schedule random_schedule(std::mt19937 &random) {
    const auto pick = [&](const std::vector<std::string> &words) { return words[random() % words.size()]; };
    const std::vector<std::string> loops = {"x", "y", "z", "xo", "xi", "yo", "yi", "r.x", "r.y", "r.z"};
    Schedule schedule;
    schedule.kernels.push_back({"main"});
    std::vector<StageSchedule> &stages = schedule.kernels[0].stages;
    for (const char *name : {"blur", "total", "out"}) {
        stages.push_back({name, -1});
    }
    stages.push_back({"total", 0});
    for (int tries = 0; tries < 24; tries++) {
        StageSchedule &stage = stages[random() % stages.size()];
        const std::vector<Directive> choices = {
            {"split", {pick({"x", "y"}), "xo", "xi", pick({"2", "4", "5"}), pick(words_for(ArgumentKind::Tail))}},
            {"split", {pick({"y", "z", "r.x"}), "yo", "yi", "3"}},
            {"reorder", {pick(loops), pick(loops)}},
            {"fuse", {pick(loops), pick(loops), "f"}},
            {"parallel", {pick(loops)}},
            {"vectorize", {pick(loops), pick({"2", "4", "8"})}},
            {"unroll", {pick(loops), "2"}},
            {"compute_root", {}},
            {"compute_at", {pick({"out", "total"}), pick(loops)}},
            {"store_root", {}},
            {"tile", {"x", "y", "xo", "yo", "xi", "yi", "4", "3"}},
            {"atomic", {}},
            {"align_storage", {"x", "8"}},
        };
        stage.directives.push_back(choices[random() % choices.size()]);
        try {
            const KernelPipeline pipeline = instantiate(example_kernel());
            apply(schedule, "main", pipeline);
            lower(example_kernel(), pipeline, plain_host());
        } catch (const Halide::CompileError &) {
            stage.directives.pop_back();
        }
    }
    return schedule;
}

TEST(RandomSchedules, KeepTheValues) {
    const auto expected = values_of(example_kernel(), [](const KernelPipeline &) {});
    int directives = 0, given_up = 0;
    for (unsigned seed = 1; seed <= 5; seed++) {
        std::mt19937 random(seed_of(seed));
        const Schedule schedule = random_schedule(random);
        SCOPED_TRACE("seed " + std::to_string(seed) + "\n" + print(schedule));
        for (const StageSchedule &stage : schedule.kernels[0].stages) {
            directives += static_cast<int>(stage.directives.size());
        }
        try {
            EXPECT_EQ(
                values_of(example_kernel(), [&](const KernelPipeline &pipeline) { apply(schedule, "main", pipeline); }),
                expected);
        } catch (const Halide::RuntimeError &error) {
            // A tail that needs a larger output than there is stops the run before anything is computed.
            EXPECT_NE(std::string(error.what()).find("Output buffer"), std::string::npos) << error.what();
        } catch (const Halide::InternalError &) {
            given_up++;  // Halide 21's code generator cannot compile some vectorised atomic updates
        }
    }
    EXPECT_GT(directives, 25);
    EXPECT_LE(given_up, 2);
}

const char *const seed_text = R"(sylvite-schedule 1
kernel main
  stage blur
    compute_root
    vectorize x 4
  stage total
    store_root
    compute_at out yo
    split y yo yi 4 guard_with_if
    unroll yi
    specialize n >= 4 && in.extent(0) % 7 == 0
      vectorize x 8
  stage total.update(0)
    rfactor partial r.y u
  stage partial
    compute_root
    reorder u x y
  stage out
    split y yo yi 2
    unroll yi
    vectorize x 16 guard_with_if
)";

std::string damaged(std::string text, std::mt19937 &random) {
    static const std::vector<std::string> scraps = {"\n",
                                                    " ",
                                                    "  ",
                                                    "#",
                                                    "(",
                                                    ")",
                                                    "0",
                                                    "16",
                                                    "-1",
                                                    "99999999999",
                                                    "x",
                                                    "r.x",
                                                    "yo",
                                                    ".update(0)",
                                                    "kernel a\n",
                                                    "stage out\n",
                                                    "specialize n > 0\n",
                                                    "\t",
                                                    std::string(1, '\0'),
                                                    "\xff",
                                                    "compute_at out x\n",
                                                    "parallel y\n"};
    for (size_t count = 1 + random() % 4; count > 0; count--) {
        const size_t at = random() % text.size(), length = 1 + random() % 12;
        switch (random() % 5) {
        case 0:
            text.erase(at, length);
            break;
        case 1:
            text.insert(at, scraps[random() % scraps.size()]);
            break;
        case 2:
            text[at] = static_cast<char>(random() % 256);
            break;
        case 3:
            text.insert(at, text.substr(random() % text.size(), length));
            break;
        case 4: {  // a line moves
            const size_t begin = text.rfind('\n', at) + 1, end = std::min(text.find('\n', at), text.size() - 1) + 1;
            const std::string line = text.substr(begin, end - begin);
            text.erase(begin, end - begin);
            text.insert(text.find('\n', random() % (text.size() + 1)) + 1, line);
            break;
        }
        }
        text += text.empty() ? "x" : "";
    }
    return text;
}

// What is accepted must apply and lower, or be refused by an error; nothing may crash. (Values of accepted schedules are
// the business of the tests above.)
TEST(Fuzz, DamagedTextIsRefusedOrUsable) {
    int refused = 0, unusable = 0, lowered = 0;
    for (unsigned seed = 1; seed <= 4000; seed++) {
        std::mt19937 random(seed_of(seed));
        const std::string text = damaged(seed_text, random);
        SCOPED_TRACE("seed " + std::to_string(seed));
        Schedule schedule;
        try {
            schedule = parse_schedule(text);
        } catch (const Halide::CompileError &) {
            refused++;
            continue;
        }
        ASSERT_EQ(parse_schedule(print(schedule)), schedule);
        if (seed > 600) {
            continue;  // applying and lowering are slower
        }
        try {
            const KernelPipeline pipeline = instantiate(example_kernel());
            apply(schedule, "main", pipeline);
            lower(example_kernel(), pipeline, plain_host());
            lowered++;
        } catch (const Halide::CompileError &) {
            unusable++;
        }
    }
    EXPECT_GT(refused, 1000);
    EXPECT_GT(unusable, 5);
    EXPECT_GT(lowered, 20);
}

TEST(Fuzz, GarbageIsRefused) {
    for (unsigned seed = 1; seed <= 500; seed++) {
        std::mt19937 random(seed_of(seed));
        std::string text = seed % 2 ? "sylvite-schedule 1\n" : "";
        for (size_t length = 1 + random() % 200; length > 0; length--) {
            text += static_cast<char>(random() % 256);
        }
        EXPECT_THROW(parse_schedule(text + "\nx"), Halide::CompileError) << "seed " << seed;
    }
    const std::string deep(100000, '(');
    EXPECT_THROW(parse_schedule("sylvite-schedule 1\nkernel a\nstage b\nspecialize " + deep), Halide::CompileError);
    std::string chain = "n > 0";  // as deep a tree as it is long
    for (int i = 0; i < 1000000; i++) {
        chain += "&&n>0";
    }
    EXPECT_THROW(parse_schedule("sylvite-schedule 1\nkernel a\nstage b\nspecialize " + chain), Halide::CompileError);
    std::string nested = "sylvite-schedule 1\nkernel a\nstage b\n";
    for (int i = 0; i < 10000; i++) {
        nested += std::string(std::min(i, 1000), ' ') + "specialize n > 0\n";
    }
    EXPECT_THROW(parse_schedule(nested), Halide::CompileError);
}

}  // namespace

}  // namespace sylvite
