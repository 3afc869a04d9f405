// The `sylvite` program, run as people run it.

#include "schedules/schedule.h"
#include "targets/target_table.h"
#include "tests/support/folder.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <sys/wait.h>

namespace sylvite {

namespace {

namespace fs = std::filesystem;

struct Ran {
    int exit_code;
    std::string output;  ///< standard output and errors
};

Ran run(const std::string &arguments, const std::string &before = "") {
    FILE *pipe = popen((before + SYLVITE_BINARY_DIR "/bin/sylvite " + arguments + " 2>&1").c_str(), "r");
    std::string output;
    for (int c; (c = fgetc(pipe)) != EOF;) {
        output += static_cast<char>(c);
    }
    const int status = pclose(pipe);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, output};
}

void expect(const std::string &arguments, int exit_code, const std::string &output) {
    const Ran ran = run(arguments);
    EXPECT_EQ(ran.exit_code, exit_code) << arguments;
    EXPECT_EQ(ran.output, output) << arguments;
}

const std::string generator = SYLVITE_BINARY_DIR "/bin/example_generator";

class Cli : public testing::Test {
protected:
    const test::Folder own;
    const fs::path folder = own.path() / "whose name needs care in a shell";
    const std::string out = (folder / "found it.sched").string(), quoted = "'" + out + "'";

    void SetUp() override { fs::create_directories(folder); }

