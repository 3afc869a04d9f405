#include "targets/device_code.h"

#include <array>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>
#include <sys/wait.h>
#include <unistd.h>

namespace fs = std::filesystem;

namespace sylvite {

namespace {

// Halide packs the SPIR-V of a kernel's GPU functions into one buffer of words: their number, for each its size in
// bytes and its name (words of it, then the words), then the functions. Each begins with a description of its bindings
// whose first word is its length in words; the SPIR-V follows.
std::vector<std::string> unpack_spirv(const std::string &bytes) {
    std::vector<uint32_t> words(bytes.size() / 4);
    std::memcpy(words.data(), bytes.data(), words.size() * 4);
    size_t at = 0;
    const auto next = [&] {
        _halide_internal_assert(at < words.size()) << "SPIR-V of Halide in an unknown layout";
        return words[at++];
    };
    std::vector<uint32_t> sizes(next());
    for (uint32_t &size : sizes) {
        size = next() / 4;
        at += next();  // the name, in which are numbers that differ from build to build
    }
    std::vector<std::string> functions;
    constexpr uint32_t magic = 0x07230203;
    for (const uint32_t size : sizes) {
        _halide_internal_assert(at < words.size()) << "SPIR-V of Halide in an unknown layout";
        const size_t begin = at + words[at], end = at + size;
        _halide_internal_assert(begin < end && end <= words.size() && words[begin] == magic)
            << "SPIR-V of Halide in an unknown layout";
        functions.emplace_back(reinterpret_cast<const char *>(&words[begin]), (end - begin) * 4);
        at = end;
    }
    return functions;
}

std::string shell_word(const std::string &word) {
    std::string text = "'";
    for (char c : word) {
        text += c == '\'' ? std::string("'\\''") : std::string(1, c);
    }
    return text + "'";
}

// Runs a program on a file that holds `content`; returns what it prints. Throws when it fails.
std::string check_with(const std::string &program, const std::vector<std::string> &arguments,
                       const std::string &content) {
    std::string path = (fs::temp_directory_path() / "sylvite_code_XXXXXX").string();
    const int file = mkstemp(path.data());
    _halide_user_assert(file >= 0) << "There is no room for a temporary file " << path << ".";
    close(file);
    std::ofstream(path, std::ios::binary) << content;
    std::string command = shell_word(program);
    for (const std::string &argument : arguments) {
        command += " " + shell_word(argument);
    }
    std::string output;
    FILE *pipe = popen((command + " " + shell_word(path) + " 2>&1").c_str(), "r");
    _halide_user_assert(pipe) << "Cannot run " << program << ".";
    std::array<char, 4096> block;
    for (size_t n; (n = fread(block.data(), 1, block.size(), pipe)) > 0;) {
        output.append(block.data(), n);
    }
    const int status = pclose(pipe);
    fs::remove(path);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        throw Halide::RuntimeError((program + " refuses the code: " + output).c_str());
    }
    return output;
}

}  // namespace

std::vector<DeviceCode> device_code(const Halide::Module &module) {
    std::vector<DeviceCode> codes;
    for (const Halide::Buffer<> &buffer : module.buffers()) {
        const std::string bytes(static_cast<const char *>(buffer.data()), buffer.size_in_bytes());
        const size_t dot = buffer.name().find('.');
        const std::string kernel = buffer.name().substr(0, dot), name = buffer.name().substr(dot + 1);
        if (name == "cuda_gpu_source_kernels") {
            codes.push_back({DeviceCode::Kind::ptx, kernel, bytes.substr(0, bytes.find('\0'))});
        } else if (name == "vulkan_gpu_source_kernels") {
            const std::vector<std::string> functions = unpack_spirv(bytes);
            for (size_t i = 0; i < functions.size(); i++) {
                const std::string number = functions.size() == 1 ? "" : "." + std::to_string(i + 1);
                codes.push_back({DeviceCode::Kind::spirv, kernel + number, functions[i]});
            }
        }
    }
    return codes;
}

std::vector<PtxFigures> assemble_ptx(const std::string &ptx, const std::string &architecture,
                                     const std::string &ptxas) {
    std::istringstream lines(check_with(ptxas, {"-v", "-arch=" + architecture, "-o", "/dev/null"}, ptx));
    static const std::regex entry("Compiling entry function '([^']*)'"), stack("(\\d+) bytes stack frame"),
        spill("(\\d+) bytes spill stores"), registers("Used (\\d+) registers"), shared("(\\d+) bytes smem");
    std::vector<PtxFigures> figures;
    std::smatch match;
    for (std::string line; std::getline(lines, line);) {
        if (std::regex_search(line, match, entry)) {
            figures.push_back({match[1]});
        }
        if (figures.empty()) {
            continue;
        }
        const std::pair<const std::regex &, int &> fields[] = {{stack, figures.back().stack_bytes},
                                                               {spill, figures.back().spill_bytes},
                                                               {registers, figures.back().registers},
                                                               {shared, figures.back().shared_bytes}};
        for (const auto &[pattern, field] : fields) {
            if (std::regex_search(line, match, pattern)) {
                field = std::stoi(match[1]);
            }
        }
    }
    return figures;
}

void validate_spirv(const std::string &spirv, const std::string &spirv_val) {
    check_with(spirv_val, {"--target-env", "vulkan1.1"}, spirv);
}

}  // namespace sylvite
