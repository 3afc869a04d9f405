#include "autoscheduler/cli/commands.h"
#include "schedules/directives.h"

#include <iomanip>
#include <iostream>

namespace sylvite::cli {

namespace {

void print_directives() {
    for (const DirectiveRow &row : directive_rows()) {
        for (const DirectiveForm &form : row.forms) {
            std::cout << text_of(row, form) << "\n";
        }
        std::cout << "    " << row.doc << "\n";
    }
}

}  // namespace

void set_up_schedule(CLI::App &app) {
    app.require_subcommand(1);
    CLI::App *show = app.add_subcommand("show", "checks a schedule and prints it in its standard layout");
    auto path = std::make_shared<std::string>();
    show->add_option("FILE", *path, "a .sched file")->required();
    show->callback([path] { std::cout << print(load_schedule(*path)); });

    app.add_subcommand("directives", "lists the directives of schedules")->callback(print_directives);
}

}  // namespace sylvite::cli
