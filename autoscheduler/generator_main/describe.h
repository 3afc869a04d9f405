#pragma once

#include "autoscheduler/generator_main/generator.h"

namespace sylvite {

/// The text of `-h` about a generator: its parameters with their defaults, and the inputs and outputs of the program
/// that it builds with them.
std::string describe(const Generator &generator);

/// The part of `-h` that lists what `-e` and `target=` may be.
std::string describe_tables();

}  // namespace sylvite
