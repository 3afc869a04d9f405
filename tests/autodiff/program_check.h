#pragma once

#include "frontend/program.h"

#include <map>
#include <string>
#include <vector>

namespace sylvite::testing {

/// A program of double arrays to differentiate.
struct ProgramCase {
    std::string name;
    Program program;
    std::vector<std::string> wrt;
    std::map<std::string, std::vector<int>> sizes;  ///< of all array inputs and outputs; scalars have none
    std::map<std::string, int> integers;            ///< values of integer parameters
};

/// Values by name; scalars are Buffers without dimensions.
using Values = std::map<std::string, Halide::Buffer<double>>;

/// Compiles `program` for the baseline target and runs it. Outputs are as in `sizes`.
Values run(const Program &program, const Values &inputs, const std::map<std::string, int> &integers,
           const std::map<std::string, std::vector<int>> &sizes);

/// The same for several inputs.
std::vector<Values> run(const Program &program, const std::vector<Values> &inputs,
                        const std::map<std::string, int> &integers,
                        const std::map<std::string, std::vector<int>> &sizes);

/// Checks jvp against central differences and vjp by <u, Jv> = <J'u, v> to 1e-10.
void check_program(const ProgramCase &c, unsigned seed);

/// For programs with one scalar output: hvp against differences of grad, and its symmetry.
void check_second_order(const ProgramCase &c, unsigned seed);

}  // namespace sylvite::testing
