#include "targets/compile.h"

#include "frontend/extern_kernel.h"
#include "frontend/graph.h"
#include "targets/driver.h"
#include "targets/in_place.h"
#include "targets/kernel.h"
#include "targets/lower.h"
#include "targets/memory_plan.h"
#include "targets/statements.h"

#include <dlfcn.h>

using namespace Halide::Internal;

namespace sylvite {

namespace {

// A name of a C symbol that is the same from build to build; kernels step.2 and step_2 get different ones.
std::string symbol_of(const Program &program, const Kernel &kernel, std::set<std::string> &taken) {
    std::string first = program.name() + "__" + kernel.name;
    for (char &c : first) {
        c = std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
    }
    std::string symbol = first;
    for (int n = 2; !taken.insert(symbol).second; n++) {
        symbol = first + "_" + std::to_string(n);
    }
    return symbol;
}

// Whether the C library has a function of that name.
bool is_in_c_library(const std::string &name) {
    void *library = dlopen("libm.so.6", RTLD_LAZY);  // and libc, on which it depends
    const bool found = library && dlsym(library, name.c_str());
    if (library) {
        dlclose(library);
    }
    return found;
}

// Names that compiled code has for other things. Kernels of a program called `sinf` would call it for their sines.
void check_names(const Program &program) {
    const std::string &name = program.name();
    const bool taken = name.starts_with("halide_") || name.starts_with("sylvite_") || is_in_c_library(name);
    _halide_user_assert(!taken) << "lower() needs a program whose name no function of the C library or of the run "
                                << "times has; " << name << " is one: rename the program.";
    std::vector<std::string> names{name};
    for (const ProgramInput &input : program.inputs()) {
        names.push_back(input.name());
    }
    for (const ProgramOutput &output : program.outputs()) {
        names.push_back(output.name);
    }
    for (const std::string &n : names) {
        _halide_user_assert(!n.starts_with("__"))
            << "lower() needs names that do not begin with __; " << name << " has " << n << ": rename it.";
    }
}

// Gives a buffer of a kernel's module another name, there and in the functions that refer to it.
class Rename : public IRMutator {
public:
    Rename(const std::string &from, const Halide::Buffer<> &to) : from_(from + ".buffer"), to_(to) {}

private:
    const std::string from_;
    const Halide::Buffer<> to_;

    using IRMutator::visit;
    Expr visit(const Variable *op) override {
        return op->name == from_ ? Variable::make(op->type, to_.name() + ".buffer", to_) : Expr(op);
    }
};

// Device code and its state have the same names in the modules of all kernels, so buffers take the kernel's.
void append(Halide::Module &all, const Halide::Module &kernel, const std::string &symbol) {
    std::vector<LoweredFunc> functions = kernel.functions();
    for (const Halide::Buffer<> &buffer : kernel.buffers()) {
        const Halide::Buffer<> renamed(Halide::Runtime::Buffer<>(*buffer.get()), symbol + "." + buffer.name());
        Rename rename(buffer.name(), renamed);
        for (LoweredFunc &function : functions) {
            function.body = rename.mutate(function.body);
        }
        all.append(renamed);
    }
    for (const LoweredFunc &function : functions) {
        all.append(function);
    }
    all.set_any_strict_float(all.any_strict_float() || kernel.any_strict_float());
}

// Has a kernel say when it begins, to the call that keeps its memory.
void announce(Halide::Module &kernel, const std::string &symbol, int number) {
    for (LoweredFunc &function : kernel.functions()) {
        if (function.name == symbol) {
            Statements all;
            all.call("sylvite_kernel_begins", {user_context(), number});
            all.run(function.body);
            function.body = all.close();
        }
    }
}

Halide::Module lower_kernel(const Kernel &kernel, const TargetRow &row, const Halide::Target &target,
                            const Schedule &schedule, LoweredKernel &lowered) {
    const KernelPipeline pipeline = instantiate(kernel);
    apply(schedule, kernel.name, pipeline);
    try {
        Halide::Module module = lower_scheduled(kernel, pipeline, lowered.symbol, row, target);
        lowered.body = module.get_conceptual_stmt();
        // With several devices an array is in several places, which a kernel that works in place would have to know.
        if (!target.has_gpu_feature()) {
            lowered.in_place = in_place_pairs(pipeline);
        }
        return module;
    } catch (const Halide::CompileError &error) {
        rethrow_at_directive(error, schedule, kernel, row, target);
    }
}

}  // namespace

LoweredProgram lower_program(const Program &whole, const TargetRow &row, const Halide::Target &halide_target,
                             const Schedule &schedule) {
    check_names(whole);
    const Program program = with_fused_steps(whole, schedule);
    check(schedule, kernels_of(program), "program " + program.name());
    check(schedule, row);
    // A bounds query is an array without memory, as empty arrays of callers are: a kernel would do nothing.
    const Halide::Target target =
        halide_target.with_feature(Halide::Target::UserContext).with_feature(Halide::Target::NoBoundsQuery);
    const Block block = blocks_of(program);
    LoweredProgram lowered_program{Halide::Module(program.name(), target), {}};
    Halide::Module &module = lowered_program.module;
    std::map<std::string, LoweredKernel> &kernels = lowered_program.kernels;
    std::set<std::string> symbols;
    for (const Kernel &kernel : kernels_of(block)) {
        const ArrayNode &first = *kernel.outputs[0].node();
        _halide_user_assert(!is_extern_kernel(first) || first.value.function().extern_function_name() != program.name())
            << "lower() needs a program whose name no extern kernel has; " << program.name()
            << " calls a C function of that name: rename the program.";
        LoweredKernel &lowered = kernels[kernel.name];
        lowered.symbol = symbol_of(program, kernel, symbols);
        Halide::Module one = lower_kernel(kernel, row, target, schedule, lowered);
        // In this process an Executable keeps it. The run time of GPUs allocates under our context too, for longer.
        if (!target.has_feature(Halide::Target::JIT) && !target.has_gpu_feature() && takes_memory(lowered.body)) {
            announce(one, lowered.symbol, static_cast<int>(symbols.size()));
        }
        append(module, one, lowered.symbol);
    }
    module.append(make_driver(program, block, kernels, target));
    return lowered_program;
}

Halide::Module lower(const Program &program, const TargetRow &row, const Halide::Target &halide_target,
                     const Schedule &schedule) {
    return lower_program(program, row, halide_target, schedule).module;
}

Halide::Module lower(const Program &program, const TargetRow &target, const Schedule &schedule) {
    return lower(program, target, target.halide_target(), schedule);
}

}  // namespace sylvite
