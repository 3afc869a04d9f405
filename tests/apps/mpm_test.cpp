// The mpm app as a user runs it.

#include "apps/support/files.h"
#include "apps/support/image.h"
#include "tests/apps/folder.h"
#include "tests/apps/run_app.h"

#include <gmock/gmock.h>

#include <regex>

namespace sylvite::apps {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct Numbers {
    double first, last;
    int iterations;
};

Numbers last_line(const std::string &output) {
    static const std::regex form(
        R"((?:[^]*\n)?mpm: loss (\S+) -> (\S+) in (\d+) iterations, \d+\.\d s(?:, interrupted)?\n)");
    std::smatch match;
    EXPECT_TRUE(std::regex_match(output, match, form)) << output;
    return match.empty() ? Numbers{} : Numbers{std::stod(match[1]), std::stod(match[2]), std::stoi(match[3])};
}

TEST(MpmApp, ALittleLearningTakesTheRobotFurther) {
    const Folder folder;
    const std::filesystem::path out = folder.path() / "new" / "pictures";
    const Outcome outcome =
        run_app("mpm", {"--steps", "600", "--iterations", "4", "--frames", "2", "--out", out.string()});
    ASSERT_EQ(outcome.exit_code, 0) << outcome.output;
    const Numbers numbers = last_line(outcome.output);
    EXPECT_EQ(numbers.iterations, 4);
    EXPECT_LT(numbers.last, numbers.first - 0.001);
    EXPECT_LT(outcome.peak_mb, 60) << "states are not all kept";
    EXPECT_EQ(read_grey(out / "story.png").width, 2 * 340 + 8);
    EXPECT_THAT(read_file(out / "walk.npy").substr(0, 128), HasSubstr("'shape': (2, 2, 2976, )"));
    EXPECT_THAT(read_file(out / "losses.npy").substr(0, 128), HasSubstr("'shape': (5, )"));
}

TEST(MpmApp, CtrlCLeavesWhatWasReached) {
    const Folder folder;
    const Outcome outcome =
        run_app("mpm", {"--quiet", "--iterations", "100000", "--steps", "10", "--out", folder.path().string()}, 0.7);
    EXPECT_EQ(outcome.exit_code, 130) << outcome.output;
    EXPECT_THAT(outcome.output, testing::EndsWith(", interrupted\n"));
    EXPECT_LE(last_line(outcome.output).last, last_line(outcome.output).first);
    EXPECT_THAT(folder.names(), ElementsAre("losses.npy", "story.png", "walk.npy"));
}

TEST(MpmApp, RefusesBadInputInOneLineAndWritesNothing) {
    const Folder folder;
    write_files(folder.path(), {{"file", "hello"}});
    const std::string file = (folder.path() / "file").string();
    const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
        {{"--out", file + "/out"}, "cannot make the folder " + file + "/out: Not a directory"},
        {{"--scene", "cat"}, "--scene: cat not in {robot,fish,robot3d}"},
        {{"--steps", "0"}, "--steps: Value 0 not in range 1 to 100000"},
        {{"--friction", "-2"}, "--friction: Value -2 not in range -1.000000 to 1000.000000"},
        {{"robot"}, "The following argument was not expected: robot"},
    };
    for (const auto &[arguments, message] : cases) {
        const Outcome outcome = run_app("mpm", arguments);
        EXPECT_EQ(outcome.exit_code, 1) << message;
        EXPECT_EQ(outcome.output, "mpm: " + message + "\n");
    }
    EXPECT_THAT(folder.names(), ElementsAre("file"));
}

}  // namespace
}  // namespace sylvite::apps
