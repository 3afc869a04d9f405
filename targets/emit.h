#pragma once

#include "targets/compile.h"

#include <map>

namespace sylvite {

/// Options of `emit`.
struct EmitOptions {
    /// Whether object files and libraries carry Halide's run time. Its symbols are weak, so several libraries of one
    /// program may all carry it; without it, link one made by emit_runtime().
    bool with_halide_runtime = true;
};

/// Compiles a program ahead of time to the files in `outputs`, by kind: `{{OutputFileType::static_library, "wave.a"},
/// {OutputFileType::c_header, "wave.h"}}`. Files are written under temporary names and renamed when all are complete,
/// so that a failure leaves nothing half written. A deployed program links the library, the run-time library of
/// targets/runtime (C) and -lpthread -ldl. All names that the linker sees begin with the program's, so libraries
/// of different programs can be linked together. OutputFileType::device_code writes the device code of the kernels, as
/// `path.<name>` where there are several pieces.
/// Throws Halide::CompileError when the schedule does not fit or a file cannot be written.
void emit(const Program &program, const TargetRow &target, const Schedule &schedule,
          const std::map<Halide::OutputFileType, std::string> &outputs, const EmitOptions &options = {});

/// Writes the files of a module that is lowered already, in the same way. The header is Halide's, in which the last
/// arguments of the module's function are called `last_names`.
void emit(const Halide::Module &module, const std::map<Halide::OutputFileType, std::string> &outputs,
          const std::vector<std::string> &last_names = {});

/// Writes Halide's run time for the target as a static library, for libraries that do not carry it.
void emit_runtime(const TargetRow &target, const std::string &path);

/// The C header of a compiled program: its function, and each argument's type and extents in words.
std::string c_header(const Program &program);

}  // namespace sylvite