    size_t files() const {
        return static_cast<size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
    }
};

TEST_F(Cli, ListsAllTargets) {
    const Ran table = run("targets");
    EXPECT_EQ(table.exit_code, 0);
    const Ran json = run("targets --json");
    EXPECT_EQ(json.exit_code, 0);
    const auto rows = nlohmann::json::parse(json.output);
    ASSERT_EQ(rows.size(), all_targets().size());
    for (size_t i = 0; i < rows.size(); i++) {
        EXPECT_EQ(rows[i]["name"], all_targets()[i].name);
        EXPECT_EQ(rows[i]["lanes"], all_targets()[i].machine.lanes);
        EXPECT_NE(table.output.find("\n" + all_targets()[i].name + " "), std::string::npos) << table.output;
    }
}

TEST_F(Cli, ShowsSchedules) {
    std::ofstream(out) << "sylvite-schedule 1\nkernel main\nstage out\nvectorize   x 8   # wide\n";
    expect("schedule show " + quoted, 0, "sylvite-schedule 1\nkernel main\n  stage out\n    vectorize x 8  # wide\n");
    std::ofstream(out) << "sylvite-schedule 1\nkernel main\nstage out\nvectorise x 8\n";
    expect("schedule show " + quoted, 1,
           "sylvite: " + out + ":4:1: unknown directive vectorise: did you mean vectorize?\n");
    expect(
        "schedule show /no/such.sched", 1,
        "sylvite: load_schedule() needs a file that can be read; /no/such.sched cannot: No such file or directory.\n");
    EXPECT_NE(run("schedule directives").output.find("\nsplit x xo xi factor [tail]\n"), std::string::npos);
}

TEST_F(Cli, FindsASchedule) {
    expect("autoschedule " + generator + " -g blur --target x86-64 --out " + quoted + " n=100000", 0, "");
    const Schedule schedule = load_schedule(out);
    EXPECT_NE(print(schedule).find("# target x86-64, "), std::string::npos) << print(schedule);
    EXPECT_NE(print(schedule).find("vectorize"), std::string::npos) << print(schedule);
    EXPECT_EQ(files(), 1u) << "something was left behind";

    expect("autoschedule " + generator + " -g blur --autoscheduler Mullapudi2016 --out " + quoted, 0, "");
    EXPECT_NE(print(load_schedule(out)).find("Mullapudi2016"), std::string::npos);
}

TEST_F(Cli, ErrorsAreOneLineAndChangeNothing) {
    std::ofstream(out) << "old";
    const std::string autoschedule = "autoschedule " + generator + " --out " + quoted;
    const Ran unknown = run(autoschedule + " -g blur --target x86-65");
    EXPECT_EQ(unknown.exit_code, 1);
    EXPECT_TRUE(unknown.output.starts_with("sylvite: There is no target x86-65; the targets are host, "))
        << unknown.output;
    EXPECT_TRUE(unknown.output.ends_with(": did you mean x86-64?\n")) << unknown.output;
    const Ran refused = run(autoschedule + " -g blur m=3");
    EXPECT_EQ(refused.exit_code, 1);
    EXPECT_TRUE(refused.output.starts_with("blur: there is no parameter m; ")) << refused.output;
    EXPECT_EQ(std::count(refused.output.begin(), refused.output.end(), '\n'), 1) << refused.output;
    expect(
        "autoschedule /no/generator --out " + quoted, 1,
        "sylvite: autoschedule needs a generator, an executable that links Sylvite::generator_main; there is no file "
        "/no/generator.\n");
    expect("autoschedule " SYLVITE_SOURCE_DIR "/README.md --out " + quoted, 1,
           "sylvite: autoschedule needs a generator that can be run; " SYLVITE_SOURCE_DIR
           "/README.md cannot: Permission denied.\n");
    expect("autoschedule /bin/true --out " + quoted, 1,
           "sylvite: autoschedule needs a generator that makes a schedule for `-e schedule`; /bin/true does not.\n");
    expect("autoschedule /bin/false --out " + quoted, 1,
           "sylvite: autoschedule needs a generator; /bin/false ends with exit code 1 and says nothing.\n");
    expect("autoschedule " + generator + " -g blur --out /no/such/folder/x.sched", 1,
           "sylvite: autoschedule needs a place that can be written for --out; /no/such/folder/x.sched cannot: No such "
           "file or directory.\n");
    const std::string pipe = folder / "pipe";
    ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
    expect("autoschedule " + generator + " -g blur --out '" + pipe + "'", 1,
           "sylvite: autoschedule needs a place that can be written for --out; " + pipe +
               " cannot: it is not a regular file.\n");
    EXPECT_TRUE(fs::is_fifo(pipe));
    fs::remove(pipe);
    EXPECT_EQ(run(autoschedule).exit_code, 1) << "which of its generators is not said";
    std::string text;
    std::ifstream(out) >> text;
    EXPECT_EQ(text, "old");
    EXPECT_EQ(files(), 1u) << "something was left behind";
}

TEST_F(Cli, AFullDiskIsNamedAndNothingIsLeft) {
    const Ran ran = run("autoschedule " + generator + " -g blur --out " + quoted, "ulimit -f 0; ");
    EXPECT_EQ(ran.exit_code, 1);
    EXPECT_EQ(ran.output, "blur: " + out + " cannot be written: File too large.\n");
    EXPECT_EQ(files(), 0u) << "something was left behind";
}

TEST_F(Cli, AWrongCommandLineHasItsOwnExitCode) {
    expect("", 2, "sylvite: A subcommand is required (sylvite --help)\n");
    expect("target", 2, "sylvite: there is no command target; did you mean targets? (sylvite --help)\n");
    expect("frobnicate", 2, "sylvite: there is no command frobnicate (sylvite --help)\n");
    expect("schedule shwo x", 2, "sylvite: there is no command schedule shwo; did you mean show? (sylvite --help)\n");
    expect("autoschedule " + generator + " --out x --target host target=vulkan", 2,
           "sylvite: KEY=VALUE: the flag for target=vulkan is --target=vulkan (sylvite --help)\n");
    expect("schedule show", 2, "sylvite: FILE is required (sylvite --help)\n");
    EXPECT_EQ(run("targets --yaml").exit_code, 2);
    EXPECT_EQ(run("--help").exit_code, 0);
    EXPECT_EQ(run("--help >/dev/full").exit_code, 1);
}

}  // namespace

}  // namespace sylvite
