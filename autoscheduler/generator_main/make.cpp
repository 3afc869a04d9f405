#include "autoscheduler/generator_main/make.h"

#include "autoscheduler/autoschedule.h"
#include "autoscheduler/generator_main/derivatives.h"
#include "autoscheduler/generator_main/files.h"
#include "targets/emit.h"
#include "targets/kernel.h"

#include <cerrno>
#include <cstring>
#include <fstream>

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
    const Program program = differentiate(built, request.derivatives, request.primal.value_or(true));
    return Program::derived(function_name(generator, request), program.inputs(), program.outputs());
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

// The schedule of a Program, or of a Kernel that is alone.
template<typename Algorithm>
Schedule schedule_of(const Algorithm &algorithm, const TargetRow &target, const GeneratorRequest &request,
                     AutoscheduleOptions options) {
    if (request.schedule == "none") {
        _halide_user_assert(request.autoscheduler.empty())
            << "autoscheduler= needs something to schedule; schedule=none leaves it nothing.";
        return {};
    }
    if (!request.schedule.empty() && request.schedule != "auto") {
        options.keep = load_schedule(request.schedule);
    }
    if (request.autoscheduler.empty()) {
        return autoschedule(algorithm, target, options);
    }
    return autoschedule_with(request.autoscheduler, algorithm, target, options, request.autoscheduler_parameters);
}

// What a request has asked for, compiled and ready to be written.
struct Made {
    std::function<void(const std::map<Halide::OutputFileType, std::string> &outputs)> write;
    std::optional<Schedule> schedule;  // none of a Halide generator that schedules itself
    std::optional<Program> program;    // none of a Halide generator
};

std::string text_of(const Made &made, const FileKind &kind, const std::string &generator) {
    if (kind.text) {
        _halide_user_assert(made.program) << "-e " << kind.name << " needs a program; " << generator
                                          << " is a Halide::Generator<>: leave that kind of file out.";
        return kind.text(*made.program);
    }
    _halide_user_assert(made.schedule) << "-e schedule needs a schedule that is data; " << generator
                                       << " schedules itself: add schedule=auto, or leave that kind of file out.";
    return print(*made.schedule);
}

void write_text(const std::string &path, const std::string &text) {
    std::ofstream file(path, std::ios::binary);
    file << text;
    file.close();
    _halide_user_assert(file.good()) << path << " cannot be written: " << std::strerror(errno) << ".";
}

Made make_program(const Generator &generator, const GeneratorRequest &request, const TargetRow &target) {
    const Program program = program_of(generator, request);
    const Schedule schedule = schedule_of(program, target, request, {.sizes = expected_sizes(program)});
    const EmitOptions options{.with_halide_runtime = request.with_halide_runtime};
    return {[=](const auto &outputs) { emit(program, target, schedule, outputs, options); }, schedule, program};
}

Made make_halide(const Generator &generator, const GeneratorRequest &request, const TargetRow &target) {
    const std::string function = function_name(generator, request);
    Halide::Target halide_target = target.halide_target();
    if (!request.with_halide_runtime) {
        halide_target.set_feature(Halide::Target::NoRuntime);
    }
    const bool own = request.derivatives.empty() && request.schedule.empty() && request.autoscheduler.empty();
    auto halide = create_halide_generator(generator.name, halide_target, request.parameters, !own);
    if (own) {
        const Halide::Module module = halide->build_module(function);
        return {[=](const auto &outputs) { emit(module, outputs); }, std::nullopt, std::nullopt};
    }
    const HalideAlgorithm algorithm = differentiate(algorithm_of(*halide), request.derivatives,
                                                    request.derivatives.empty() || request.primal.value_or(false));
    const Kernel kernel = kernel_of(algorithm);
    const Schedule schedule = schedule_of(kernel, target, request, {});
    std::vector<std::string> names;
    for (const HalideAlgorithm::Output &output : algorithm.outputs) {
        const std::vector<std::string> buffers = output.buffer_names();
        names.insert(names.end(), buffers.begin(), buffers.end());
    }
    return {[=](const auto &outputs) {
                emit(lower_alone(kernel, function, target, halide_target, schedule), outputs, names);
            },
            schedule, std::nullopt};
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
    _halide_user_assert(!request.autoscheduler.empty() || request.autoscheduler_parameters.empty())
        << "autoscheduler." << request.autoscheduler_parameters.begin()->first
        << "= needs an autoscheduler= beside it.";
    const Made made = (generator.build ? make_program : make_halide)(generator, request, target);
    const std::string base = request.base_name.empty() ? function_name(generator, request) : request.base_name;
    _halide_user_assert(base.find('/') == std::string::npos)
        << "-n needs a name without folders; it has " << base << ": give the folder with -o.";
    return write_together(request.folder, [&](const std::string &folder) {
        std::map<Halide::OutputFileType, std::string> outputs;
        for (const FileKind &kind : kinds) {
            const std::string path = folder + "/" + base + kind.extension;
            if (kind.halide) {
                outputs[*kind.halide] = path;
            } else {
                write_text(path, text_of(made, kind, generator.name));
            }
        }
        if (!outputs.empty()) {
            made.write(outputs);
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
