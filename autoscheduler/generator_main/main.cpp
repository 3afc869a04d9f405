// The main of every generator executable. Alone in its file, so that a program with a main of its own can link the
// library.

#include "autoscheduler/generator_main/generator.h"
#include "frontend/files.h"

#include <filesystem>
#include <iostream>

namespace {

// Halide repeats a warning for each time that it meets an assertion that can only fail. lower() makes one error of those.
class Reporter : public Halide::CompileTimeErrorReporter {
public:
    void warning(const char *text) override {
        if (std::string(text).find("guaranteed to fail an assertion") == std::string::npos) {
            std::cerr << text;
        }
    }
    void error(const char *text) override { throw Halide::CompileError(text); }
};

}  // namespace

int main(int argc, char **argv) {
    sylvite::let_large_writes_fail();
    static Reporter reporter;
    Halide::set_custom_compile_time_error_reporter(&reporter);
    const std::string executable = argc > 0 ? std::filesystem::path(argv[0]).filename().string() : "generator";
    return sylvite::generator_main(executable, {argv + std::min(argc, 1), argv + argc},
                                   sylvite::registered_generators(), std::cout, std::cerr);
}
