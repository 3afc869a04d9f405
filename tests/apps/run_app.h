#pragma once

#include "apps/support/files.h"
#include "tests/support/folder.h"

#include <gmock/gmock.h>

#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <regex>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace sylvite::apps {

using test::Folder;
using test::names_in;

/// How a program ended.
struct Outcome {
    int exit_code;
    std::string output;  ///< standard output and errors
    double peak_mb;
};

/// The most memory that a running process has held, in MB; 0 once it has ended. Not what wait4() says, in which the kernel counts
/// what this process held when it forked.
inline double peak_mb_of(pid_t process) {
    std::ifstream status("/proc/" + std::to_string(process) + "/status");
    for (std::string word; status >> word;) {
        if (double kilobytes; word == "VmHWM:" && status >> kilobytes) {
            return kilobytes / 1024;
        }
    }
    return 0;
}

/// Runs an app of the build; sends SIGINT after `interrupt_after` seconds, if that is not 0.
inline Outcome run_app(const std::string &name, std::vector<std::string> arguments, double interrupt_after = 0) {
    const Folder folder;
    const std::string out = folder.path() / "output";
    const pid_t child = fork();
    if (child == 0) {
        const int file = open(out.c_str(), O_WRONLY | O_CREAT, 0600);
        dup2(file, STDOUT_FILENO);
        dup2(file, STDERR_FILENO);
        std::string program = SYLVITE_BINARY_DIR "/bin/" + name;
        std::vector<char *> argv = {program.data()};
        for (std::string &argument : arguments) {
            argv.push_back(argument.data());
        }
        argv.push_back(nullptr);
        execv(argv[0], argv.data());
        _exit(127);
    }
    if (interrupt_after > 0) {
        usleep(static_cast<useconds_t>(interrupt_after * 1e6));
        kill(child, SIGINT);
    }
    int status = 0;
    double peak_mb = 0;
    while (waitpid(child, &status, WNOHANG) == 0) {
        if (const double now = peak_mb_of(child); now > 0) {
            peak_mb = now;
        }
        usleep(2000);
    }
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read_file(out), peak_mb};
}

/// The numbers in the last line of an app, which has the form "NAME: WHAT, 0.1 s"; `what` is a regular expression that
/// captures them.
inline std::vector<double> last_line(const std::string &name, const std::string &output, const std::string &what) {
    const std::regex form("(?:[^]*\\n)?" + name + ": " + what + R"(, \d+\.\d s(?:, interrupted)?\n)");
    std::smatch match;
    EXPECT_TRUE(std::regex_match(output, match, form)) << output;
    std::vector<double> numbers(form.mark_count());
    for (size_t i = 1; i < match.size(); i++) {
        numbers[i - 1] = std::stod(match[i]);
    }
    return numbers;
}

/// What a search came to.
struct Search {
    double first, last;  ///< losses
    int iterations;
};

inline Search search_of(const std::string &name, const std::string &output) {
    const std::vector<double> numbers = last_line(name, output, R"(loss (\S+) -> (\S+) in (\d+) iterations)");
    return {numbers[0], numbers[1], static_cast<int>(numbers[2])};
}

/// Runs an app until Ctrl-C after `seconds`; it has to leave `files`.
inline Outcome expect_results_after_interrupt(const std::string &name, std::vector<std::string> arguments,
                                              double seconds, const std::vector<std::string> &files) {
    const Folder folder;
    arguments.insert(arguments.end(), {"--quiet", "--out", folder.path()});
    Outcome outcome = run_app(name, arguments, seconds);
    EXPECT_EQ(outcome.exit_code, 130) << outcome.output;
    EXPECT_THAT(outcome.output, testing::EndsWith(", interrupted\n"));
    EXPECT_THAT(folder.names(), testing::UnorderedElementsAreArray(files));
    return outcome;
}

/// Arguments and the one line, but for the name of the app, that they are refused with.
using Refusals = std::vector<std::pair<std::vector<std::string>, std::string>>;

/// Runs an app with each; nothing may be written. Results go to `out` where the arguments do not say.
inline void expect_refusals(const std::string &name, const Refusals &refusals, const std::filesystem::path &out) {
    for (auto [arguments, message] : refusals) {
        if (std::find(arguments.begin(), arguments.end(), "--out") == arguments.end()) {
            arguments.insert(arguments.end(), {"--out", out});
        }
        const Outcome outcome = run_app(name, arguments);
        EXPECT_EQ(outcome.exit_code, 1) << message;
        EXPECT_EQ(outcome.output, std::string(name).append(": ").append(message).append("\n"));
        EXPECT_FALSE(std::filesystem::exists(out)) << message;
    }
}

}  // namespace sylvite::apps
