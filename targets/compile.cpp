#include "targets/compile.h"

#include "frontend/blocks.h"
#include "frontend/extern_kernel.h"
#include "frontend/names.h"
#include "targets/lower.h"
#include "targets/memory_plan.h"
#include "targets/memory_pool.h"
#include "targets/runtime/sylvite_runtime.h"

#include <dlfcn.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <mutex>
#include <set>

using namespace Halide::Internal;

namespace sylvite {

struct Executable::Code {
    Program program;
    LoweredProgram lowered;
    JITModule module;
    std::unique_ptr<MemoryPool> pool = std::make_unique<MemoryPool>();

    // The function of memory(), compiled when it is first asked for.
    struct MemoryFunction {
        std::once_flag once;
        JITModule module;
        std::set<std::string> arguments;
    };
    std::unique_ptr<MemoryFunction> memory = std::make_unique<MemoryFunction>();
};

namespace {

// The run-time library as symbols for code compiled in this process.
JITModule runtime_symbols() {
    JITModule symbols;
    const auto add = [&](const char *name, auto *function) {
        symbols.add_symbol_for_export(name, JITModule::Symbol(reinterpret_cast<void *>(function)));
    };
    add("sylvite_kernel_error", sylvite_kernel_error);
    add("sylvite_check_array", sylvite_check_array);
    add("sylvite_check_overlap", sylvite_check_overlap);
    add("sylvite_check_history", sylvite_check_history);
    add("sylvite_value_of", sylvite_value_of);
    add("sylvite_watching", sylvite_watching);
    add("sylvite_step", sylvite_step);
    add("sylvite_clock", sylvite_clock);
    add("sylvite_kernel_ran", sylvite_kernel_ran);
    add("sylvite_point_at_slice", sylvite_point_at_slice);
    add("sylvite_hold", sylvite_hold);
    add("sylvite_hold_arena", sylvite_hold_arena);
    add("sylvite_reserve", sylvite_reserve);
    add("sylvite_release", sylvite_release);
    add("sylvite_device_room", sylvite_device_room);
    add("sylvite_host_only", sylvite_host_only);
    return symbols;
}

// A scalar argument in the bytes of its type.
struct Scalar {
    alignas(8) unsigned char bytes[8] = {};
};

template<typename T>
bool put(double number, Scalar &scalar) {
    const T value = static_cast<T>(number);
    std::memcpy(scalar.bytes, &value, sizeof value);
    return true;
}

bool put_integer(int64_t number, const Halide::Type &type, Scalar &scalar) {
    if (type.is_uint() ? number < 0 || (type.bits() < 64 && number >> type.bits() != 0) : !type.can_represent(number)) {
        return false;
    }
    std::memcpy(scalar.bytes, &number, (type.bits() + 7) / 8);  // little-endian, as all hosts of Halide's JIT are
    return true;
}

bool put_number(const NamedArgument &argument, const Halide::Type &type, Scalar &scalar) {
    const auto *integer = std::get_if<int64_t>(&argument.value);
    const auto *real = std::get_if<double>(&argument.value);
    if (type.is_int_or_uint()) {
        return integer && put_integer(*integer, type, scalar);
    }
    const double number = integer ? static_cast<double>(*integer) : *real;
    if (type == Halide::Float(64)) {
        return put<double>(number, scalar);
    }
    if (type == Halide::Float(32)) {
        return put<float>(number, scalar);
    }
    if (type == Halide::Float(16)) {
        return put<Halide::float16_t>(number, scalar);
    }
    return type == Halide::BFloat(16) && put<Halide::bfloat16_t>(number, scalar);
}

Status refuse(const std::string &text) { return {-1, text}; }

// Arguments in the order of the compiled function, as pointers.
class Arguments {
public:
    Arguments(const Program &program, const NamedArguments &given) : program_(program), given_(given) {
        pointers_.push_back(&context_);
        scalars_.resize(program.inputs().size());
        used_.resize(given.size());
    }

    Status collect() {
        for (size_t i = 0; i < program_.inputs().size(); i++) {
            const ProgramInput &input = program_.inputs()[i];
            take(input.name(), input.type(), input.is_array(), &scalars_[i]);
        }
        for (const ProgramOutput &output : program_.outputs()) {
            take(output.name, output.array.type(), true, nullptr);
        }
        return outcome();
    }

    // The scalars of these names only; others may be given.
    Status collect(const std::set<std::string> &names) {
        pointers_.clear();
        for (size_t i = 0; i < program_.inputs().size(); i++) {
            const ProgramInput &input = program_.inputs()[i];
            if (names.count(input.name())) {
                take(input.name(), input.type(), false, &scalars_[i]);
            } else {
                allow(input.name());
            }
        }
        for (const ProgramOutput &output : program_.outputs()) {
            allow(output.name);
        }
        return outcome();
    }

