// The `sylvite` program. Exit codes: 0; 1 when a command cannot do what it was asked; 2 for a wrong command line.

#include "autoscheduler/cli/commands.h"
#include "frontend/files.h"
#include "frontend/names.h"

#include <iostream>

namespace {

using sylvite::cli::Command;

const Command commands[] = {
    {"targets", "lists the machines that programs can be compiled for", sylvite::cli::set_up_targets},
    {"schedule", "reads schedules", sylvite::cli::set_up_schedule},
    {"autoschedule", "finds a schedule for a generator's program", sylvite::cli::set_up_autoschedule},
};

// One line: what is wrong, and the nearest command where that helps.
std::string explain(const CLI::ParseError &error, const CLI::App &app, const std::vector<std::string> &arguments) {
    const CLI::App *at = &app;
    std::string words;
    for (const std::string &word : arguments) {
        std::vector<std::string> known;
        const CLI::App *next = nullptr;
        for (const CLI::App *command : at->get_subcommands([](const CLI::App *) { return true; })) {
            known.push_back(command->get_name());
            next = command->get_name() == word ? command : next;
        }
        if (known.empty() || word.starts_with("-")) {
            break;
        }
        if (!next) {
            const std::string nearest = sylvite::nearest_name(word, known);
            return "there is no command " + words + word + (nearest.empty() ? "" : "; did you mean " + nearest + "?");
        }
        at = next;
        words += word + " ";
    }
    std::string text = error.what();
    std::replace(text.begin(), text.end(), '\n', ' ');
    return text;
}

// Halide's text begins with "Error: " and ends with a line break.
std::string plain(std::string text) {
    text.erase(0, text.starts_with("Error: ") ? 7 : 0);
    while (text.ends_with('\n')) {
        text.pop_back();
    }
    return text;
}

// The exit code after all that was asked for was printed.
int check_output() {
    if (std::cout.flush()) {
        return 0;
    }
    std::cerr << "sylvite: the output cannot be written\n";
    return 1;
}

}  // namespace

int main(int argc, char **argv) {
    sylvite::let_large_writes_fail();
    CLI::App app("Sylvite: schedules and targets", "sylvite");
    app.require_subcommand(1);
    for (const Command &command : commands) {
        command.set_up(*app.add_subcommand(command.name, command.help));
    }
    try {
        app.parse(argc, argv);
        return check_output();
    } catch (const CLI::ParseError &error) {
        if (error.get_exit_code() == 0) {  // --help
            app.exit(error);
            return check_output();
        }
        std::cerr << "sylvite: " << explain(error, app, {argv + 1, argv + argc}) << " (sylvite --help)\n";
        return 2;
    } catch (const Halide::Error &error) {
        std::cerr << "sylvite: " << plain(error.what()) << "\n";
    } catch (const sylvite::cli::Failure &failure) {
        return failure.exit_code;
    } catch (const std::exception &error) {
        std::cerr << "sylvite: " << error.what() << "\n";
    }
    return 1;
}
