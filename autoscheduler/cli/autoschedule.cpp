#include "autoscheduler/cli/commands.h"
#include "frontend/files.h"
#include "frontend/temporary_folder.h"
#include "schedules/schedule.h"
#include "targets/target_table.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <iostream>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

namespace sylvite::cli {

namespace {

namespace fs = std::filesystem;

struct Options {
    std::string generator, which, target = "host", out, autoscheduler;
    std::vector<std::string> words;
};

[[noreturn]] void refuse_out(const std::string &file, const std::string &why) {
    throw Halide::CompileError(
        ("autoschedule needs a place that can be written for --out; " + file + " cannot: " + why + ".").c_str());
}

// A folder beside the file, so that what is made in it can be renamed to the file.
std::unique_ptr<TemporaryFolder> folder_beside(const std::string &file) {
    if (const std::string obstacle = why_not_replaced(file); !obstacle.empty()) {
        refuse_out(file, obstacle);
    }
    try {
        const fs::path folder = fs::path(file).parent_path();
        return std::make_unique<TemporaryFolder>(folder.empty() ? "." : folder);
    } catch (const fs::filesystem_error &error) {
        refuse_out(file, error.code().message());
    }
}

struct Ran {
    int exit_code;  ///< 128 and the signal's number if one ended it
    bool said_why;  ///< whether it wrote anything to the standard error output
};

// Runs a program and waits. Its output goes where ours goes, errors with `hidden` called `shown`.
Ran run(const std::vector<std::string> &command, const std::string &hidden, const std::string &shown) {
    std::vector<char *> arguments;
    for (const std::string &word : command) {
        arguments.push_back(const_cast<char *>(word.c_str()));
    }
    arguments.push_back(nullptr);
    int ends[2];
    _halide_user_assert(pipe2(ends, O_CLOEXEC) == 0) << "no pipe can be made: " << std::strerror(errno) << ".";
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
    pid_t process = 0;
    const int error = posix_spawn(&process, arguments[0], &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    FILE *errors = fdopen(ends[0], "r");
    char *line = nullptr;
    size_t size = 0;
    bool said_why = false;
    while (getline(&line, &size, errors) > 0) {
        std::cerr << Halide::Internal::replace_all(line, hidden, shown) << std::flush;
        said_why = true;
    }
    free(line);
    fclose(errors);
    _halide_user_assert(error == 0) << "autoschedule needs a generator that can be run; " << command[0]
                                    << " cannot: " << std::strerror(error) << ".";
    int status = 0;
    while (waitpid(process, &status, 0) < 0 && errno == EINTR) {
    }
    return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), said_why};
}

void autoschedule(const Options &options) {
    for (const std::string &word : options.words) {
        for (const char *key : {"target=", "autoscheduler="}) {
            if (word.starts_with(key)) {
                throw CLI::ValidationError("KEY=VALUE", "the flag for " + word + " is --" + word);
            }
        }
    }
    find_target(options.target);  // before anything is run
    std::error_code error;
    _halide_user_assert(fs::is_regular_file(options.generator, error))
        << "autoschedule needs a generator, an executable that links Sylvite::generator_main; there is no file "
        << options.generator << ".";
    const auto folder = folder_beside(options.out);
    const fs::path found = folder->path() / "found.sched";
    std::vector<std::string> command{fs::absolute(options.generator).string(),
                                     "-e",
                                     "schedule",
                                     "-n",
                                     "found",
                                     "-o",
                                     folder->path().string(),
                                     "target=" + options.target};
    if (!options.which.empty()) {
        command.insert(command.end(), {"-g", options.which});
    }
    if (!options.autoscheduler.empty()) {
        command.push_back("autoscheduler=" + options.autoscheduler);
    }
    if (std::none_of(options.words.begin(), options.words.end(),
                     [](const std::string &word) { return word.starts_with("schedule="); })) {
        command.push_back("schedule=auto");  // or a Halide::Generator<> would schedule itself
    }
    command.insert(command.end(), options.words.begin(), options.words.end());
    if (const Ran ran = run(command, found.string(), options.out); ran.exit_code != 0) {
        _halide_user_assert(ran.exit_code <= 128)
            << options.generator << " was ended by signal " << ran.exit_code - 128 << ".";
        _halide_user_assert(ran.said_why) << "autoschedule needs a generator; " << options.generator
                                          << " ends with exit code " << ran.exit_code << " and says nothing.";
        throw Failure{1};
    }
    _halide_user_assert(fs::exists(found)) << "autoschedule needs a generator that makes a schedule for `-e schedule`; "
                                           << options.generator << " does not.";
    load_schedule(found.string());
    fs::rename(found, options.out, error);
    if (error) {
        refuse_out(options.out, error.message());
    }
}

}  // namespace

void set_up_autoschedule(CLI::App &app) {
    auto options = std::make_shared<Options>();
    app.add_option("GENERATOR", options->generator, "a generator executable")->required();
    app.add_option("--target", options->target, "a row of `sylvite targets`")->capture_default_str();
    app.add_option("--out", options->out, "the .sched file to write")->required();
    app.add_option("-g", options->which, "which generator, when the executable has several");
    app.add_option("--autoscheduler", options->autoscheduler,
                   "one of Halide's own instead: Mullapudi2016, Adams2019, Li2018, Anderson2021");
    app.add_option("KEY=VALUE", options->words, "the generator's parameters, derivative=, wrt=, schedule=");
    app.callback([options] { autoschedule(*options); });
}

}  // namespace sylvite::cli