    void add(const void *pointer) { pointers_.push_back(pointer); }
    const void *const *pointers() const { return pointers_.data(); }

    const void *const *pointers(Halide::JITUserContext *context) {
        context_ = context;
        return pointers_.data();
    }

private:
    const Program &program_;
    const NamedArguments &given_;
    const void *context_ = nullptr;
    std::vector<Scalar> scalars_;
    std::vector<const void *> pointers_;
    std::vector<bool> used_;  // of those given
    std::vector<std::string> known_;
    Status status_;

    const NamedArgument *allow(const std::string &name) {
        known_.push_back(name);
        const NamedArgument *found = nullptr;
        for (size_t i = 0; i < given_.size(); i++) {
            if (given_[i].name == name) {
                if (found && status_.ok()) {
                    status_ = refuse(program_.name() + ": argument " + name + " is given twice");
                }
                found = &given_[i];
                used_[i] = true;
            }
        }
        return found;
    }

    void take(const std::string &name, const Halide::Type &type, bool is_array, Scalar *scalar) {
        const NamedArgument *found = allow(name);
        if (status_.ok()) {
            status_ = found ? add(*found, type, is_array, scalar)
                            : refuse(program_.name() + ": argument " + name + " is missing");
        }
    }

    // A misspelt name is also a missing one; its own message says more.
    Status outcome() const {
        const auto stranger = std::find(used_.begin(), used_.end(), false);
        return stranger == used_.end() ? status_ : unknown(given_[stranger - used_.begin()].name, known_);
    }

    Status unknown(const std::string &name, const std::vector<std::string> &known) const {
        return refuse(program_.name() + ": there is no argument " + name + "; the arguments are " + list_of(known) +
                      did_you_mean(name, known, ""));
    }

