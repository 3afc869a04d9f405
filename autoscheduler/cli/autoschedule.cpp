#include "autoscheduler/cli/commands.h"
#include "frontend/files.h"
#include "schedules/schedule.h"
#include "targets/target_table.h"

#include <cerrno>
#include <cstring>
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

// A folder beside a file, so that what is made in it can be renamed to the file; gone at the end.
class FolderBeside {
public:
    explicit FolderBeside(const fs::path &file) {
        const std::string obstacle = why_not_replaced(file);
        _halide_user_assert(obstacle.empty()) << "autoschedule needs a place that can be written for --out; "
                                              << file.string() << " cannot: " << obstacle << ".";
        std::string name = (file.has_parent_path() ? file.parent_path() : fs::path(".")) / ".sylvite-XXXXXX";
        _halide_user_assert(mkdtemp(name.data())) << "autoschedule needs a place that can be written for --out; "
                                                  << file.string() << " cannot: " << std::strerror(errno) << ".";
        path = name;
    }
    ~FolderBeside() {
        std::error_code ignored;
        fs::remove_all(path, ignored);
    }
    FolderBeside(const FolderBeside &) = delete;
    FolderBeside &operator=(const FolderBeside &) = delete;

    fs::path path;
};

// Runs a program and waits; its output goes where ours goes. Returns its exit code.
int run(const std::vector<std::string> &command) {
    std::vector<char *> arguments;
    for (const std::string &word : command) {
        arguments.push_back(const_cast<char *>(word.c_str()));
    }
    arguments.push_back(nullptr);
    pid_t process = 0;
    const int error = posix_spawn(&process, arguments[0], nullptr, nullptr, arguments.data(), environ);
    _halide_user_assert(error == 0) << "autoschedule needs a generator that can be run; " << command[0]
                                    << " cannot: " << std::strerror(error) << ".";
    int status = 0;
    while (waitpid(process, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void autoschedule(const Options &options) {
    find_target(options.target);  // before anything is run
    std::error_code error;
    _halide_user_assert(fs::is_regular_file(options.generator, error))
        << "autoschedule needs a generator, an executable that links Sylvite::generator_main; there is no file "
        << options.generator << ".";
    const FolderBeside folder(options.out);
    std::vector<std::string> command{fs::absolute(options.generator).string(),
                                     "-e",
                                     "schedule",
                                     "-n",
                                     "found",
                                     "-o",
                                     folder.path.string(),
                                     "target=" + options.target};
    if (!options.which.empty()) {
        command.insert(command.end(), {"-g", options.which});
    }
    if (!options.autoscheduler.empty()) {
        command.push_back("autoscheduler=" + options.autoscheduler);
    }
    command.insert(command.end(), options.words.begin(), options.words.end());
    if (const int code = run(command); code != 0) {
        if (code > 128) {
            std::cerr << "sylvite: " << options.generator << " was ended by signal " << code - 128 << "\n";
        }
        throw Failure{1};
    }
    const fs::path found = folder.path / "found.sched";
    _halide_user_assert(fs::exists(found)) << "autoschedule needs a generator that makes a schedule for `-e schedule`; "
                                           << options.generator << " does not.";
    load_schedule(found.string());
    fs::rename(found, options.out, error);
    _halide_user_assert(!error) << "autoschedule needs a place that can be written for --out; " << options.out
                                << " cannot: " << error.message() << ".";
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
