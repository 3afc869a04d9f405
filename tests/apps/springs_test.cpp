// The springs app as a user runs it.

#include "apps/support/files.h"
#include "apps/support/image.h"
#include "tests/apps/film_frames.h"
#include "tests/apps/run_app.h"

namespace sylvite::apps {
namespace {

using testing::HasSubstr;

TEST(SpringsApp, ALittleLearningTakesTheHeadFurther) {
    const Folder folder;
    const std::filesystem::path out = folder.path() / "new" / "pictures";
    const Outcome outcome = run_app("springs", {"--robot", "b", "--steps", "300", "--iterations", "10", "--frames", "3",
                                                "--film", "4", "--out", out.string()});
    ASSERT_EQ(outcome.exit_code, 0) << outcome.output;
    const Search search = search_of("springs", outcome.output);
    EXPECT_EQ(search.iterations, 10);
    EXPECT_LT(search.last, search.first - 0.01);
    EXPECT_EQ(read_grey(out / "story.png").width, 3 * 340 + 2 * 8);
    EXPECT_THAT(read_file(out / "walk.npy").substr(0, 128), HasSubstr("'shape': (3, 2, 14, )"));
    EXPECT_EQ(film_frames(read_file(out / "walk.webp")).size(), 4u);
    EXPECT_THAT(read_file(out / "losses.npy").substr(0, 128), HasSubstr("'shape': (11, )"));
}

TEST(SpringsApp, ANetKeepsItsShapeBySpringsThatAreFound) {
    const Folder folder;
    const std::filesystem::path out = folder.path() / "net";
    const Outcome outcome = run_app("springs", {"--robot", "net", "--steps", "600", "--iterations", "10", "--frames",
                                                "2", "--film", "3", "--out", out});
    ASSERT_EQ(outcome.exit_code, 0) << outcome.output;
    const Search search = search_of("springs", outcome.output);
    EXPECT_EQ(search.iterations, 10);
    EXPECT_LT(search.last, 1e-2 * search.first);
    EXPECT_EQ(read_grey(out / "story.png").width, 2 * 300 + 8);
    EXPECT_EQ(read_grey(out / "before.png").width, 300);
    EXPECT_THAT(read_file(out / "walk.npy").substr(0, 128), HasSubstr("'shape': (2, 2, 289, )"));
    EXPECT_THAT(read_file(out / "springs.npy").substr(0, 128), HasSubstr("'shape': (2, 1056, )"));
    EXPECT_EQ(film_frames(read_file(out / "walk.webp")).size(), 2u);
    EXPECT_THAT(read_file(out / "losses.npy").substr(0, 128), HasSubstr("'shape': (11, )"));
}

TEST(SpringsApp, CtrlCLeavesWhatWasReached) {
    const Outcome outcome = expect_results_after_interrupt("springs", {"--iterations", "100000", "--steps", "50"}, 1.0,
                                                           {"losses.npy", "story.png", "walk.npy", "walk.webp"});
    const Search search = search_of("springs", outcome.output);
    EXPECT_LE(search.last, search.first);
}

TEST(SpringsApp, RefusesBadInputInOneLineAndWritesNothing) {
    const Folder folder;
    write_files(folder.path(), {{"file", "hello"}});
    const std::string file = folder.path() / "file";
    expect_refusals(
        "springs",
        {
            {{"--out", file + "/out"}, "cannot make the folder " + file + "/out: Not a directory"},
            {{"--robot", "e"}, "--robot: e not in {a,b,c,d,net}"},
            {{"--robot", "net", "--seed", "1"}, "--seed is not for net, which does not heed it: leave it out"},
            {{"--robot", "net", "--rate", "1"}, "--rate is not for net, which does not heed it: leave it out"},
            {{"--steps", "0"}, "--steps: Value 0 not in range 1 to 100000"},
            {{"--rate", "0"}, "--rate: Value 0 not in range 0.000001 to 1000.000000"},
            {{"robot"}, "The following argument was not expected: robot"},
        },
        folder.path() / "out");
}

}  // namespace
}  // namespace sylvite::apps
