#pragma once

// Runs programs on every target of the table, each in the way in which it can be checked on this machine. For tests
// that link the room `targets`.

#include "targets/device_code.h"
#include "targets/emit.h"
#include "tests/support/folder.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>

namespace sylvite {
/// How GoogleTest prints a parameter: it looks for this name.
inline void PrintTo(const TargetRow &row, std::ostream *out) { *out << row.name; }  // NOLINT
}  // namespace sylvite

namespace sylvite::test {

using Results = std::map<std::string, Halide::Buffer<>>;

/// The programs that check code for other machines; an empty path where there is none.
struct Tools {
    std::string ptxas = SYLVITE_PTXAS, spirv_val = SYLVITE_SPIRV_VAL, qemu = SYLVITE_QEMU_AARCH64,
                aarch64_compiler = c_compiler(SYLVITE_AARCH64_CXX), compiler = "cc";

    /// The C compiler that comes with a g++.
    static std::string c_compiler(const std::string &cxx) {
        return cxx.empty() ? "" : cxx.substr(0, cxx.size() - 2) + "cc";
    }
};

inline bool is_there(const std::string &path) { return !path.empty() && std::filesystem::exists(path); }

/// Why code for the target cannot be checked here, or an empty text.
inline std::string why_not_checked(const TargetRow &row) {
    const Tools tools;
    switch (row.verified) {
    case Verified::run:
    case Verified::lavapipe:
        return why_not_here(row);
    case Verified::qemu:
        return is_there(tools.qemu) && is_there(tools.aarch64_compiler)
                   ? ""
                   : "there is no qemu-aarch64 (qemu-user) or no g++-aarch64-linux-gnu";
    case Verified::ptxas:
        return is_there(tools.ptxas) ? "" : "there is no ptxas";
    }
    return "";
}

/// The arguments with new arrays in place of those of the outputs, filled with 0xAA.
inline std::pair<NamedArguments, Results> with_fresh_outputs(const Program &program, const NamedArguments &arguments) {
    NamedArguments fresh;
    Results results;
    for (const NamedArgument &argument : arguments) {
        bool is_output = false;
        for (const ProgramOutput &output : program.outputs()) {
            is_output |= output.name == argument.name;
        }
        if (!is_output) {
            fresh.push_back(argument);
            continue;
        }
        const auto &given = std::get<Halide::Buffer<>>(argument.value);
        std::vector<int> sizes;
        for (int d = 0; d < given.dimensions(); d++) {
            sizes.push_back(given.dim(d).extent());
        }
        Halide::Buffer<> array(given.type(), sizes);
        if (array.data()) {
            std::memset(array.data(), 0xAA, array.size_in_bytes());
        }
        results[argument.name] = array;
        fresh.emplace_back(argument.name, array);
    }
    return {fresh, results};
}

/// Compiles in this process and runs.
inline Results run_here(const Program &program, const TargetRow &row, const Schedule &schedule,
                        const NamedArguments &arguments) {
    if (row.verified == Verified::lavapipe) {
        setenv("HL_VK_ALLOC_CONFIG", "0:32:0:0:64", 0);  // see compile()
    }
    const auto [fresh, results] = with_fresh_outputs(program, arguments);
    compile(program, row, schedule).run(fresh);
    return results;
}

/// Runs a shell command; returns what it prints, and fails the test when its exit status is not 0.
inline std::string output_of(const std::string &command) {
    std::string output;
    FILE *pipe = popen((command + " 2>&1").c_str(), "r");
    for (int c; (c = fgetc(pipe)) != EOF;) {
        output += static_cast<char>(c);
    }
    EXPECT_EQ(pclose(pipe), 0) << command << "\n" << output;
    return output;
}

/// A C program that calls the library: reads the arrays from one file and writes the outputs to another.
inline std::string main_of(const Program &program, const NamedArguments &arguments) {
    std::ostringstream declare, load, call, store;
    const auto argument = [&](const std::string &name, bool is_output) {
        for (const NamedArgument &a : arguments) {
            if (a.name != name) {
                continue;
            }
            call << (call.tellp() ? ", " : "");
            if (const auto *number = std::get_if<int64_t>(&a.value)) {
                call << *number;
            } else if (const auto *real = std::get_if<double>(&a.value)) {
                call << std::hexfloat << *real;
            } else {
                const auto &array = std::get<Halide::Buffer<>>(a.value);
                declare << "    struct halide_dimension_t dim_" << name << "[] = {";
                for (int d = 0; d < array.dimensions(); d++) {
                    declare << "{0, " << array.dim(d).extent() << ", " << array.dim(d).stride() << ", 0}, ";
                }
                declare << "{0, 0, 0, 0}};\n    struct halide_buffer_t " << name << " = {0};\n    " << name
                        << ".dim = dim_" << name << ";\n    " << name << ".dimensions = " << array.dimensions()
                        << ";\n    " << name << ".type.code = " << int(array.type().code()) << ";\n    " << name
                        << ".type.bits = " << array.type().bits() << ";\n    " << name << ".type.lanes = 1;\n    "
                        << name << ".host = malloc(" << array.size_in_bytes() << " + 1);\n";
                (is_output ? store : load)
                    << "    if (" << (is_output ? "fwrite" : "fread") << "(" << name << ".host, 1, "
                    << array.size_in_bytes() << ", " << (is_output ? "out" : "in") << ") != " << array.size_in_bytes()
                    << ") return 2;\n";
                call << "&" << name;
            }
            return;
        }
        FAIL() << "no argument " << name;
    };
    for (const ProgramInput &input : program.inputs()) {
        argument(input.name(), false);
    }
    for (const ProgramOutput &output : program.outputs()) {
        argument(output.name, true);
    }
    return "#include \"" + program.name() + ".h\"\n#include <stdio.h>\n#include <stdlib.h>\n\n" +
           "int main(int argc, char **argv) {\n    if (argc != 3) return 3;\n" +
           "    FILE *in = fopen(argv[1], \"rb\"), *out = fopen(argv[2], \"wb\");\n    (void)in;\n" + declare.str() +
           load.str() + "    int code = " + program.name() + "(" + call.str() + ");\n" +
           "    if (code) {\n        printf(\"%d %s\\n\", code, sylvite_last_error());\n        return 1;\n    }\n" +
           store.str() + "    fclose(out);\n    return 0;\n}\n";
}

/// What compiles C files that use libraries in `folder`.
inline std::string compile_command(const std::string &compiler, const std::string &folder) {
    std::string command =
        compiler + " -g -std=c11 -Wall -Wextra -Werror -I" SYLVITE_SOURCE_DIR " -I" SYLVITE_HALIDE_INCLUDE " -I" +
        folder;
    for (const char *part : {"runtime", "vulkan", "watch"}) {
        command += std::string(" " SYLVITE_SOURCE_DIR "/targets/runtime/sylvite_") + part + ".c";
    }
    return command + " ";
}

/// Compiles to a static library, links it with a C program, and runs that; `compiler` and `runner` are those of the
/// target. The functions of tests/support/extern_kernels.c are linked too.
inline Results run_library(const Program &program, const TargetRow &row, const Schedule &schedule,
                           const NamedArguments &arguments, const std::string &compiler, const std::string &runner) {
    const auto [fresh, results] = with_fresh_outputs(program, arguments);
    const std::string folder = new_kept_folder(program.name() + "_" + row.name), base = folder + "/" + program.name();
    emit(program, row, schedule,
         {{Halide::OutputFileType::static_library, base + ".a"}, {Halide::OutputFileType::c_header, base + ".h"}});
    std::ofstream(folder + "/main.c") << main_of(program, fresh);
    std::ofstream in(folder + "/in", std::ios::binary);
    for (const ProgramInput &input : program.inputs()) {
        for (const NamedArgument &a : fresh) {
            if (a.name == input.name() && input.is_array()) {
                const auto &array = std::get<Halide::Buffer<>>(a.value);
                in.write(static_cast<const char *>(array.data()), static_cast<std::streamsize>(array.size_in_bytes()));
            }
        }
    }
    in.close();
    output_of(compile_command(compiler, folder) + folder + "/main.c " + base + ".a " +
              SYLVITE_SOURCE_DIR "/tests/support/extern_kernels.c " + (runner == Tools().qemu ? "-static " : "") +
              "-o " + folder + "/main -lpthread -ldl -lm");
    output_of(runner + " " + folder + "/main " + folder + "/in " + folder + "/out");
    std::ifstream out(folder + "/out", std::ios::binary);
    for (const ProgramOutput &output : program.outputs()) {
        Halide::Buffer<> array = results.at(output.name);
        out.read(static_cast<char *>(array.data()), static_cast<std::streamsize>(array.size_in_bytes()));
    }
    EXPECT_TRUE(out.good());
    return results;
}

inline double element(const Halide::Buffer<> &array, size_t i) {
    switch (array.type().element_of().bits() * 4 + array.type().code()) {
    case 32 * 4 + halide_type_float:
        return static_cast<const float *>(array.data())[i];
    case 64 * 4 + halide_type_float:
        return static_cast<const double *>(array.data())[i];
    case 32 * 4 + halide_type_int:
        return static_cast<const int32_t *>(array.data())[i];
    case 8 * 4 + halide_type_uint:
        return static_cast<const uint8_t *>(array.data())[i];
    case 16 * 4 + halide_type_int:
        return static_cast<const int16_t *>(array.data())[i];
    }
    ADD_FAILURE() << "element() knows nothing of " << array.type();
    return 0;
}

/// Expects equal results, up to `tolerance` relative to the largest number.
inline void expect_same(const Results &got, const Results &want, double tolerance) {
    for (const auto &[name, a] : want) {
        const Halide::Buffer<> &b = got.at(name);
        double largest = 0;
        for (size_t i = 0; i < a.number_of_elements(); i++) {
            largest = std::max(largest, std::abs(element(a, i)));
        }
        int wrong = 0;
        for (size_t i = 0; i < a.number_of_elements() && wrong < 5; i++) {
            // Written so that a NaN is wrong.
            if (!(std::abs(element(a, i) - element(b, i)) <= tolerance * largest)) {
                wrong++;
                ADD_FAILURE() << name << " has " << element(b, i) << " at " << i << " but must have " << element(a, i);
            }
        }
    }
}

/// Checks the program on one target and compares with `want`. CUDA is assembled for four generations of GPUs, and
/// run where there is one. Skips the test, with the reason, where the target cannot be checked.
inline void check_on_target(const TargetRow &row, const Program &program, const Schedule &schedule,
                            const NamedArguments &arguments, const Results &want, double tolerance = 1e-5) {
    const Tools tools;
    if (const std::string obstacle = why_not_checked(row); !obstacle.empty()) {
        // What can be checked anywhere: that there is code for it.
        const Halide::Target target = row.halide_target().with_feature(Halide::Target::NoRuntime);
        EXPECT_GT(lower(program, row, target, schedule).compile_to_buffer().size_in_bytes(), 0u);
        GTEST_SKIP() << "[SKIP] " << row.name << ": " << obstacle;
    }
    switch (row.verified) {
    case Verified::run:
        expect_same(run_here(program, row, schedule, arguments), want, tolerance);
        return;
    case Verified::lavapipe: {
        expect_same(run_here(program, row, schedule, arguments), want, tolerance);
        const std::vector<DeviceCode> codes = device_code(lower(program, row, schedule));
        EXPECT_FALSE(codes.empty()) << "nothing ran on Vulkan";
        for (const DeviceCode &code : codes) {
            if (is_there(tools.spirv_val)) {
                validate_spirv(code.bytes, tools.spirv_val);
            }
        }
        return;
    }
    case Verified::qemu:
        expect_same(run_library(program, row, schedule, arguments, tools.aarch64_compiler, tools.qemu), want,
                    tolerance);
        return;
    case Verified::ptxas: {
        const std::vector<DeviceCode> codes = device_code(lower(program, row, schedule));
        EXPECT_FALSE(codes.empty()) << "nothing was compiled for CUDA";
        const int lowest = std::stoi(row.name.substr(row.name.find('-') + 1));
        for (const DeviceCode &code : codes) {
            for (int architecture : {75, 80, 90, 120}) {
                if (architecture >= lowest) {
                    const auto figures = assemble_ptx(code.bytes, "sm_" + std::to_string(architecture), tools.ptxas);
                    EXPECT_FALSE(figures.empty()) << code.bytes;
                    for (const PtxFigures &f : figures) {
                        EXPECT_GT(f.registers, 0) << f.function;
                        EXPECT_EQ(f.spill_bytes, 0) << f.function;
                    }
                }
            }
        }
        if (why_not_here(row).empty()) {
            expect_same(run_here(program, row, schedule, arguments), want, tolerance);
        }
        return;
    }
    }
}

}  // namespace sylvite::test
