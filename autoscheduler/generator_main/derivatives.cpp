#include "autoscheduler/generator_main/derivatives.h"

#include "autodiff/program.h"
#include "frontend/graph.h"

#include <algorithm>

namespace sylvite {

namespace {

struct Derivative {
    const char *name;
    Program (*of)(const Program &, const std::vector<std::string> &wrt);
};

constexpr Derivative derivatives_by_name[] = {{"jvp", jvp}, {"vjp", vjp}, {"grad", grad}, {"hvp", hvp}};

std::vector<std::string> float_inputs(const Program &program) {
    std::vector<std::string> names;
    for (const ProgramInput &input : program.inputs()) {
        if (input.type().is_float()) {
            names.push_back(input.name());
        }
    }
    return names;
}

}  // namespace

Program differentiate(Program program, const std::vector<DerivativeRequest> &derivatives) {
    for (const DerivativeRequest &request : derivatives) {
        const auto *derivative = std::find_if(std::begin(derivatives_by_name), std::end(derivatives_by_name),
                                              [&](const Derivative &d) { return d.name == request.kind; });
        _halide_user_assert(derivative != std::end(derivatives_by_name))
            << "derivative= needs jvp, vjp, grad or hvp; it has " << request.kind << ".";
        for (const std::string &name : request.wrt) {
            program.input(name);  // throws if there is none
        }
        program = derivative->of(program, request.wrt.empty() ? float_inputs(program) : request.wrt);
    }
    return program;
}

}  // namespace sylvite
