#pragma once

#include "apps/support/files.h"
#include "tests/apps/folder.h"

#include <csignal>
#include <fcntl.h>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace sylvite::apps {

/// How a program ended.
struct Outcome {
    int exit_code;
    std::string output;  ///< standard output and errors
    double peak_mb;
};

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
    rusage usage = {};
    wait4(child, &status, 0, &usage);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read_file(out), double(usage.ru_maxrss) / 1024};
}

}  // namespace sylvite::apps
