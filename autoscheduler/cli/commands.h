#pragma once

#include <CLI/CLI.hpp>

#include <vector>

namespace sylvite::cli {

/// A command of the `sylvite` program. `set_up` declares its options on its own subcommand and its callback, which
/// throws Halide::CompileError or Failure when it cannot do what it was asked.
struct Command {
    const char *name, *help;
    void (*set_up)(CLI::App &app);
};

/// A command that failed after something else has said why.
struct Failure {
    int exit_code;
};

void set_up_targets(CLI::App &app);
void set_up_schedule(CLI::App &app);
void set_up_autoschedule(CLI::App &app);

}  // namespace sylvite::cli
