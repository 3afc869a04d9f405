#include "apps/support/command_line.h"

#include "apps/support/files.h"
#include "frontend/files.h"

#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <new>

namespace sylvite::apps {

namespace {

constexpr int exit_interrupted = 130;  // as of a program that SIGINT ends

volatile std::sig_atomic_t was_interrupted = 0;
void interrupt(int signal) {
    was_interrupted = 1;
    std::signal(signal, SIG_DFL);
}

/// CLI11's ranges take a NaN for a number within them, and it an empty text for a 0.
void refuse_what_is_no_value(const CLI::App &options) {
    for (const CLI::Option *option : options.get_options()) {
        const bool is_real = option->get_type_name().find("FLOAT") != std::string::npos;
        for (const std::string &value : option->results()) {
            if (value.empty()) {
                throw CLI::ValidationError(option->get_name(), "an empty text is no value");
            }
            if (is_real && std::isnan(std::strtod(value.c_str(), nullptr))) {
                throw CLI::ValidationError(option->get_name(), "Value " + value + " is no number");
            }
        }
    }
}

/// An option that there is not is named, and not what follows it, which CLI11 takes for a positional argument.
void parse(CLI::App &options, int argc, char **argv) {
    try {
        options.parse(argc, argv);
    } catch (const CLI::ValidationError &) {
        const std::vector<std::string> unknown = options.remaining();
        if (!unknown.empty()) {
            throw CLI::ExtrasError(unknown);
        }
        throw;
    }
}

}  // namespace

bool interrupted() { return was_interrupted != 0; }

int CommandLine::run(int argc, char **argv, const std::function<Result()> &work) {
    let_large_writes_fail();
    options_.add_option("--out", out_, "folder for the results")->capture_default_str();
    options_.add_flag("--quiet", quiet_, "print the last line only");
    try {
        parse(options_, argc, argv);
        refuse_what_is_no_value(options_);
        return finish(work());
    } catch (const CLI::Success &help) {
        return options_.exit(help);
    } catch (const std::bad_alloc &) {
        std::cerr << options_.get_name() << ": there is not enough memory for a problem of this size\n";
    } catch (const std::exception &error) {
        std::cerr << options_.get_name() << ": " << error.what() << "\n";
    }
    return 1;
}

void CommandLine::need_not_given(const std::vector<std::string> &options, const std::string &task) const {
    for (const std::string &option : options) {
        if (options_.get_option(option)->count() > 0) {
            throw std::runtime_error(option + " is not for " + task + ", which does not heed it: leave it out");
        }
    }
}

void CommandLine::begin() const {
    need_writable(out_);
    temporary_folder();  // arrays pass through it
    // Who started the program may have said that it heeds no Ctrl-C, as shells do for what runs in the background.
    if (std::signal(SIGINT, interrupt) == SIG_IGN) {
        std::signal(SIGINT, SIG_IGN);
    }
}

int CommandLine::finish(const Result &result) const {
    std::signal(SIGINT, SIG_IGN);  // all files that are written are of this run
    const bool early = interrupted();
    write_files(out_, result.files, result.publish);
    if (!quiet_) {
        std::string names;
        for (const auto &[name, contents] : result.files) {
            names += " " + name;
        }
        std::printf("%s holds%s\n", out_.c_str(), names.c_str());
    }
    std::printf("%s: %s, %.1f s%s\n", options_.get_name().c_str(), result.text.c_str(), result.seconds,
                early ? ", interrupted" : "");
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
        throw std::runtime_error("cannot write to standard output");
    }
    return early ? exit_interrupted : 0;
}

}  // namespace sylvite::apps
