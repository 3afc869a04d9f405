#pragma once

#include "frontend/program.h"
#include "schedules/schedule.h"
#include "targets/target_table.h"
#include "targets/watch.h"

#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace sylvite {

/// The outcome of a run: a sylvite_code or Halide's error code, and one line of text when it is not 0.
struct Status {
    int code = 0;
    std::string text;
    bool ok() const { return code == 0; }
};

/// An argument by name: `{"u0", buffer}` or `{"n", 5}`.
class NamedArgument {
public:
    NamedArgument(std::string name, const Halide::Buffer<> &buffer) : name(std::move(name)), value(buffer) {}
    template<typename T, int dimensions>
    NamedArgument(std::string name, const Halide::Buffer<T, dimensions> &buffer) :
        name(std::move(name)), value(Halide::Buffer<>(buffer)) {}
    template<typename T, int dimensions, int in_class>
    NamedArgument(std::string name, const Halide::Runtime::Buffer<T, dimensions, in_class> &buffer) :
        name(std::move(name)), value(Halide::Buffer<>(Halide::Runtime::Buffer<>(buffer))) {}
    NamedArgument(std::string name, halide_buffer_t *buffer) : name(std::move(name)), value(buffer) {}
    template<typename T>
    requires std::is_integral_v<T> NamedArgument(std::string name, T number) :
        name(std::move(name)), value(static_cast<int64_t>(number)) {}
    template<typename T>
    requires std::is_floating_point_v<T> NamedArgument(std::string name, T number) :
        name(std::move(name)), value(static_cast<double>(number)) {}

    std::string name;
    std::variant<Halide::Buffer<>, halide_buffer_t *, int64_t, double> value;
};
using NamedArguments = std::vector<NamedArgument>;

/// A program compiled for this machine. Copies share the code; any number of threads may run it at once. The memory of
/// intermediate values is kept for the next run, at most twice what was in use at a time (targets/memory_pool.h).
class Executable {
public:
    /// Runs the program: `run({{"u0", a}, {"n", 5}, {"u", b}})`, each input and output once, in any order. Outputs are
    /// Buffers that the caller has made, of the right type and extents; when it returns, their values are in host
    /// memory. Throws Halide::RuntimeError with one line when an argument is missing, unknown or wrong, or a kernel
    /// fails.
    void run(const NamedArguments &arguments) const;
    void operator()(const NamedArguments &arguments) const { run(arguments); }

    /// The same without exceptions.
    Status try_run(const NamedArguments &arguments) const;

    /// The same for a caller who watches. What an observer throws is thrown on when the program has ended.
    void run(const NamedArguments &arguments, const Watch &watch) const;
    Status try_run(const NamedArguments &arguments, const Watch &watch) const;
    void run(const NamedArguments &arguments, const Observer &observer) const { run(arguments, Watch{observer}); }
    Status try_run(const NamedArguments &arguments, const Observer &observer) const {
        return try_run(arguments, Watch{observer});
    }

    /// The memory that a run has at most at a time, in bytes, known before it runs: the arrays that the program makes, and
    /// what kernels keep between their stages. `arguments` are the scalars on which that depends, sizes and numbers of
    /// steps; others are allowed, so those of run() will do. Not counted are the caller's arrays, stacks of threads,
    /// memory of GPUs, and what is kept from earlier runs. Parallel loops count as `threads` at a time, 0 for as many as
    /// set_threads() says. Where arrays decide whether a kernel or loop runs, it counts as if it did.
    /// The first call compiles a function, which repeats the loops in which sizes change from step to step and no others.
    /// Throws Halide::CompileError where arrays decide how much memory is asked for, Halide::RuntimeError for arguments.
    int64_t memory(const NamedArguments &arguments = {}, int threads = 0) const;

    const std::string &name() const;

    struct Code;
    explicit Executable(std::shared_ptr<const Code> code) : code_(std::move(code)) {}

private:
    std::shared_ptr<const Code> code_;
};

/// The program as one Halide module: its kernels, scheduled by `schedule` and lowered, and the function that drives
/// them. Kernels that `schedule` does not mention compute their outputs, and what has updates, at root, and inline the
/// rest. Throws Halide::CompileError when the schedule does not fit, or when the program has the name of a function of the
/// C library or of the run times.
Halide::Module lower(const Program &program, const TargetRow &target, const Schedule &schedule = {});
/// The same for a Halide target that differs from the row's in features.
Halide::Module lower(const Program &program, const TargetRow &target, const Halide::Target &halide_target,
                     const Schedule &schedule);

/// Compiles a program to run in this process. Throws Halide::CompileError when the target cannot run here.
///
/// Vulkan: Halide 21 places arrays wrongly unless the environment variable HL_VK_ALLOC_CONFIG is `0:32:0:0:64` before
/// a Vulkan kernel first runs in the process; that is for the caller to set.
Executable compile(const Program &program, const TargetRow &target = host(), const Schedule &schedule = {});

}  // namespace sylvite
