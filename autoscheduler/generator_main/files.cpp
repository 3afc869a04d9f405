#include "autoscheduler/generator_main/files.h"

#include "frontend/dot.h"
#include "frontend/files.h"
#include "frontend/names.h"
#include "frontend/print.h"
#include "frontend/temporary_folder.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <iostream>
#include <memory>
#include <sys/wait.h>
#include <unistd.h>

namespace fs = std::filesystem;

namespace sylvite {

namespace {

// LLVM writes object code, and ends the process when the disk is full. So this is done in a child, whose death leaves
// the parent to clean up and to say why. Throws what the child threw or said last.
void run_apart(const std::function<void()> &act) {
    int ends[2];
    _halide_user_assert(pipe2(ends, O_CLOEXEC) == 0) << "no pipe can be made: " << std::strerror(errno) << ".";
    std::cout.flush();
    std::fflush(nullptr);  // else the child might write it again
    const pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        // LLVM ends the process by exit(), whose handlers would wait for threads of GPU drivers: those are the parent's.
        std::atexit([] { _exit(1); });
        try {
            act();
            _exit(0);
        } catch (const Halide::Error &error) {
            std::cerr << error.what() << std::flush;
        } catch (const std::exception &error) {
            std::cerr << error.what() << std::flush;
        }
        _exit(1);
    }
    const int error = errno;
    close(ends[1]);
    std::string said;
    char part[4096];
    for (ssize_t size; child > 0 && ((size = read(ends[0], part, sizeof part)) > 0 || (size < 0 && errno == EINTR));) {
        said.append(part, static_cast<size_t>(std::max<ssize_t>(size, 0)));
    }
    close(ends[0]);
    _halide_user_assert(child > 0) << "no process can be started: " << std::strerror(error) << ".";
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (status == 0) {
        std::cerr << said;  // warnings
        return;
    }
    if (said.empty()) {
        said = "the compiler ended without a word: ";
        said += WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "exit code " + std::to_string(WEXITSTATUS(status));
    }
    throw Halide::CompileError(said.c_str());
}

std::unique_ptr<TemporaryFolder> folder_in(const std::string &parent) {
    try {
        return std::make_unique<TemporaryFolder>(parent);
    } catch (const fs::filesystem_error &error) {
        throw Halide::CompileError(("-o needs a folder that exists and can be written to; " + parent +
                                    " cannot: " + error.code().message() + ".")
                                       .c_str());
    }
}

}  // namespace

const std::vector<FileKind> &file_kinds() {
    using enum Halide::OutputFileType;
    // clang-format off
    static const std::vector<FileKind> kinds{
        {"static_library", ".a",      static_library, "the compiled program"},
        {"c_header",       ".h",      c_header,       "its declaration"},
        {"object",         ".o",      object,         "the compiled program as an object file"},
        {"assembly",       ".s",      assembly,       "its assembly"},
        {"llvm_assembly",  ".ll",     llvm_assembly,  "its LLVM code"},
        {"stmt",           ".stmt",   stmt,           "its loops, as Halide lowers them"},
        {"device_code",    ".device", device_code,    "its PTX or SPIR-V; one file each if there are several"},
        {"schedule",       ".sched",  std::nullopt,   "the schedule that was used"},
        {"program",        ".txt",    std::nullopt,   "the program as text: inputs, loops, kernels", print},
        {"dot",            ".dot",    std::nullopt,   "the program as a graph for Graphviz", to_dot},
    };
    // clang-format on
    return kinds;
}

const FileKind &find_file_kind(const std::string &name) {
    const std::vector<FileKind> &kinds = file_kinds();
    // The short names are those of Halide's generators.
    const std::string full = name == "h" ? "c_header" : name == "o" ? "object" : name;
    const auto it = std::find_if(kinds.begin(), kinds.end(), [&](const FileKind &kind) { return kind.name == full; });
    std::vector<std::string> names;
    for (const FileKind &kind : kinds) {
        names.push_back(kind.name);
    }
    _halide_user_assert(it != kinds.end()) << "-e needs kinds of files; it has " << name << ", and the kinds are "
                                           << list_of(names) << did_you_mean(name, names);
    return *it;
}

std::vector<std::string> write_together(const std::string &folder,
                                        const std::function<void(const std::string &folder)> &write) {
    const auto partial = folder_in(folder);
    try {
        run_apart([&] { write(partial->path().string()); });
    } catch (const Halide::CompileError &error) {  // it names files where nobody will find them
        throw Halide::CompileError(
            Halide::Internal::replace_all(error.what(), partial->path().string(), folder).c_str());
    }
    std::vector<std::string> paths;
    for (const fs::directory_entry &file : fs::directory_iterator(partial->path())) {
        paths.push_back((fs::path(folder) / file.path().filename()).string());
        const std::string obstacle = why_not_replaced(paths.back());
        _halide_user_assert(obstacle.empty())
            << "-o needs a folder where files may be written; " << paths.back() << " cannot: " << obstacle << ".";
    }
    std::sort(paths.begin(), paths.end());
    for (const std::string &path : paths) {
        fs::rename(partial->path() / fs::path(path).filename(), path);
    }
    return paths;
}

}  // namespace sylvite
