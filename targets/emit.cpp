#include "targets/emit.h"

#include "frontend/files.h"
#include "frontend/temporary_folder.h"
#include "targets/device_code.h"
#include "targets/lower.h"
#include "targets/memory_plan.h"

#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <set>

namespace fs = std::filesystem;

namespace sylvite {

namespace {

using Halide::OutputFileType;

// Files under their own names, which archives keep, in temporary folders beside the places where they are to be. What is not
// published is removed.
class TemporaryFiles {
public:
    std::string for_path(const fs::path &path) {
        const fs::path parent = path.has_parent_path() ? path.parent_path() : fs::path(".");
        _halide_user_assert(fs::is_directory(parent)) << "emit() needs a folder that exists; " << path.string()
                                                      << " is in none: create " << parent.string() << ".";
        const std::string obstacle = why_not_replaced(path);
        _halide_user_assert(obstacle.empty()) << "emit() cannot write " << path.string() << ": " << obstacle << ".";
        std::unique_ptr<TemporaryFolder> &folder = folders_[parent];
        if (!folder) {
            try {
                folder = std::make_unique<TemporaryFolder>(parent);
            } catch (const fs::filesystem_error &error) {
                _halide_user_error << "emit() cannot write " << path.string() << ": " << error.code().message() << ".";
            }
        }
        files_.emplace_back(folder->path() / path.filename(), path);
        return files_.back().first;
    }

    void write(const std::string &path, const std::string &content) {
        const std::string temporary = for_path(path);
        std::ofstream file(temporary, std::ios::binary);
        file << content;
        file.close();
        _halide_user_assert(file.good()) << "emit() cannot write " << path << ": " << std::strerror(errno) << ".";
    }

