#pragma once

#include "frontend/program.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace sylvite {

/// A kind of file that -e makes.
struct FileKind {
    const char *name;
    const char *extension;
    std::optional<Halide::OutputFileType> halide;  ///< what emit() makes of a program, or none for a text:
    const char *help;
    std::string (*text)(const Program &) = nullptr;  ///< of the program; null for that of the schedule
};

/// All kinds, in the order in which `-h` lists them.
const std::vector<FileKind> &file_kinds();

/// The kind of that name. Throws Halide::CompileError that lists the kinds when there is none.
const FileKind &find_file_kind(const std::string &name);

/// Makes files together or not at all: `write` makes them in the folder that it is given, which is then emptied into
/// `folder`; if it throws, `folder` stays as it was. `folder` must exist. Throws Halide::CompileError when a file
/// cannot be made. Returns the paths of the files, sorted.
std::vector<std::string> write_together(const std::string &folder,
                                        const std::function<void(const std::string &folder)> &write);

}  // namespace sylvite
