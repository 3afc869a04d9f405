#include "autoscheduler/check_gradients/comparison.h"
#include "frontend/substitute.h"

#include <algorithm>
#include <optional>

using namespace Halide::Internal;

namespace sylvite {

namespace {

using comparison::System;
using Halide::Buffer;

Buffer<> as_buffer(const std::string &name, Type type, const NamedArgument &argument) {
    if (const auto *buffer = std::get_if<Buffer<>>(&argument.value)) {
        return buffer->copy();
    }
    _halide_user_assert(!std::holds_alternative<halide_buffer_t *>(argument.value))
        << "check_gradients() needs Halide::Buffers; " << name << " is a halide_buffer_t.";
    Buffer<> scalar = Buffer<>::make_scalar(type);
    const auto *number = std::get_if<double>(&argument.value);
    comparison::set_element(scalar, {}, number ? *number : static_cast<double>(std::get<int64_t>(argument.value)));
    return scalar;
}

// What runs a program with some of its inputs replaced, and gives its last outputs.
class Run {
public:
    Run(const Program &program, size_t outputs, const NamedArguments &scalars) :
        program_(program), first_(program.outputs().size() - outputs), code_(compile(program)) {
        Substitution numbers;
        for (const NamedArgument &argument : scalars) {
            if (const auto *number = std::get_if<int64_t>(&argument.value)) {
                numbers.replace(argument.name, static_cast<int>(*number));
            }
        }
        for (const ProgramOutput &output : program.outputs()) {
            boxes_.emplace_back();
            for (const Expr &extent : output.array.extents()) {
                const auto value = as_const_int(simplify(numbers(extent)));
                _halide_user_assert(value) << "check_gradients() needs a value for each input; the extent " << extent
                                           << " of " << output.name << " is not known.";
                boxes_.back().emplace_back(0, static_cast<int>(*value));
            }
        }
    }

    const std::vector<std::pair<int, int>> &box(size_t output) const { return boxes_[first_ + output]; }

    std::vector<Buffer<>> operator()(const NamedArguments &inputs) const {
        NamedArguments arguments = inputs;
        std::vector<Buffer<>> results;
        for (size_t i = 0; i < boxes_.size(); i++) {
            const ProgramOutput &output = program_.outputs()[i];
            std::vector<int> extents;
            for (const auto &[min, extent] : boxes_[i]) {
                extents.push_back(extent);
            }
            results.emplace_back(output.array.type(), extents);
            arguments.emplace_back(output.name, results.back());
        }
        code_.run(arguments);
        results.erase(results.begin(), results.begin() + static_cast<long>(first_));
        return results;
    }

private:
    Program program_;
    size_t first_;
    Executable code_;
    std::vector<std::vector<std::pair<int, int>>> boxes_;
};

Program with_float_outputs(const Program &program) {
    std::vector<ProgramOutput> outputs;
    for (const ProgramOutput &output : program.outputs()) {
        if (output.array.type().is_float()) {
            outputs.push_back(output);
        }
    }
    _halide_user_assert(!outputs.empty())
        << "check_gradients() needs a float output; " << program.name() << " has none.";
    return Program::derived(program.name(), program.inputs(), outputs);
}

// `fixed` are the arguments that do not move.
void check_order(const Program &program, const std::vector<std::string> &wrt, const NamedArguments &fixed,
                 std::vector<System::Slot> slots, int order, const GradientCheckOptions &options,
                 GradientReport &report) {
    System system;
    system.inputs = std::move(slots);
    const auto arguments = [&] {
        NamedArguments all = fixed;
        for (const System::Slot &slot : system.inputs) {
            if (program.input(slot.name).is_array()) {
                all.emplace_back(slot.name, slot.values);
            } else {
                all.emplace_back(slot.name, comparison::element(slot.values, {}));
            }
        }
        return all;
    };
    const size_t outputs = program.outputs().size(), inputs = program.inputs().size();
    const Run value(program, outputs, fixed);
    NamedArguments with_weights = fixed;
    const Program reversed = vjp(program, wrt, SourceLine());
    for (size_t k = 0; k < outputs; k++) {
        const Type type = program.outputs()[k].array.type();
        system.weights.push_back(
            comparison::random_weights(type, value.box(k), options.seed + static_cast<unsigned>(k)));
        with_weights.emplace_back(reversed.inputs()[inputs + k].name(), system.weights[k]);
    }
    system.outputs = [&] { return value(arguments()); };
    std::optional<Run> forward, reverse;
    std::vector<Buffer<>> direction;
    if (options.forward) {
        const Program moved = jvp(program, wrt, SourceLine());
        forward.emplace(moved, outputs, fixed);
        for (const System::Slot &slot : system.inputs) {
            direction.push_back(slot.values.copy());
            direction.back().for_each_element([&](const int *at) {
                comparison::set_element(direction.back(), std::vector<int>(at, at + slot.values.dimensions()), 0);
            });
        }
        system.forward = [&, moved](size_t input, const std::vector<int> &at) {
            NamedArguments all = arguments();
            comparison::set_element(direction[input], at, 1);
            for (size_t i = 0; i < direction.size(); i++) {
                all.emplace_back(moved.inputs()[inputs + i].name(), direction[i]);
            }
            const double slope = comparison::dot(system.weights, (*forward)(all));
            comparison::set_element(direction[input], at, 0);
            return slope;
        };
    }
    if (options.reverse) {
        reverse.emplace(reversed, wrt.size(), fixed);
        system.reverse = [&] {
            NamedArguments all = arguments();
            all.insert(all.end(), with_weights.begin() + static_cast<long>(fixed.size()), with_weights.end());
            return (*reverse)(all);
        };
    }
    comparison::compare(system, order, options, report);
    if (order < options.order) {
        const std::vector<ProgramOutput> gradients(reversed.outputs().end() - static_cast<long>(wrt.size()),
                                                   reversed.outputs().end());
        check_order(Program::derived(program.name(), reversed.inputs(), gradients), wrt, with_weights, system.inputs,
                    order + 1, options, report);
    }
}

}  // namespace

GradientReport check_gradients(const Program &program, const NamedArguments &arguments,
                               const std::vector<std::string> &wrt, const GradientCheckOptions &options) {
    comparison::require_something_to_compare(options);
    std::vector<std::string> names = wrt;
    for (const ProgramInput &input : program.inputs()) {
        if (wrt.empty() && input.type().is_float()) {
            names.push_back(input.name());
        }
    }
    std::vector<System::Slot> slots;
    for (const std::string &name : names) {
        const ProgramInput &input = program.input(name);
        _halide_user_assert(input.type().is_float())
            << "check_gradients() needs float inputs; " << name << " of " << program.name() << " has type "
            << input.type() << ": integers have no derivative.";
        const auto given = std::find_if(arguments.begin(), arguments.end(),
                                        [&](const NamedArgument &argument) { return argument.name == name; });
        _halide_user_assert(given != arguments.end())
            << "check_gradients() needs a value for each input; " << name << " has none.";
        slots.push_back({name, as_buffer(name, input.type(), *given), [] {}});
    }
    NamedArguments fixed;
    for (const NamedArgument &argument : arguments) {
        if (std::find(names.begin(), names.end(), argument.name) == names.end()) {
            fixed.push_back(argument);
        }
    }
    GradientReport report;
    check_order(with_float_outputs(program), names, fixed, slots, 1, options, report);
    return report;
}

}  // namespace sylvite
