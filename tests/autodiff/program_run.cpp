#include "program_run.h"

namespace sylvite::testing {

using Halide::Buffer;

namespace {

std::vector<int> size_of(const std::string &name, const Sizes &sizes) {
    const auto found = sizes.find(name);
    return found == sizes.end() ? std::vector<int>() : found->second;
}

}  // namespace

Executable compiled(const Program &program) { return compile(program, find_target("x86-64")); }

Values run(const Executable &code, const Program &program, const Values &inputs, const Integers &integers,
           const Sizes &sizes) {
    NamedArguments arguments;
    for (const ProgramInput &input : program.inputs()) {
        if (input.is_array()) {
            arguments.emplace_back(input.name(), inputs.at(input.name()));
        } else if (input.type().is_float()) {
            arguments.emplace_back(input.name(), inputs.at(input.name())());
        } else {
            arguments.emplace_back(input.name(), integers.at(input.name()));
        }
    }
    Values outputs;
    for (const ProgramOutput &output : program.outputs()) {
        outputs[output.name] = Buffer<double>(size_of(output.name, sizes));
        arguments.emplace_back(output.name, outputs[output.name]);
    }
    code.run(arguments);
    return outputs;
}

Values run(const Program &program, const Values &inputs, const Integers &integers, const Sizes &sizes) {
    return run(compiled(program), program, inputs, integers, sizes);
}

std::vector<Values> run(const Program &program, const std::vector<Values> &inputs, const Integers &integers,
                        const Sizes &sizes) {
    const Executable code = compiled(program);
    std::vector<Values> outputs;
    for (const Values &values : inputs) {
        outputs.push_back(run(code, program, values, integers, sizes));
    }
    return outputs;
}

Buffer<double> drawn(const std::vector<int> &sizes, std::mt19937 &random, double low, double high) {
    std::uniform_real_distribution<double> uniform(low, high);
    Buffer<double> buffer(sizes);
    buffer.for_each_value([&](double &value) { value = uniform(random); });
    return buffer;
}

Values drawn_inputs(const Program &program, const Sizes &sizes, std::mt19937 &random, double low, double high) {
    Values values;
    for (const ProgramInput &input : program.inputs()) {
        if (input.type().is_float()) {
            values[input.name()] = drawn(size_of(input.name(), sizes), random, low, high);
        }
    }
    return values;
}

std::vector<std::string> prefixed(const std::string &prefix, const std::vector<std::string> &names) {
    std::vector<std::string> result;
    for (const std::string &name : names) {
        result.push_back(prefix + name);
    }
    return result;
}

Values moved(const Values &at, double step, const Values &directions, const std::vector<std::string> &names,
             const std::string &direction_prefix) {
    Values result = at;
    for (const std::string &name : names) {
        const Buffer<double> &direction = directions.at(direction_prefix + name);
        Buffer<double> there = at.at(name).copy();
        there.for_each_element([&](const int *i) { there(i) += step * direction(i); });
        result[name] = there;
    }
    return result;
}

double dot(const Values &a, const Values &b, const std::vector<std::string> &names_a,
           const std::vector<std::string> &names_b) {
    double sum = 0;
    for (size_t k = 0; k < names_a.size(); k++) {
        const Buffer<double> &left = a.at(names_a[k]), &right = b.at(names_b[k]);
        left.for_each_element([&](const int *i) { sum += left(i) * right(i); });
    }
    return sum;
}

}  // namespace sylvite::testing
