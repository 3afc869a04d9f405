// What the mains of all apps have in common.

#include "apps/support/command_line.h"

#include "apps/support/choice.h"
#include "apps/support/files.h"
#include "apps/support/text.h"
#include "tests/support/folder.h"

#include <gmock/gmock.h>

#include <csignal>
#include <cstdlib>
#include <sys/resource.h>

namespace sylvite::apps {
namespace {

using test::Folder;
using test::names_in;
using testing::internal::CaptureStderr;
using testing::internal::CaptureStdout;
using testing::internal::GetCapturedStderr;
using testing::internal::GetCapturedStdout;

/// How a command line ended.
struct Ending {
    int exit_code;
    std::string output, errors;
};

int run(CommandLine &command, std::vector<std::string> arguments, const std::function<Result()> &work) {
    arguments.insert(arguments.begin(), "path/to/app");
    std::vector<char *> argv;
    for (std::string &argument : arguments) {
        argv.push_back(argument.data());
    }
    const int exit_code = command.run(static_cast<int>(argv.size()), argv.data(), work);
    std::signal(SIGINT, SIG_DFL);
    return exit_code;
}

Ending ending(CommandLine &command, const std::vector<std::string> &arguments, const std::function<Result()> &work) {
    CaptureStdout();
    CaptureStderr();
    const int exit_code = run(command, arguments, work);
    return {exit_code, GetCapturedStdout(), GetCapturedStderr()};
}

const Result found = {"loss 2 -> 1", 0.25, {{"a.npy", "numbers"}, {"b.png", "colours"}}};

TEST(CommandLine, WritesTheFilesAndTellsTheResult) {
    const Folder folder;
    const std::string out = folder.path() / "new" / "results";
    for (const bool quiet : {false, true}) {
        CommandLine command("app", "Does something.", "results");
        const Ending end = ending(
            command, quiet ? std::vector<std::string>{"--quiet", "--out", out} : std::vector<std::string>{"--out", out},
            [&] {
                EXPECT_EQ(command.quiet(), quiet);
                command.begin();
                EXPECT_TRUE(std::filesystem::is_directory(out));
                return found;
            });
        EXPECT_EQ(end.exit_code, 0);
        EXPECT_EQ(end.output, (quiet ? "" : out + " holds a.npy b.png\n") + "app: loss 2 -> 1, 0.2 s\n");
        EXPECT_EQ(end.errors, "");
        EXPECT_EQ(names_in(out), (std::vector<std::string>{"a.npy", "b.png"}));
        EXPECT_EQ(read_file(std::filesystem::path(out) / "b.png"), "colours");
    }
}

TEST(CommandLine, ErrorsAreOneLine) {
    int number = 3;
    const auto end_of = [&](const std::vector<std::string> &arguments, const std::function<Result()> &work) {
        CommandLine command("app", "Does something.", "results");
        command.options().add_option("--number", number, "of things")->check(CLI::Range(1, 9));
        return ending(command, arguments, work);
    };
    const auto never = []() -> Result { throw std::logic_error("ran"); };
    const Ending bad_option = end_of({"--number", "0"}, never);
    EXPECT_EQ(bad_option.exit_code, 1);
    EXPECT_EQ(bad_option.errors, "app: --number: Value 0 not in range 1 to 9\n");
    EXPECT_EQ(bad_option.output, "");

    double length = 1;
    CommandLine with_length("app", "Does something.", "results");
    with_length.options().add_option("--length", length, "in m")->check(CLI::Range(0.0, 2.0));
    EXPECT_EQ(ending(with_length, {"--length", "nan"}, never).errors, "app: --length: Value nan is no number\n");

    unsigned seed = 1;
    for (const char *option : {"--seed", "--out"}) {
        CommandLine with_seed("app", "Does something.", "results");
        with_seed.options().add_option("--seed", seed, "of it");
        EXPECT_EQ(ending(with_seed, {option, ""}, never).errors,
                  "app: " + std::string(option) + ": an empty text is no value\n");
    }

    std::string problem;
    CommandLine with_choice("app", "Does something.", "results");
    with_choice.options().add_option("problem", problem, "which")->check(CLI::IsMember({"hard"}));
    EXPECT_EQ(ending(with_choice, {"--stpes", "3"}, never).errors,
              "app: The following argument was not expected: --stpes\n");

    const Ending no_memory = end_of({}, []() -> Result { throw std::bad_alloc(); });
    EXPECT_EQ(no_memory.exit_code, 1);
    EXPECT_EQ(no_memory.errors, "app: there is not enough memory for a problem of this size\n");

    const Ending failure = end_of({}, []() -> Result { throw std::runtime_error("it is too late"); });
    EXPECT_EQ(failure.exit_code, 1);
    EXPECT_EQ(failure.errors, "app: it is too late\n");

    const Ending help = end_of({"--help"}, never);
    EXPECT_EQ(help.exit_code, 0);
    EXPECT_EQ(help.errors, "");
    for (const char *part : {"Does something.", "--number", "--out", "TEXT=results", "--quiet"}) {
        EXPECT_THAT(help.output, testing::HasSubstr(part));
    }
}

TEST(CommandLine, NeedsAFolderForTemporaryFilesBeforeItWorks) {
    const Folder folder;
    CommandLine command("app", "Does something.", folder.path());
    setenv("TMPDIR", (folder.path() / "none").c_str(), 1);
    const Ending end = ending(command, {}, [&] {
        command.begin();
        return found;
    });
    unsetenv("TMPDIR");
    EXPECT_EQ(end.exit_code, 1);
    EXPECT_EQ(end.errors, "app: there is no folder for temporary files: set TMPDIR to one that may be written into\n");
    EXPECT_THAT(folder.names(), testing::IsEmpty());
}

TEST(CommandLine, AFullDiskIsAnErrorAndNothingIsLeft) {
    const Folder folder;
    const auto on_a_full_disk = [&] {
        const rlimit small{1000, RLIM_INFINITY};
        setrlimit(RLIMIT_FSIZE, &small);
        CommandLine command("app", "Does something.", folder.path());
        std::exit(run(command, {}, [] { return Result{"", 0, {{"a", "short"}, {"b", std::string(2000, 'x')}}}; }));
    };
    EXPECT_EXIT(on_a_full_disk(), testing::ExitedWithCode(1), "app: cannot write .*/b: File too large\n$");
    EXPECT_THAT(folder.names(), testing::IsEmpty());
}

TEST(CommandLine, TheFirstCtrlCIsARequestAndTheSecondEndsTheProgram) {
    const Folder folder;
    const auto exit_code_after = [&](int interrupts) {
        CommandLine command("app", "Does something.", folder.path());
        return run(command, {}, [&] {
            command.begin();
            for (int i = 0; i < interrupts; i++) {
                if (interrupted() != (i > 0)) {
                    throw std::logic_error("interrupted() is wrong");
                }
                std::raise(SIGINT);
            }
            return found;
        });
    };
    EXPECT_EXIT(std::exit(exit_code_after(2)), testing::KilledBySignal(SIGINT), "");
    EXPECT_THAT(folder.names(), testing::IsEmpty());
    EXPECT_EXIT(std::exit(exit_code_after(1)), testing::ExitedWithCode(130), "");
    EXPECT_THAT(folder.names(), testing::ElementsAre("a.npy", "b.png"));
    EXPECT_FALSE(interrupted()) << "these are processes of their own";
}

TEST(Choice, MakesWhatWasChosen) {
    const std::vector<Choice<int>> table = {{"two", [] { return 2; }}, {"one", [] { return 1; }}};
    EXPECT_THAT(names_of(table), testing::ElementsAre("two", "one"));
    EXPECT_EQ(chosen(table, "number", "one"), 1);
    EXPECT_THAT([&] { chosen(table, "number", "three"); },
                testing::ThrowsMessage<std::runtime_error>("there is no number three"));
}

TEST(Text, IsThatOfPrintf) {
    EXPECT_EQ(text_of("%d of %s", 3, "many"), "3 of many");
    EXPECT_EQ(loss_text({4, 3, 0.1}), "loss 0.1 (2.50 % of the first)");
    EXPECT_EQ(loss_text({0, 0}), "loss 0 (0.00 % of the first)");
    EXPECT_THAT(percent_of_first({2, 1}), testing::ElementsAre(100, 50));
}

}  // namespace
}  // namespace sylvite::apps
