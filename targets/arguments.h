#pragma once

#include "frontend/program.h"
#include "targets/statements.h"

namespace sylvite {

/// The pointer to the halide_buffer_t of an array argument, in a function with arguments: Halide binds it to that name.
Expr argument(const std::string &name);

/// Adds what refuses arguments of a program that are not as declared, and a target whose device is not there; and what takes
/// device memory from arrays that came without, when the program returns.
void check_arguments(const Program &program, const Halide::Target &target, Statements &out);

}  // namespace sylvite
