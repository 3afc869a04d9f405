#include "autoscheduler/generator_main/make.h"

#include "autoscheduler/autoschedule.h"
#include "autoscheduler/generator_main/derivatives.h"
#include "autoscheduler/generator_main/files.h"
#include "targets/emit.h"

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

// The values that the generator expects of scalars, by Param::set_estimate().
std::map<std::string, int64_t> expected_sizes(const Program &program) {
    std::map<std::string, int64_t> sizes;
    for (const ProgramInput &input : program.inputs()) {
        if (input.is_array() || !input.parameter().estimate().defined()) {
            continue;
        }
        if (const auto value = Halide::Internal::as_const_int(input.parameter().estimate())) {
            sizes[input.name()] = *value;
        }
    }
    return sizes;
}

Schedule schedule_of(const Program &program, const TargetRow &target, const GeneratorRequest &request) {
    _halide_user_assert(!request.autoscheduler.empty() || request.autoscheduler_parameters.empty())
        << "autoscheduler." << request.autoscheduler_parameters.begin()->first
        << "= needs an autoscheduler= beside it.";
    if (request.schedule == "none") {
        _halide_user_assert(request.autoscheduler.empty())
            << "autoscheduler= needs something to schedule; schedule=none leaves it nothing.";
        return {};
    }
    AutoscheduleOptions options{.sizes = expected_sizes(program)};
    if (request.schedule != "auto") {
        options.keep = load_schedule(request.schedule);
        check(options.keep, program);
    }
    if (request.autoscheduler.empty()) {
        return autoschedule(program, target, options);
    }
    return autoschedule_with(request.autoscheduler, program, target, options, request.autoscheduler_parameters);
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
    const Schedule schedule = schedule_of(program, target, request);
    const std::string base = request.base_name.empty() ? program.name() : request.base_name;
    _halide_user_assert(base.find('/') == std::string::npos)
        << "-n needs a name without folders; it has " << base << ": give the folder with -o.";
    return write_together(request.folder, [&](const std::string &folder) {
        std::map<Halide::OutputFileType, std::string> outputs;
        for (const FileKind &kind : kinds) {
            const std::string path = folder + "/" + base + kind.extension;
            if (kind.from_program()) {
                outputs[kind.halide] = path;
            } else {
                save_schedule(schedule, path);
            }
        }
        if (!outputs.empty()) {
            emit(program, target, schedule, outputs, {.with_halide_runtime = request.with_halide_runtime});
        }
    });
}

std::vector<std::string> make_runtime(const GeneratorRequest &request) {
    const TargetRow &target = find_target(request.target);
    return write_together(request.folder, [&](const std::string &folder) {
        emit_runtime(target, folder + "/" + request.halide_runtime + ".a");
    });
}

}  // namespace sylvite
