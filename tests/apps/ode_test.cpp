// The ode app as a user runs it.

#include "tests/apps/run_app.h"

#include <gmock/gmock.h>

#include <regex>

namespace sylvite::apps {
namespace {

using testing::IsSupersetOf;

Outcome run_ode(std::vector<std::string> arguments, double interrupt_after = 0) {
    return run_app("ode", std::move(arguments), interrupt_after);
}

/// Of the last line: the last loss, and the first two parameters.
std::vector<double> last_line(const std::string &output) {
    static const std::regex form(
        R"((?:[^]*\n)?ode: loss \S+ -> (\S+) in \d+ iterations, (?:mu|k1) (\S+), (?:k|k2) ([^ ,]+).*, \d+\.\d s(?:, interrupted)?\n)");
    std::smatch match;
    EXPECT_TRUE(std::regex_match(output, match, form)) << output;
    return match.empty() ? std::vector<double>(3)
                         : std::vector{std::stod(match[1]), std::stod(match[2]), std::stod(match[3])};
}

const std::vector<std::string> files = {"course.npy",        "found.npy", "loss.png",  "seen.npy",
                                        "sensitivities.png", "story.png", "times.npy", "until.npy"};

TEST(Ode, FindsTheParametersAgain) {
    const Folder folder;
    const std::string out = folder.path() / "van" / "der", tolerance = "1e-4";
    const Outcome oscillators = run_ode({"--truth", "2", "1", "--guess", "1.6", "1.2", "--until", "3", "--noise", "0",
                                         "--iterations", "20", "--tolerance", tolerance, "--trace", "--out", out});
    ASSERT_EQ(oscillators.exit_code, 0) << oscillators.output;
    std::vector<double> found = last_line(oscillators.output);
    EXPECT_LT(found[0], 1e-8);
    EXPECT_NEAR(found[1], 2, 1e-3);
    EXPECT_NEAR(found[2], 1, 1e-3);
    std::vector<std::string> names;
    for (const auto &file : std::filesystem::directory_iterator(out)) {
        names.push_back(file.path().filename());
    }
    EXPECT_THAT(names, IsSupersetOf(files));
    EXPECT_THAT(names, IsSupersetOf({"sensitivity_mu.npy", "sensitivity_k.npy", "x.npy", "v.npy", "t.npy", "h.npy"}));
    const std::string seen = read_file(std::filesystem::path(out) / "seen.npy");
    EXPECT_THAT(seen.substr(0, 100), testing::HasSubstr("'shape': (1024, 2, )"));

    const Outcome reaction = run_ode({"robertson", "--until", "100", "--iterations", "12", "--tolerance", tolerance,
                                      "--quiet", "--out", folder.path()});
    ASSERT_EQ(reaction.exit_code, 0) << reaction.output;
    found = last_line(reaction.output);
    EXPECT_NEAR(found[1], 0.04, 4e-3);
    EXPECT_NEAR(found[2], 3e7, 3e6);
}

TEST(Ode, CtrlCLeavesWhatWasReached) {
    const Folder folder;
    const Outcome outcome = run_ode({"--quiet", "--iterations", "100000", "--out", folder.path()}, 1.0);
    EXPECT_EQ(outcome.exit_code, 130) << outcome.output;
    EXPECT_THAT(outcome.output, testing::EndsWith(", interrupted\n"));
    EXPECT_THAT(folder.names(), IsSupersetOf(files));
}

TEST(Ode, RefusesBadInputInOneLineAndWritesNothing) {
    const Folder folder;
    const std::string out = folder.path() / "out", file = folder.path() / "file";
    write_files(folder.path(), {{"file", "hello"}});
    const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
        {{"lorenz"}, "problem: lorenz not in {van_der_pol,robertson}"},
        {{"--out", file + "/out"}, "cannot make the folder " + file + "/out: Not a directory"},
        {{"--truth", "1"}, "--truth needs 2 numbers for van_der_pol; it has 1"},
        {{"robertson", "--guess", "1", "2"}, "--guess needs 3 numbers for robertson; it has 2"},
        {{"--guess", "1", "-2"}, "--guess needs numbers above 0; one is -2.000000"},
        {{"--tolerance", "1"}, "--tolerance: Value 1 not in range 0.000000 to 0.100000"},
        {{"--colour"}, "The following argument was not expected: --colour"},
    };
    for (auto [arguments, message] : cases) {
        if (arguments[0] != "--out") {
            arguments.insert(arguments.end(), {"--out", out, "--quiet"});
        }
        const Outcome outcome = run_ode(arguments);
        EXPECT_EQ(outcome.exit_code, 1) << message;
        EXPECT_EQ(outcome.output, "ode: " + message + "\n");
        EXPECT_FALSE(std::filesystem::exists(out)) << message;
    }
    const Outcome outcome = run_ode({"--tries", "10", "--out", out});
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_THAT(outcome.output, testing::StartsWith("ode: experiment "));
    EXPECT_THAT(outcome.output,
                testing::EndsWith("after 10 steps, which are too many: raise --tries or --tolerance\n"));
    EXPECT_TRUE(std::filesystem::is_empty(out));
}

}  // namespace
}  // namespace sylvite::apps