    Status add(const NamedArgument &argument, const Halide::Type &type, bool is_array, Scalar *scalar) {
        const auto *buffer = std::get_if<Halide::Buffer<>>(&argument.value);
        const auto *raw = std::get_if<halide_buffer_t *>(&argument.value);
        if (is_array != (buffer || raw)) {
            return refuse(program_.name() + ": argument " + argument.name + " must be " +
                          (is_array ? "an array, not a number" : "a number, not an array"));
        }
        if (is_array) {
            pointers_.push_back(raw                 ? *raw
                                : buffer->defined() ? const_cast<halide_buffer_t *>(buffer->raw_buffer())
                                                    : nullptr);
            return {};
        }
        if (!put_number(argument, type, *scalar)) {
            std::ostringstream text;
            text << program_.name() << ": argument " << argument.name << " must be a number of type " << type;
            return refuse(text.str());
        }
        pointers_.push_back(scalar->bytes);
        return {};
    }
};

using Malloc = decltype(Halide::JITHandlers::custom_malloc);

// What Halide allocates by where no handler is set. It can only be asked for while none is.
Malloc halides_malloc() {
    static const Malloc malloc = [] {
        const Halide::JITHandlers set = JITSharedRuntime::set_default_handlers({});
        Halide::JITUserContext context;
        JITSharedRuntime::populate_jit_handlers(&context, {});
        JITSharedRuntime::set_default_handlers(set);
        return context.handlers.custom_malloc;
    }();
    return malloc;
}

// What the handlers of a run get to see. Memory comes from the pool, unless the process has set an allocator of its own.
struct RunContext : Halide::JITUserContext {
    explicit RunContext(MemoryPool &pool) : pool(pool) {
        Halide::JITUserContext defaults;
        JITSharedRuntime::populate_jit_handlers(&defaults, {});
        Halide::JITHandlers handlers;
        handlers.custom_error = [](JITUserContext *c, const char *text) { sylvite_report(c, text); };
        if (defaults.handlers.custom_malloc == halides_malloc()) {
            handlers.custom_malloc = [](JITUserContext *c, size_t bytes) {
                return static_cast<RunContext *>(c)->pool.take(bytes);
            };
            handlers.custom_free = [](JITUserContext *c, void *memory) {
                static_cast<RunContext *>(c)->pool.give_back(memory);
            };
        }
        JITSharedRuntime::populate_jit_handlers(this, handlers);
    }
    MemoryPool &pool;
};

}  // namespace

const std::string &Executable::name() const { return code_->program.name(); }

Status Executable::try_run(const NamedArguments &arguments) const {
    Arguments in_order(code_->program, arguments);
    Status status = in_order.collect();
    if (!status.ok()) {
        return status;
    }
    RunContext context(*code_->pool);
    sylvite_begin();
    status.code = code_->module.argv_function()(in_order.pointers(&context));
    if (!status.ok()) {
        status.text = sylvite_last_error();
    }
    return status;
}

Status Executable::try_run(const NamedArguments &arguments, const Watch &watch) const {
    // Exceptions must not pass through compiled code.
    struct Watched {
        const Observer &observer;
        std::exception_ptr thrown;
    } watched{watch.observer, nullptr};
    const auto tell = [](void *context, const sylvite_loop_step *step) {
        auto &w = *static_cast<Watched *>(context);
        try {
            return w.observer(LoopStep(*step)) ? 0 : 1;
        } catch (...) {
            w.thrown = std::current_exception();
            return 1;
        }
    };
    std::vector<sylvite_kernel_time> kernels(watch.profile ? code_->lowered.kernels.size() : 0);
    sylvite_profile profile{kernels.data(), static_cast<int>(kernels.size()), 0, 0};
    const sylvite_watch asked{watch.observer ? +tell : nullptr, &watched, watch.finite ? 1 : 0,
                              watch.profile ? &profile : nullptr};
    struct Reset {
        const sylvite_watch *before;
        ~Reset() { sylvite_set_watch(before); }
    } const reset{sylvite_set_watch(&asked)};
    const Status status = try_run(arguments);
    for (int i = 0; i < profile.count; i++) {
        watch.profile->add({kernels[i].program, kernels[i].kernel, kernels[i].calls, kernels[i].nanoseconds * 1e-9});
    }
    if (watched.thrown) {
        std::rethrow_exception(watched.thrown);
    }
    return status;
}

namespace {

void throw_if_failed(const Status &status) {
    if (!status.ok()) {
        throw Halide::RuntimeError(status.text.c_str());
    }
}

}  // namespace

void Executable::run(const NamedArguments &arguments) const { throw_if_failed(try_run(arguments)); }

int64_t Executable::memory(const NamedArguments &arguments, int threads) const {
    Code::MemoryFunction &memory = *code_->memory;
    std::call_once(memory.once, [&] {
        const Halide::Module &module = code_->lowered.module;
        const LoweredFunc function =
            make_memory_function(code_->program, module.get_function_by_name(name()), code_->lowered.kernels);
        for (const LoweredArgument &argument : function.args) {
            memory.arguments.insert(argument.name);
        }
        Halide::Module alone(function.name, module.target());
        alone.append(function);
        memory.module = JITModule(alone, function, {runtime_symbols()});
    });
    if (threads <= 0 && JITSharedRuntime::get_num_threads() <= 0) {
        JITSharedRuntime::set_num_threads(0);  // as the first parallel loop would
    }
    const int32_t at_a_time = threads > 0 ? threads : JITSharedRuntime::get_num_threads();
    sylvite_memory planned{};
    const sylvite_memory *const result = &planned;
    Arguments in_order(code_->program, arguments);
    throw_if_failed(in_order.collect(memory.arguments));
    in_order.add(&at_a_time);
    in_order.add(&result);
    memory.module.argv_function()(in_order.pointers());
    return planned.peak;
}

void Executable::run(const NamedArguments &arguments, const Watch &watch) const {
    throw_if_failed(try_run(arguments, watch));
}

namespace {

// JIT code finds C functions where dlsym() does.
void require_extern_kernels(const Program &program) {
    void *process = dlopen(nullptr, RTLD_LAZY);
    for (const Kernel &kernel : kernels_of(program)) {
        for (const Array &output : kernel.outputs) {
            const std::string name =
                is_extern_kernel(*output.node()) ? output.node()->value.function().extern_function_name() : "";
            _halide_user_assert(name.empty() || dlsym(process, name.c_str()))
                << "compile() needs the C functions of extern kernels in this process; it has no " << name
                << ", which kernel " << kernel.name << " of " << program.name()
                << " calls: link it, and export it (-rdynamic; ENABLE_EXPORTS in CMake).";
        }
    }
    dlclose(process);
}

}  // namespace

Executable compile(const Program &program, const TargetRow &target, const Schedule &schedule) {
    const std::string obstacle = why_not_here(target);
    _halide_user_assert(obstacle.empty()) << "compile() needs a target that can run here; " << target.name
                                          << " cannot: " << obstacle << ". Code for it can be written with emit().";
    require_extern_kernels(program);
    const LoweredProgram lowered =
        lower_program(program, target, target.halide_target().with_feature(Halide::Target::JIT), schedule);
    const Halide::Module &module = lowered.module;
    return Executable(std::make_shared<const Executable::Code>(Executable::Code{
        program, lowered, JITModule(module, module.get_function_by_name(program.name()), {runtime_symbols()})}));
}

}  // namespace sylvite
