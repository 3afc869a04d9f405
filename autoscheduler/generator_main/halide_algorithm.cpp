#include "autoscheduler/generator_main/halide_algorithm.h"

#include "autoscheduler/generator_main/words.h"
#include "frontend/graph.h"
#include "frontend/names.h"
#include "frontend/substitute.h"

#include <algorithm>
#include <set>

using namespace Halide::Internal;

namespace sylvite {

namespace {

// What is asked of Halide's generators in place of their own schedule.
constexpr const char *autoscheduler_name = "Sylvite";

void refuse_externs(const std::string &generator, const std::vector<Function> &functions) {
    for (const Function &function : functions) {
        _halide_user_assert(!function.has_extern_definition())
            << "derivative= and schedule= need stages that are defined by expressions; " << generator
            << " has the extern stage " << plain_name(function.name())
            << ": leave both out, and the generator schedules itself.";
    }
}

// Buffers that are read are arguments, so that the algorithm is the same wherever its outputs are kept.
void refuse_sizes_of_outputs(const HalideAlgorithm &algorithm, const std::vector<Function> &functions) {
    for (const Function &function : functions) {
        for (const Halide::Parameter &read : reads_of(function).parameters) {
            const bool known = std::any_of(algorithm.inputs.begin(), algorithm.inputs.end(),
                                           [&](const Halide::Parameter &input) { return input.same_as(read); });
            _halide_user_assert(known) << "derivative= and schedule= need an algorithm that reads inputs alone; stage "
                                       << plain_name(function.name()) << " of " << algorithm.name << " reads "
                                       << plain_name(read.name())
                                       << ", which is an output or no argument: pass its size as an input.";
        }
    }
}

}  // namespace

std::vector<std::string> HalideAlgorithm::Output::buffer_names() const {
    if (func.outputs() == 1) {
        return {name};
    }
    std::vector<std::string> names;
    for (int c = 0; c < func.outputs(); c++) {
        names.push_back(name + "_" + std::to_string(c));
    }
    return names;
}

const Halide::Parameter &HalideAlgorithm::input(const std::string &wanted) const {
    const auto found = std::find_if(inputs.begin(), inputs.end(),
                                    [&](const Halide::Parameter &input) { return input.name() == wanted; });
    if (found == inputs.end()) {
        std::vector<std::string> known;
        for (const Halide::Parameter &input : inputs) {
            known.push_back(input.name());
        }
        _halide_user_error << "Generator " << name << " has no input " << wanted << "; its inputs are "
                           << list_of(known) << did_you_mean(wanted, known);
    }
    return *found;
}

bool is_halide_generator(const std::string &name) {
    const std::vector<std::string> names = GeneratorRegistry::enumerate();
    return std::find(names.begin(), names.end(), name) != names.end();
}

AbstractGeneratorPtr create_halide_generator(const std::string &name, const Halide::Target &target,
                                             const std::map<std::string, std::string> &params, bool autoscheduled) {
    const Halide::AutoschedulerParams scheduler =
        autoscheduled ? Halide::AutoschedulerParams(autoscheduler_name) : Halide::AutoschedulerParams();
    AbstractGeneratorPtr generator = GeneratorRegistry::create(name, Halide::GeneratorContext(target, scheduler));
    for (const auto &[parameter, value] : params) {
        try {
            generator->set_generatorparam_value(parameter, value);
        } catch (const Halide::CompileError &error) {  // Halide names either the parameter or its value
            _halide_user_error << "parameter " << parameter << "=" << value << ": " << one_line(error.what());
        }
    }
    return generator;
}

HalideAlgorithm algorithm_of(AbstractGenerator &generator) {
    generator.build_pipeline();
    HalideAlgorithm algorithm{generator.name(), {}, {}};
    std::vector<Func> sources;
    for (const AbstractGenerator::ArgInfo &argument : generator.arginfos()) {
        if (argument.dir == ArgInfoDirection::Input) {
            for (const Halide::Parameter &parameter : generator.input_parameter(argument.name)) {
                algorithm.inputs.push_back(parameter);
            }
            continue;
        }
        const std::vector<Func> funcs = generator.output_func(argument.name);
        for (size_t i = 0; i < funcs.size(); i++) {
            algorithm.outputs.push_back(
                {funcs.size() == 1 ? argument.name : argument.name + "_" + std::to_string(i), funcs[i]});
        }
    }
    for (const HalideAlgorithm::Output &output : algorithm.outputs) {
        sources.push_back(output.func);
    }
    const std::vector<Function> functions = functions_of(sources);
    refuse_externs(algorithm.name, functions);
    refuse_sizes_of_outputs(algorithm, functions);
    Substitution plain;
    plain.copy_all();
    for (HalideAlgorithm::Output &output : algorithm.outputs) {
        Func copy = plain(output.func);
        for (size_t c = 0; c < copy.output_buffers().size(); c++) {
            copy_layout(output.func.output_buffers()[c].parameter(), copy.output_buffers()[c].parameter());
        }
        output.func = copy;
    }
    return algorithm;
}

Kernel kernel_of(const HalideAlgorithm &algorithm) {
    Kernel kernel{"main", {}, algorithm.inputs, {}, true};
    for (const HalideAlgorithm::Output &output : algorithm.outputs) {
        const Halide::Parameter buffer = output.func.output_buffers()[0].parameter();
        std::vector<Expr> extents;
        for (int d = 0; d < output.func.dimensions(); d++) {
            Expr extent = buffer.extent_constraint(d);
            if (!extent.defined() || !is_const(extent)) {
                // The caller's, of which an estimate is known at most.
                Halide::Parameter size(Halide::Int(32), false, 0);
                size.set_estimate(buffer.extent_constraint_estimate(d));
                extent = Variable::make(Halide::Int(32), size.name(), size);
            }
            extents.push_back(extent);
        }
        const ArrayNode node{
            ArrayNode::Kind::Value, output.name, output.func.types()[0], extents, output.func, nullptr, 0};
        kernel.outputs.push_back(Array::from_node(std::make_shared<ArrayNode>(node), output.func));
    }
    return kernel;
}

}  // namespace sylvite
