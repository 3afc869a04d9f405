#include "autoscheduler/generator_main/describe.h"

#include "autoscheduler/generator_main/files.h"
#include "autoscheduler/generator_main/halide_algorithm.h"
#include "autoscheduler/generator_main/words.h"
#include "targets/target_table.h"

#include <algorithm>
#include <sstream>

namespace sylvite {

namespace {

// Two columns, the first one wide enough for all rows.
class Table {
public:
    void add(std::string left, std::string right) { rows_.emplace_back(std::move(left), std::move(right)); }

    std::string text() const {
        size_t width = 0;
        for (const auto &[left, right] : rows_) {
            width = std::max(width, left.size());
        }
        std::string all;
        for (const auto &[left, right] : rows_) {
            all += "    " + left + std::string(width - left.size() + 2, ' ') + right + "\n";
        }
        return all;
    }

private:
    std::vector<std::pair<std::string, std::string>> rows_;
};

std::string type_of_array(const Array &array) {
    std::ostringstream text;
    text << array.type() << " {";
    for (int d = 0; d < array.dimensions(); d++) {
        text << (d ? ", " : "") << array.extents()[d];
    }
    text << "}";
    return text.str();
}

std::string type_of_scalar(const Halide::Parameter &parameter) {
    std::ostringstream text;
    text << parameter.type();
    return text.str();
}

// What a Halide generator declares. What it does not, types and arrays that a parameter decides, is found when it runs.
void describe_arguments(Halide::Internal::AbstractGenerator &generator, Table &inputs, Table &outputs) {
    for (const auto &argument : generator.arginfos()) {
        std::ostringstream text;
        for (const Halide::Type &type : argument.types) {
            text << (text.tellp() > 0 ? ", " : "") << type;
        }
        if (argument.kind != Halide::Internal::ArgInfoKind::Scalar) {
            text << ", " << argument.dimensions << " dimensions";
        }
        (argument.dir == Halide::Internal::ArgInfoDirection::Input ? inputs : outputs).add(argument.name, text.str());
    }
}

}  // namespace

std::string describe_tables() {
    Table kinds, targets;
    for (const FileKind &kind : file_kinds()) {
        kinds.add(kind.name, std::string("NAME") + kind.extension + ", " + kind.help);
    }
    for (const TargetRow &row : all_targets()) {
        targets.add(row.name, row.halide);
    }
    return "Kinds of files:\n" + kinds.text() + "\nTargets:\n" + targets.text();
}

std::string describe(const Generator &generator) {
    Parameters defaults;
    Table parameters, inputs, outputs;
    std::string failure;
    try {
        if (!generator.build) {
            describe_arguments(*create_halide_generator(generator.name, host().halide_target(), {}, false), inputs,
                               outputs);
        } else {
            const Program program = generator.build(defaults);
            for (const ProgramInput &input : program.inputs()) {
                inputs.add(input.name(),
                           input.is_array() ? type_of_array(input.array()) : type_of_scalar(input.parameter()));
            }
            for (const ProgramOutput &output : program.outputs()) {
                outputs.add(output.name, type_of_array(output.array));
            }
        }
    } catch (const Halide::Error &error) {
        failure = one_line(error.what());
    } catch (const std::exception &error) {
        failure = one_line(error.what());
    } catch (...) {
        failure = "it threw something that is no std::exception and has no text";
    }
    for (const Parameters::Declared &parameter : defaults.declared()) {
        parameters.add(parameter.name + "=" + parameter.value,
                       (parameter.help.empty() ? "" : parameter.help + "; ") + parameter.kind);
    }
    std::string text = (generator.build ? "Generator " : "Halide::Generator<> ") + generator.name + ":\n";
    for (const auto &[head, table] :
         {std::pair{"parameters", &parameters}, {"inputs", &inputs}, {"outputs", &outputs}}) {
        if (const std::string rows = table->text(); !rows.empty()) {
            text += std::string("  ") + head + "\n" + rows;
        }
    }
    if (!failure.empty()) {
        text += "  with its default parameters it cannot be built: " + failure + "\n";
    }
    return text;
}

}  // namespace sylvite
