// The ode app as a user runs it.

#include "tests/apps/run_app.h"

namespace sylvite::apps {
namespace {

using testing::IsSupersetOf;

Outcome run_ode(const std::vector<std::string> &arguments) { return run_app("ode", arguments); }

/// The last loss, and the first two parameters.
std::vector<double> found_of(const std::string &output) {
    return last_line("ode", output,
                     R"(loss \S+ -> (\S+) in \d+ iterations, (?:mu|k1) (\S+), (?:k|k2) ([^ ,]+)(?:, k3 \S+)?)");
}

const std::vector<std::string> files = {"course.npy",        "found.npy",         "loss.png",           "seen.npy",
                                        "sensitivities.png", "sensitivity_k.npy", "sensitivity_mu.npy", "story.png",
                                        "times.npy",         "until.npy"};

TEST(Ode, FindsTheParametersAgain) {
    const Folder folder;
    const std::string out = folder.path() / "van" / "der", tolerance = "1e-4";
    const Outcome oscillators = run_ode({"--truth", "2", "1", "--guess", "1.6", "1.2", "--until", "3", "--noise", "0",
                                         "--iterations", "20", "--tolerance", tolerance, "--trace", "--out", out});
    ASSERT_EQ(oscillators.exit_code, 0) << oscillators.output;
    std::vector<double> found = found_of(oscillators.output);
    EXPECT_LT(found[0], 1e-8);
    EXPECT_NEAR(found[1], 2, 1e-3);
    EXPECT_NEAR(found[2], 1, 1e-3);
    const std::vector<std::string> names = names_in(out);
    EXPECT_THAT(names, IsSupersetOf(files));
    EXPECT_THAT(names, IsSupersetOf({"x.npy", "v.npy", "t.npy", "h.npy"}));
    const std::string seen = read_file(std::filesystem::path(out) / "seen.npy");
    EXPECT_THAT(seen.substr(0, 100), testing::HasSubstr("'shape': (1024, 2, )"));

    const Outcome reaction = run_ode({"robertson", "--until", "100", "--iterations", "12", "--tolerance", tolerance,
                                      "--quiet", "--out", folder.path()});
    ASSERT_EQ(reaction.exit_code, 0) << reaction.output;
    found = found_of(reaction.output);
    EXPECT_NEAR(found[1], 0.04, 4e-3);
    EXPECT_NEAR(found[2], 3e7, 3e6);
}

TEST(Ode, MayBeginWithTheTruth) {
    const Folder folder;
    const Outcome outcome = run_ode({"--truth", "1", "1", "--guess", "1", "1", "--noise", "0", "--until", "1",
                                     "--iterations", "2", "--quiet", "--out", folder.path()});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.output;
    EXPECT_THAT(found_of(outcome.output), testing::ElementsAre(0, 1, 1));
}

TEST(Ode, CtrlCLeavesWhatWasReached) { expect_results_after_interrupt("ode", {"--iterations", "100000"}, 1.0, files); }

TEST(Ode, WritesNothingOfATraceBesideResultsThatCannotBeWritten) {
    const Folder folder;
    std::filesystem::create_directory(folder.path() / "story.png");
    const Outcome outcome = run_ode({"--until", "1", "--iterations", "1", "--trace", "--out", folder.path()});
    EXPECT_EQ(outcome.exit_code, 1) << outcome.output;
    EXPECT_THAT(names_in(folder.path()), testing::ElementsAre("story.png"));
}

TEST(Ode, RefusesBadInputInOneLineAndWritesNothing) {
    const Folder folder;
    const std::string out = folder.path() / "out", file = folder.path() / "file";
    write_files(folder.path(), {{"file", "hello"}});
    expect_refusals("ode",
                    {
                        {{"lorenz"}, "problem: lorenz not in {van_der_pol,robertson}"},
                        {{"--out", file + "/out"}, "cannot make the folder " + file + "/out: Not a directory"},
                        {{"--truth", "1"}, "--truth needs 2 numbers for van_der_pol; it has 1"},
                        {{"robertson", "--guess", "1", "2"}, "--guess needs 3 numbers for robertson; it has 2"},
                        {{"--guess", "1", "-2"}, "--guess needs numbers above 0; one is -2.000000"},
                        {{"--until", "nan"}, "--until: Value nan is no number"},
                        {{"--tolerance", "1"}, "--tolerance: Value 1 not in range 0.000000 to 0.100000"},
                        {{"--colour"}, "The following argument was not expected: --colour"},
                    },
                    out);
    const Outcome outcome = run_ode({"--tries", "10", "--out", out});
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_THAT(outcome.output, testing::StartsWith("ode: experiment "));
    EXPECT_THAT(outcome.output,
                testing::EndsWith("after 10 steps, which are too many: raise --tries or --tolerance\n"));
    EXPECT_TRUE(std::filesystem::is_empty(out));
}

}  // namespace
}  // namespace sylvite::apps
