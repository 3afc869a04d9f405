#include "autoscheduler/generator_main/make.h"

#include "autoscheduler/generator_main/derivatives.h"
#include "autoscheduler/generator_main/files.h"
#include "schedules/schedule.h"
#include "targets/compile.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace fs = std::filesystem;

namespace sylvite {

namespace {

std::string function_name(const Generator &generator, const GeneratorRequest &request) {
    std::string name = request.function;
    if (name.empty()) {
        name = generator.name;
        for (const DerivativeRequest &derivative : request.derivatives) {
            name += "_" + derivative.kind;
        }
    }
    return name;
}

// The program that the request asks for; its name is that of the compiled function.
Program program_of(const Generator &generator, const GeneratorRequest &request) {
    Parameters parameters(request.parameters);
    const Program built = generator.build(parameters);
    parameters.refuse_unknown();
    const Program program = differentiate(built, request.derivatives);
    return Program(function_name(generator, request), program.inputs(), program.outputs());
}

Schedule schedule_of(const Program &program, const GeneratorRequest &request) {
    if (request.schedule == "none" || request.schedule == "auto") {
        return {};  // lower() has defaults
    }
    const Schedule schedule = load_schedule(request.schedule);
    check(schedule, program);
    return schedule;
}

}  // namespace

std::vector<std::string> make_files(const Generator &generator, const GeneratorRequest &request) {
    std::vector<FileKind> kinds;
    for (const std::string &name : request.emit) {
        kinds.push_back(find_file_kind(name));
    }
    const TargetRow &target = find_target(request.target);
    for (const std::string &plugin : request.plugins) {
        Halide::load_plugin(plugin);
    }
    const Program program = program_of(generator, request);
    const Schedule schedule = schedule_of(program, request);
    const std::string base = request.base_name.empty() ? program.name() : request.base_name;
    _halide_user_assert(base.find('/') == std::string::npos)
        << "-n needs a name without folders; it has " << base << ": give the folder with -o.";
    return write_together(request.folder, [&](const std::string &folder) {
        std::map<Halide::OutputFileType, std::string> outputs;
        for (const FileKind &kind : kinds) {
            const std::string path = folder + "/" + base + kind.extension;
            if (kind.from_module()) {
                outputs[kind.halide] = path;
            } else {
                save_schedule(schedule, path);
            }
        }
        if (!outputs.empty()) {
            lower(program, target, schedule).compile(outputs);
        }
    });
}

}  // namespace sylvite
