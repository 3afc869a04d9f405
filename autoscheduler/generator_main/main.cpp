// The main of every generator executable. Alone in its file, so that a program with a main of its own can link the
// library.

#include "autoscheduler/generator_main/generator.h"

#include <filesystem>
#include <iostream>

int main(int argc, char **argv) {
    const std::string executable = argc > 0 ? std::filesystem::path(argv[0]).filename().string() : "generator";
    return sylvite::generator_main(executable, {argv + std::min(argc, 1), argv + argc},
                                   sylvite::registered_generators(), std::cout, std::cerr);
}
