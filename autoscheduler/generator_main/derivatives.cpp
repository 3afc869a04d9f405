#include "autoscheduler/generator_main/derivatives.h"

#include "autodiff/program.h"
#include "autoscheduler/generator_main/halide_derivatives.h"

#include <algorithm>

namespace sylvite {

namespace {

using Wrt = std::vector<std::string>;

struct Derivative {
    const char *name;
    Program (*of_program)(const Program &, const Wrt &wrt, SourceLine where);
    HalideAlgorithm (*of_algorithm)(const HalideAlgorithm &, const Wrt &wrt);
};

constexpr Derivative derivatives_by_name[] = {
    {"jvp", jvp, jvp}, {"vjp", vjp, vjp}, {"grad", grad, grad}, {"hvp", hvp, hvp}};

const Derivative &find_derivative(const std::string &kind) {
    const auto *derivative = std::find_if(std::begin(derivatives_by_name), std::end(derivatives_by_name),
                                          [&](const Derivative &d) { return d.name == kind; });
    _halide_user_assert(derivative != std::end(derivatives_by_name))
        << "derivative= needs jvp, vjp, grad or hvp; it has " << kind << ".";
    return *derivative;
}

const std::string &name_of(const ProgramInput &input) { return input.name(); }
const std::string &name_of(const Halide::Parameter &input) { return input.name(); }

// The names of those that have floats.
template<typename Inputs>
Wrt floats(const Inputs &inputs) {
    Wrt names;
    for (const auto &input : inputs) {
        if (input.type().is_float()) {
            names.push_back(name_of(input));
        }
    }
    return names;
}

template<typename Outputs>
Outputs without_first(const Outputs &outputs, size_t n) {
    return Outputs(outputs.begin() + static_cast<std::ptrdiff_t>(n), outputs.end());
}

}  // namespace

Program differentiate(Program program, const std::vector<DerivativeRequest> &derivatives, bool primal) {
    size_t before = 0;
    for (const DerivativeRequest &request : derivatives) {
        const Derivative &derivative = find_derivative(request.kind);
        for (const std::string &name : request.wrt) {
            program.input(name);  // throws if there is none
        }
        before = program.outputs().size();
        program =
            derivative.of_program(program, request.wrt.empty() ? floats(program.inputs()) : request.wrt, SourceLine());
    }
    return primal ? program
                  : Program::derived(program.name(), program.inputs(), without_first(program.outputs(), before));
}

HalideAlgorithm differentiate(HalideAlgorithm algorithm, const std::vector<DerivativeRequest> &derivatives,
                              bool primal) {
    size_t before = 0;
    for (const DerivativeRequest &request : derivatives) {
        const Derivative &derivative = find_derivative(request.kind);
        before = algorithm.outputs.size();
        algorithm = derivative.of_algorithm(algorithm, request.wrt.empty() ? floats(algorithm.inputs) : request.wrt);
    }
    if (!primal) {
        algorithm.outputs = without_first(algorithm.outputs, before);
    }
    return algorithm;
}

}  // namespace sylvite