    void publish() {
        for (const auto &[temporary, path] : files_) {
            _halide_user_assert(fs::exists(temporary) && fs::file_size(temporary) > 0)
                << "emit() cannot write " << path.string() << ": the file is missing or empty; is the disk full?";
        }
        for (const auto &[temporary, path] : files_) {
            std::error_code failure;
            fs::rename(temporary, path, failure);
            _halide_user_assert(!failure)
                << "emit() cannot write " << path.string() << ": " << failure.message() << ".";
        }
        files_.clear();
    }

private:
    std::map<fs::path, std::unique_ptr<TemporaryFolder>> folders_;  // by what they are in
    std::vector<std::pair<fs::path, fs::path>> files_;
};

std::string c_type(const Halide::Type &type) {
    if (type.is_bool()) {
        return "bool";
    }
    if (type == Halide::Float(32)) {
        return "float";
    }
    if (type == Halide::Float(64)) {
        return "double";
    }
    // 16-bit floats travel as their bits.
    return (type.is_int() ? "int" : "uint") + std::to_string(type.bits()) + "_t";
}

// Names that cannot stand in the header.
void check_names(const Program &program) {
    static const std::set<std::string> keywords = {
        "alignas",   "alignof",   "and",      "asm",      "auto",     "bool",      "break",    "case",     "catch",
        "char",      "class",     "compl",    "concept",  "const",    "constexpr", "continue", "decltype", "default",
        "delete",    "do",        "double",   "else",     "enum",     "explicit",  "export",   "extern",   "false",
        "float",     "for",       "friend",   "goto",     "if",       "inline",    "int",      "long",     "main",
        "mutable",   "namespace", "new",      "noexcept", "not",      "nullptr",   "operator", "or",       "private",
        "protected", "public",    "register", "requires", "restrict", "return",    "short",    "signed",   "sizeof",
        "static",    "struct",    "switch",   "template", "this",     "throw",     "true",     "try",      "typedef",
        "typeid",    "typename",  "union",    "unsigned", "using",    "virtual",   "void",     "volatile", "while",
        "xor"};
    std::vector<std::string> names{program.name()};
    for (const ProgramInput &input : program.inputs()) {
        names.push_back(input.name());
    }
    for (const ProgramOutput &output : program.outputs()) {
        names.push_back(output.name);
    }
    for (const std::string &name : names) {
        _halide_user_assert(!keywords.count(name)) << "emit() needs names that C and C++ programs can use; "
                                                   << program.name() << " has " << name << ": rename it.";
    }
}

std::string words(const Halide::Type &type) {
    std::ostringstream text;
    text << type;
    return type.is_bool() ? "bool" : text.str();
}

// A formula without the parentheses around all of it that Halide prints.
std::string words(const Expr &extent) {
    std::ostringstream text;
    text << extent;
    std::string formula = text.str();
    int depth = 0;
    for (size_t i = 0; i + 1 < formula.size(); i++) {
        depth += (formula[i] == '(') - (formula[i] == ')');
        if (depth == 0) {
            return formula;
        }
    }
    return formula.front() == '(' ? formula.substr(1, formula.size() - 2) : formula;
}

std::string describe(const Array &array) {
    std::string text = words(array.type()) + " [";
    for (int d = 0; d < array.dimensions(); d++) {
        text += (d ? ", " : "") + words(array.extents()[d]);
    }
    return text + "]";
}

void add_device_code(const Halide::Module &module, const std::string &path, TemporaryFiles &files) {
    const std::vector<DeviceCode> codes = device_code(module);
    _halide_user_assert(!codes.empty()) << "emit() finds no device code for " << path
                                        << ": no kernel is scheduled on a GPU.";
    for (const DeviceCode &code : codes) {
        files.write(codes.size() == 1 ? path : path + "." + code.name, code.bytes);
    }
}

// What a header is made of: the functions, the last arguments of which have other names.
Halide::Module with_last_names(const Halide::Module &module, const std::vector<std::string> &names) {
    Halide::Module renamed(module.name(), module.target());
    for (Halide::Internal::LoweredFunc function : module.functions()) {
        const bool is_called = function.name == module.name() && function.args.size() >= names.size();
        for (size_t i = 0; is_called && i < names.size(); i++) {
            function.args[function.args.size() - names.size() + i].name = names[i];
        }
        renamed.append(function);
    }
    return renamed;
}

}  // namespace

std::string c_header(const Program &program) {
    const std::string guard = "SYLVITE_" + program.name() + "_H";
    std::ostringstream text, arguments, scalars;
    std::set<std::string> names;
    for (const ProgramInput &input : program.inputs()) {
        arguments << (arguments.tellp() ? ", " : "");
        arguments << (input.is_array() ? "struct halide_buffer_t *" : c_type(input.type()) + " ") << input.name();
        if (!input.is_array()) {
            scalars << c_type(input.type()) << " " << input.name() << ", ";
            names.insert(input.name());
        }
    }
    const std::string threads = names.count("threads") ? "threads_" : "threads",
                      bytes = names.count("bytes") ? "bytes_" : "bytes";
    for (const ProgramOutput &output : program.outputs()) {
        arguments << (arguments.tellp() ? ", " : "") << "struct halide_buffer_t *" << output.name;
    }
    text << "#ifndef " << guard << "\n#define " << guard << "\n\n"
         << "#include <stdbool.h>\n#include <targets/runtime/sylvite_runtime.h>\n\n"
         << "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n"
         << "/** Inputs are not changed; outputs are made by the caller and must not share memory with other "
            "arguments.\n"
         << " * The first dimension is dense. Returns 0 or an error code; sylvite_last_error() says what happened.\n "
            "*\n";
    for (const ProgramInput &input : program.inputs()) {
        text << " * @param[in] " << input.name() << " "
             << (input.is_array() ? describe(input.array()) : words(input.type())) << "\n";
    }
    for (const ProgramOutput &output : program.outputs()) {
        text << " * @param[out] " << output.name << " " << describe(output.array) << "\n";
    }
    text << " */\nint " << program.name() << "(" << arguments.str() << ");\n\n"
         << "/** The most memory that a call takes at a time, known before it: arrays of the program, and what its "
            "kernels keep\n"
         << " * between their stages. Returns 0, or sylvite_unknown_memory where arrays decide on it.\n *\n"
         << " * @param[in] " << threads << " how many run parallel loops; 0: as halide_set_num_threads() says\n"
         << " * @param[out] " << bytes << "\n */\n"
         << "int " << program.name() << "_memory(" << scalars.str() << "int32_t " << threads << ", int64_t *" << bytes
         << ");\n\n"
         << "#ifdef __cplusplus\n}\n#endif\n\n#endif\n";
    return text.str();
}

void emit(const Program &program, const TargetRow &target, const Schedule &schedule,
          const std::map<OutputFileType, std::string> &outputs, const EmitOptions &options) {
    check_names(program);
    Halide::Target halide_target = target.halide_target();
    if (!options.with_halide_runtime) {
        halide_target.set_feature(Halide::Target::NoRuntime);
    }
    LoweredProgram lowered = lower_program(program, target, halide_target, schedule);
    Halide::Module &module = lowered.module;
    module.append(make_memory_query(program, module.get_function_by_name(program.name()), lowered.kernels));
    TemporaryFiles files;
    std::map<OutputFileType, std::string> of_halide;
    for (const auto &[kind, path] : outputs) {
        if (kind == OutputFileType::c_header) {
            files.write(path, c_header(program));
        } else if (kind == OutputFileType::device_code) {
            add_device_code(module, path, files);
        } else {
            of_halide[kind] = files.for_path(path);
        }
    }
    if (!of_halide.empty()) {
        module.compile(of_halide);
    }
    files.publish();
}

void emit(const Halide::Module &module, const std::map<OutputFileType, std::string> &outputs,
          const std::vector<std::string> &last_names) {
    TemporaryFiles files;
    std::map<OutputFileType, std::string> of_halide;
    for (const auto &[kind, path] : outputs) {
        if (kind == OutputFileType::c_header) {
            with_last_names(module, last_names).compile({{kind, files.for_path(path)}});
        } else if (kind == OutputFileType::device_code) {
            add_device_code(module, path, files);
        } else {
            of_halide[kind] = files.for_path(path);
        }
    }
    if (!of_halide.empty()) {
        module.compile(of_halide);
    }
    files.publish();
}

void emit_runtime(const TargetRow &target, const std::string &path) {
    TemporaryFiles files;
    Halide::compile_standalone_runtime({{OutputFileType::static_library, files.for_path(path)}},
                                       target.halide_target());
    files.publish();
}

}  // namespace sylvite
