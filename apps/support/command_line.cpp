#include "apps/support/command_line.h"

#include "apps/support/files.h"

#include <csignal>
#include <cstdio>
#include <iostream>

namespace sylvite::apps {

namespace {

constexpr int exit_interrupted = 130;  // as of a program that SIGINT ends

volatile std::sig_atomic_t was_interrupted = 0;
void interrupt(int signal) {
    was_interrupted = 1;
    std::signal(signal, SIG_DFL);
}

}  // namespace

bool interrupted() { return was_interrupted != 0; }

int CommandLine::run(int argc, char **argv, const std::function<Result()> &work) {
    options_.add_option("--out", out_, "folder for the results")->capture_default_str();
    options_.add_flag("--quiet", quiet_, "print the last line only");
    try {
        options_.parse(argc, argv);
        finish(work());
        return interrupted() ? exit_interrupted : 0;
    } catch (const CLI::Success &help) {
        return options_.exit(help);
    } catch (const std::exception &error) {
        std::cerr << options_.get_name() << ": " << error.what() << "\n";
    }
    return 1;
}

void CommandLine::begin() const {
    need_writable(out_);
    std::signal(SIGINT, interrupt);
}

void CommandLine::finish(const Result &result) const {
    const bool early = interrupted();
    std::signal(SIGINT, SIG_IGN);  // all files are of this run, or none
    write_files(out_, result.files);
    if (!quiet_) {
        std::string names;
        for (const auto &[name, contents] : result.files) {
            names += " " + name;
        }
        std::printf("%s holds%s\n", out_.c_str(), names.c_str());
    }
    std::printf("%s: %s, %.1f s%s\n", options_.get_name().c_str(), result.text.c_str(), result.seconds,
                early ? ", interrupted" : "");
}

}  // namespace sylvite::apps
