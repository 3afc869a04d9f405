#pragma once

#include "frontend/program.h"
#include "targets/compile.h"

#include <map>
#include <random>
#include <string>
#include <vector>

namespace sylvite::testing {

/// Values of double arrays by name; scalars are Buffers without dimensions.
using Values = std::map<std::string, Halide::Buffer<double>>;
using Sizes = std::map<std::string, std::vector<int>>;  ///< of arrays; scalars need not be there
using Integers = std::map<std::string, int>;            ///< values of integer parameters

/// For the baseline target.
Executable compiled(const Program &program);

/// Runs what was compiled of `program`. Outputs are as in `sizes`.
Values run(const Executable &code, const Program &program, const Values &inputs, const Integers &integers,
           const Sizes &sizes);
/// Compiles `program` and runs it.
Values run(const Program &program, const Values &inputs, const Integers &integers, const Sizes &sizes);
/// The same for several inputs.
std::vector<Values> run(const Program &program, const std::vector<Values> &inputs, const Integers &integers,
                        const Sizes &sizes);

/// Uniform numbers.
Halide::Buffer<double> drawn(const std::vector<int> &sizes, std::mt19937 &random, double low, double high);
/// Uniform numbers for the float inputs of `program`.
Values drawn_inputs(const Program &program, const Sizes &sizes, std::mt19937 &random, double low, double high);

std::vector<std::string> prefixed(const std::string &prefix, const std::vector<std::string> &names);

/// `at` with `step` times direction `direction_prefix + name` added to each of `names`.
Values moved(const Values &at, double step, const Values &directions, const std::vector<std::string> &names,
             const std::string &direction_prefix);

/// The sum of products of elements, of arrays `names_a` of a with `names_b` of b.
double dot(const Values &a, const Values &b, const std::vector<std::string> &names_a,
           const std::vector<std::string> &names_b);

}  // namespace sylvite::testing
