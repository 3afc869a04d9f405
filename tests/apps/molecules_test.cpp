// The molecules app as a user runs it.

#include "apps/support/files.h"
#include "apps/support/image.h"
#include "tests/apps/film_frames.h"
#include "tests/apps/run_app.h"

namespace sylvite::apps {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(MoleculesApp, KeepsTheEnergyOfASimulation) {
    const Folder folder;
    const std::filesystem::path out = folder.path() / "new" / "results";
    const Outcome outcome = run_app("molecules", {"--atoms", "125", "--cutoff", "2.3", "--steps", "200", "--frames",
                                                  "3", "--film", "4", "--out", out.string()});
    ASSERT_EQ(outcome.exit_code, 0) << outcome.output;
    const std::vector<double> numbers = last_line(
        "molecules", outcome.output, R"(energy of an atom (\S+) -> (\S+), temperature (\S+) after (\d+) steps)");
    ASSERT_EQ(numbers.size(), 4u);
    EXPECT_NEAR(numbers[0], numbers[1], 5e-3);
    EXPECT_GT(numbers[2], 0.1);
    EXPECT_EQ(numbers[3], 200);
    EXPECT_EQ(read_grey(out / "story.png").width, 3 * 300 + 2 * 8);
    EXPECT_THAT(read_file(out / "places.npy").substr(0, 128), HasSubstr("'shape': (3, 3, 125, )"));
    EXPECT_EQ(film_frames(read_file(out / "atoms.webp")).size(), 4u);
    EXPECT_THAT(read_file(out / "energies.npy").substr(0, 128), HasSubstr("'shape': (2, 8, )"));
}

TEST(MoleculesApp, FindsThePotentialAgain) {
    const Folder folder;
    const Outcome outcome = run_app("molecules", {"fit", "--atoms", "125", "--cutoff", "2.3", "--steps", "30",
                                                  "--quiet", "--out", folder.path().string()});
    ASSERT_EQ(outcome.exit_code, 0) << outcome.output;
    const std::vector<double> numbers = last_line(
        "molecules", outcome.output, R"(loss (\S+) -> (\S+) in (\d+) iterations, epsilon (\S+), sigma (\S+))");
    ASSERT_EQ(numbers.size(), 5u);
    EXPECT_LT(numbers[1], 1e-6 * numbers[0]);
    EXPECT_NEAR(numbers[3], 1, 1e-3);
    EXPECT_NEAR(numbers[4], 1, 1e-3);
    EXPECT_THAT(folder.names(), ElementsAre("loss.png", "losses.npy", "seen.npy", "seen.png"));
}

// The search tries potentials of which atoms fly apart.
TEST(MoleculesApp, FindsThePotentialOfLongSteps) {
    const Folder folder;
    const Outcome outcome = run_app("molecules", {"fit", "--atoms", "125", "--cutoff", "2.3", "--step", "0.02",
                                                  "--quiet", "--out", folder.path().string()});
    ASSERT_EQ(outcome.exit_code, 0) << outcome.output;
    EXPECT_THAT(outcome.output, HasSubstr("iterations, epsilon 1.00000, sigma 1.00000"));
}

TEST(MoleculesApp, FindsTheClusterOfLowestEnergy) {
    const Folder folder;
    const Outcome outcome =
        run_app("molecules", {"cluster", "--atoms", "38", "--starts", "1", "--quiet", "--out", folder.path().string()});
    ASSERT_EQ(outcome.exit_code, 0) << outcome.output;
    EXPECT_THAT(outcome.output, HasSubstr("molecules: energy -173.928427 of 38 atoms, "));
    EXPECT_THAT(folder.names(), ElementsAre("cluster.npy", "cluster.png"));
}

TEST(MoleculesApp, CtrlCLeavesWhatWasReached) {
    expect_results_after_interrupt(
        "molecules", {"--steps", "10000000"}, 1.0,
        {"atoms.webp", "energies.npy", "energy.png", "places.npy", "story.png", "temperature.png"});
}

// A start with so many takes longer than the test may.
TEST(MoleculesApp, CtrlCEndsASearchBeforeItsFirstStartIsDone) {
    expect_results_after_interrupt("molecules", {"cluster", "--atoms", "4000"}, 1.0, {"cluster.npy", "cluster.png"});
}

TEST(MoleculesApp, RefusesBadInputInOneLineAndWritesNothing) {
    const Folder folder;
    write_files(folder.path(), {{"file", "hello"}});
    const std::string file = folder.path() / "file", out = folder.path() / "out";
    expect_refusals(
        "molecules",
        {
            {{"--out", file + "/out"}, "cannot make the folder " + file + "/out: Not a directory"},
            {{"freeze"}, "what: freeze not in {simulate,fit,cluster}"},
            {{"--density", "nan"}, "--density: Value nan is no number"},
            {{"--steps", "0"}, "--steps: Value 0 not in range 1 to 10000000"},
            {{"cluster", "--atoms", "5001"}, "--atoms is at most 5000 in a cluster; it is 5001"},
            {{"cluster", "--steps", "9"}, "--steps is not for cluster, which does not heed it: leave it out"},
            {{"fit", "--friction", "0"}, "--friction is not for fit, which does not heed it: leave it out"},
            {{"--starts", "3"}, "--starts is not for simulate, which does not heed it: leave it out"},
            {{"--seed", "-1"}, "--seed: Value -1 not in range 0 to 2147483647"},
            {{"--atoms", "60"},
             "the cutoff, 2.5, is more than half the side of the cube, 4.21716: take more atoms, a lower "
             "density or a shorter cutoff"},
        },
        out);
    const Outcome outcome = run_app("molecules", {"--skin", "0.01", "--step", "0.1", "--out", out});
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_EQ(outcome.output,
              "molecules: an atom moved by more than half the skin, 0.01, in one step: take a larger skin "
              "or shorter steps\n");
    EXPECT_TRUE(std::filesystem::is_empty(out));
}

}  // namespace
}  // namespace sylvite::apps
