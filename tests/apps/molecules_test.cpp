// The molecules app as a user runs it.

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

// The numbers of the last line, which has the form "molecules: <what>, 0.1 s".
std::vector<double> numbers_of(const std::string &output, const std::string &what) {
    const std::regex form("(?:[^]*\\n)?molecules: " + what + R"(, \d+\.\d s(?:, interrupted)?\n)");
    std::smatch match;
    EXPECT_TRUE(std::regex_match(output, match, form)) << output;
    std::vector<double> numbers;
    for (size_t i = 1; i < match.size(); i++) {
        numbers.push_back(std::stod(match[i]));
    }
    return numbers;
}

TEST(MoleculesApp, KeepsTheEnergyOfASimulation) {
    const Folder folder;
    const std::filesystem::path out = folder.path() / "new" / "results";
    const Outcome outcome = run_app(
        "molecules", {"--atoms", "125", "--cutoff", "2.3", "--steps", "200", "--frames", "3", "--out", out.string()});
    ASSERT_EQ(outcome.exit_code, 0) << outcome.output;
    const std::vector<double> numbers =
        numbers_of(outcome.output, R"(energy of an atom (\S+) -> (\S+), temperature (\S+) after (\d+) steps)");
    ASSERT_EQ(numbers.size(), 4u);
    EXPECT_NEAR(numbers[0], numbers[1], 5e-3);
    EXPECT_GT(numbers[2], 0.1);
    EXPECT_EQ(numbers[3], 200);
    EXPECT_EQ(read_grey(out / "story.png").width, 3 * 300 + 2 * 8);
    EXPECT_THAT(read_file(out / "places.npy").substr(0, 128), HasSubstr("'shape': (3, 3, 125, )"));
    EXPECT_THAT(read_file(out / "energies.npy").substr(0, 128), HasSubstr("'shape': (2, 8, )"));
}

TEST(MoleculesApp, FindsThePotentialAgain) {
    const Folder folder;
    const Outcome outcome = run_app("molecules", {"fit", "--atoms", "125", "--cutoff", "2.3", "--steps", "30",
                                                  "--quiet", "--out", folder.path().string()});
    ASSERT_EQ(outcome.exit_code, 0) << outcome.output;
    const std::vector<double> numbers =
        numbers_of(outcome.output, R"(loss (\S+) -> (\S+) in (\d+) iterations, epsilon (\S+), sigma (\S+))");
    ASSERT_EQ(numbers.size(), 5u);
    EXPECT_LT(numbers[1], 1e-6 * numbers[0]);
    EXPECT_NEAR(numbers[3], 1, 1e-3);
    EXPECT_NEAR(numbers[4], 1, 1e-3);
    EXPECT_THAT(folder.names(), ElementsAre("loss.png", "losses.npy", "seen.npy", "seen.png"));
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
    const Folder folder;
    const Outcome outcome =
        run_app("molecules", {"--quiet", "--steps", "10000000", "--out", folder.path().string()}, 1.0);
    EXPECT_EQ(outcome.exit_code, 130) << outcome.output;
    EXPECT_THAT(outcome.output, testing::EndsWith(", interrupted\n"));
    EXPECT_THAT(folder.names(),
                ElementsAre("energies.npy", "energy.png", "places.npy", "story.png", "temperature.png"));
}

TEST(MoleculesApp, RefusesBadInputInOneLineAndWritesNothing) {
    const Folder folder;
    write_files(folder.path(), {{"file", "hello"}});
    const std::string file = (folder.path() / "file").string(), out = (folder.path() / "out").string();
    const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
        {{"--out", file + "/out"}, "cannot make the folder " + file + "/out: Not a directory"},
        {{"freeze"}, "what: freeze not in {simulate,fit,cluster}"},
        {{"--steps", "0"}, "--steps: Value 0 not in range 1 to 10000000"},
        {{"--atoms", "60", "--out", out},
         "the cutoff, 2.5, is more than half the side of the cube, 4.21716: take more atoms, a lower density or a "
         "shorter cutoff"},
        {{"--skin", "0.01", "--step", "0.1", "--out", out},
         "an atom moved by more than half the skin, 0.01, in one step: take a larger skin or shorter steps"},
    };
    for (const auto &[arguments, message] : cases) {
        const Outcome outcome = run_app("molecules", arguments);
        EXPECT_EQ(outcome.exit_code, 1) << message;
        EXPECT_EQ(outcome.output, "molecules: " + message + "\n");
    }
    std::filesystem::remove(out);
    EXPECT_THAT(folder.names(), ElementsAre("file"));
}

}  // namespace
}  // namespace sylvite::apps
