// The mpm app as a user runs it.

#include "apps/support/files.h"
#include "apps/support/image.h"
#include "tests/apps/film_frames.h"
#include "tests/apps/run_app.h"

namespace sylvite::apps {
namespace {

using testing::AllOf;
using testing::HasSubstr;

TEST(MpmApp, ALittleLearningTakesTheRobotFurther) {
    const Folder folder;
    const std::filesystem::path out = folder.path() / "new" / "pictures";
    const Outcome outcome =
        run_app("mpm", {"--steps", "600", "--iterations", "4", "--frames", "2", "--film", "3", "--out", out.string()});
    ASSERT_EQ(outcome.exit_code, 0) << outcome.output;
    const Search search = search_of("mpm", outcome.output);
    EXPECT_EQ(search.iterations, 4);
    EXPECT_LT(search.last, search.first - 0.001);
    EXPECT_GT(outcome.peak_mb, 5);
    EXPECT_LT(outcome.peak_mb, 30) << "all states of 600 steps are 86 MB";
    EXPECT_EQ(read_grey(out / "story.png").width, 2 * 340 + 8);
    EXPECT_THAT(read_file(out / "walk.npy").substr(0, 128), HasSubstr("'shape': (2, 2, 2976, )"));
    EXPECT_EQ(film_frames(read_file(out / "walk.webp")).size(), 3u);
    EXPECT_THAT(read_file(out / "matter_1.vti"),
                AllOf(HasSubstr("0 127 0 127 0 0"), HasSubstr("fluid"), HasSubstr("solid")));
    EXPECT_THAT(read_file(out / "losses.npy").substr(0, 128), HasSubstr("'shape': (5, )"));
}

TEST(MpmApp, CtrlCLeavesWhatWasReached) {
    const Outcome outcome =
        expect_results_after_interrupt("mpm", {"--iterations", "100000", "--steps", "10", "--frames", "1"}, 0.7,
                                       {"losses.npy", "matter_0.vti", "story.png", "walk.npy", "walk.webp"});
    const Search search = search_of("mpm", outcome.output);
    EXPECT_LE(search.last, search.first);
}

TEST(MpmApp, RefusesBadInputInOneLineAndWritesNothing) {
    const Folder folder;
    write_files(folder.path(), {{"file", "hello"}});
    const std::string file = folder.path() / "file";
    expect_refusals("mpm",
                    {
                        {{"--out", file + "/out"}, "cannot make the folder " + file + "/out: Not a directory"},
                        {{"--scene", "cat"}, "--scene: cat not in {robot,fish,robot3d}"},
                        {{"--steps", "0"}, "--steps: Value 0 not in range 1 to 100000"},
                        {{"--friction", "-2"}, "--friction: Value -2 not in range -1.000000 to 1000.000000"},
                        {{"robot"}, "The following argument was not expected: robot"},
                    },
                    folder.path() / "out");
}

}  // namespace
}  // namespace sylvite::apps
