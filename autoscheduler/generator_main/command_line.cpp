#include "autoscheduler/generator_main/command_line.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <set>

namespace sylvite {

namespace {

// The words before and after the first '='.
std::pair<std::string, std::string> split_key(const std::string &argument) {
    const size_t at = argument.find('=');
    if (at == std::string::npos || at == 0 || at + 1 == argument.size()) {
        throw UsageError("arguments are flags or key=value; there is " + argument + ": see -h");
    }
    return {argument.substr(0, at), argument.substr(at + 1)};
}

// The words of a list, none of which may be empty.
std::vector<std::string> words_of(const std::string &what, const std::string &list) {
    std::vector<std::string> words = CLI::detail::split(list, ',');
    if (list.empty() || list.back() == ',') {
        words.emplace_back();  // which split() leaves out
    }
    if (std::find(words.begin(), words.end(), "") != words.end()) {
        throw UsageError(what + " needs names separated by commas; it has '" + list + "'");
    }
    return words;
}

struct Reading {
    GeneratorRequest request;
    std::vector<std::string> wrt_ahead;  // of a wrt= that no derivative= stands before
};

void read_target(Reading &reading, const std::string &value) { reading.request.target = value; }

void read_schedule(Reading &reading, const std::string &value) { reading.request.schedule = value; }

void read_autoscheduler(Reading &reading, const std::string &value) { reading.request.autoscheduler = value; }

void read_runtime(Reading &reading, const std::string &value) {
    if (value != "carried" && value != "none") {
        throw UsageError("runtime= needs carried or none; it has " + value);
    }
    reading.request.with_halide_runtime = value == "carried";
}

void read_derivative(Reading &reading, const std::string &value) {
    for (const std::string &kind : words_of("derivative=", value)) {
        reading.request.derivatives.push_back({kind, reading.wrt_ahead});
    }
    reading.wrt_ahead.clear();
}

void read_primal(Reading &reading, const std::string &value) {
    if (value != "true" && value != "false") {
        throw UsageError("primal= needs true or false; it has " + value);
    }
    reading.request.primal = value == "true";
}

// Belongs to the derivatives before it that have none yet, else to those that come next.
void read_wrt(Reading &reading, const std::string &value) {
    std::vector<std::string> wrt = words_of("wrt=", value);
    bool taken = false;
    for (DerivativeRequest &derivative : reading.request.derivatives) {
        if (derivative.wrt.empty()) {
            derivative.wrt = wrt;
            taken = true;
        }
    }
    if (!taken) {
        reading.wrt_ahead = std::move(wrt);
    }
}

struct Key {
    const char *name, *help;
    void (*read)(Reading &, const std::string &value);
    bool many = false;  // whether it may be given several times
};

// All other keys are parameters of the generator, which may not have these names.
constexpr Key keys[] = {
    {"target", "a name of the table below; default: host", read_target},
    {"derivative", "jvp, vjp, grad or hvp of the program; several are applied in their order: derivative=grad,jvp",
     read_derivative, true},
    {"wrt", "the inputs of the derivatives beside it, separated by commas; default: all float inputs", read_wrt, true},
    {"primal",
     "whether the outputs of what is differentiated stay beside those of the last derivative: true or false. Default: "
     "true, and false of a Halide::Generator<>",
     read_primal},
    {"schedule",
     "a file; auto, found by the autoscheduler; none, Halide's defaults. What a file leaves open is found. Default: "
     "auto; of a Halide::Generator<> without derivative=, its own",
     read_schedule},
    {"autoscheduler",
     "one of Halide's in place of Sylvite's: Mullapudi2016, Adams2019, Li2018, Anderson2021, or one loaded by -p; its "
     "own parameters are autoscheduler.NAME=",
     read_autoscheduler},
    {"runtime",
     "whether libraries and objects have Halide's run time in them: carried, or none, to link one made by -r. Programs "
     "for GPUs that are linked together need one for all. Default: carried",
     read_runtime},
};

constexpr std::string_view autoscheduler_prefix = "autoscheduler.";

std::string help_of_keys() {
    std::string text = "Keys:\n";
    for (const Key &key : keys) {
        std::string head = std::string("  ") + key.name + "=";
        head.resize(30, ' ');
        text += head + key.help + "\n";
    }
    return text + "  NAME=VALUE                  a parameter of the generator\n";
}

}  // namespace

std::vector<std::string> command_line_keys() {
    std::vector<std::string> names;
    for (const Key &key : keys) {
        names.push_back(key.name);
    }
    return names;
}

GeneratorRequest parse_command_line(const std::string &executable, std::vector<std::string> arguments) {
    Reading reading;
    GeneratorRequest &request = reading.request;
    bool help = false;
    CLI::App app("Compiles algorithms to static libraries.", executable);
    app.set_help_flag();
    app.allow_extras();
    app.add_flag("-h,--help", help, "Print this text and what -g selects");
    app.add_option("-g", request.generator, "The generator; needed when there are several")->type_name("NAME");
    app.add_option("-f", request.function,
                   "Name of the function, a C identifier; default: the generator's, then "
                   "an underscore and the name of each derivative")
        ->type_name("NAME");
    app.add_option("-o", request.folder, "Folder for the files, which must exist; default: the current one")
        ->type_name("FOLDER");
    app.add_option("-n", request.base_name, "Name of the files, without extension; default: the function's")
        ->type_name("NAME");
    std::vector<std::string> kinds, plugins;
    app.add_option("-e", kinds, "Files to make, separated by commas; default: static_library,c_header")
        ->type_name("KIND,")
        ->allow_extra_args(false);
    app.add_option("-p", plugins, "Shared libraries to load first, separated by commas: autoschedulers")
        ->type_name("FILE,")
        ->allow_extra_args(false);
    app.add_option("-r", request.halide_runtime, "Make only NAME.a, Halide's run time for the target")
        ->type_name("NAME");
    app.add_flag("-v,--verbose", request.verbose, "Print the name of each file made");

    std::reverse(arguments.begin(), arguments.end());  // CLI11 wants the last argument first
    try {
        app.parse(arguments);
    } catch (const CLI::ParseError &error) {
        throw UsageError(error.what());
    }
    if (help) {
        request.help = app.help() + help_of_keys();
        return request;
    }
    for (const char *flag : {"-g", "-f", "-o", "-n", "-r"}) {
        if (app.count(flag) > 0 && app[flag]->as<std::string>().empty()) {
            throw UsageError(std::string(flag) + " needs a name; it has ''");
        }
    }
    const auto append = [](const char *flag, const std::vector<std::string> &lists, std::vector<std::string> &words) {
        for (const std::string &list : lists) {
            const std::vector<std::string> more = words_of(flag, list);
            words.insert(words.end(), more.begin(), more.end());
        }
    };
    if (!kinds.empty()) {
        request.emit.clear();
    }
    append("-e", kinds, request.emit);
    append("-p", plugins, request.plugins);
    std::set<std::string> keys_given;
    for (const std::string &argument : app.remaining()) {
        if (argument.starts_with("-")) {
            throw UsageError("there is no flag " + argument + ": see -h");
        }
        const std::pair<std::string, std::string> pair = split_key(argument);
        const std::string &name = pair.first, &value = pair.second;
        const auto *key = std::find_if(std::begin(keys), std::end(keys), [&](const Key &k) { return k.name == name; });
        if (key != std::end(keys)) {
            if (!keys_given.insert(name).second && !key->many) {
                throw UsageError(name + "= is given twice");
            }
            key->read(reading, value);
        } else if (name.starts_with(autoscheduler_prefix)) {
            request.autoscheduler_parameters[name.substr(autoscheduler_prefix.size())] = value;
        } else if (!request.parameters.emplace(name, value).second) {
            throw UsageError("parameters are given once; " + name + " is given twice");
        }
    }
    if (!request.halide_runtime.empty()) {
        const bool program = app.count("-e") + app.count("-f") + app.count("-n") > 0 || !request.parameters.empty() ||
                             keys_given.size() > keys_given.count("target");
        if (program) {
            throw UsageError("-r takes -o and target=, nothing of a program");
        }
    }
    if (!reading.wrt_ahead.empty()) {
        throw UsageError("wrt=" + CLI::detail::join(reading.wrt_ahead) + " needs a derivative=jvp|vjp|grad|hvp");
    }
    if (request.primal && request.derivatives.empty()) {
        throw UsageError("primal= needs a derivative=jvp|vjp|grad|hvp");
    }
    return request;
}

}  // namespace sylvite
