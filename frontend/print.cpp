#include "frontend/print.h"

#include "frontend/blocks.h"
#include "frontend/graph.h"
#include "frontend/names.h"

#include <sstream>

using namespace Halide::Internal;

namespace sylvite {

namespace {

std::string text_of(const Halide::Type &type) {
    std::ostringstream out;
    out << type;
    return out.str();
}

template<typename List, typename Text>
std::string joined(const List &list, const Text &text) {
    std::string result;
    for (const auto &item : list) {
        result += (result.empty() ? "" : ", ") + text(item);
    }
    return result;
}

// `{a, b}` for several, `a` for one.
template<typename List, typename Text>
std::string tuple(const List &list, const Text &text) {
    const std::string all = joined(list, text);
    return list.size() == 1 ? all : "{" + all + "}";
}

std::string box_of(const std::vector<Expr> &extents) {
    return " [" + joined(extents, [](const Expr &e) { return print(e); }) + "]";
}

std::string type_and_box(const Halide::Type &type, const std::vector<Expr> &extents) {
    return text_of(type) + box_of(extents);
}

// Prints the definitions of Functions, with names that are given.
class Definitions {
public:
    Definitions(std::ostream &out, std::string indent, ShownNames names) :
        out_(out), indent_(std::move(indent)), names_(std::move(names)) {}

    // `suffix` stands at the end of the first line.
    void print(const Function &function, const std::string &suffix = "") {
        const std::string name = names_.functions.at(function.name());
        name_variables(function);
        out_ << indent_ << name << ": " << tuple(function.output_types(), text_of) << " (" << arguments(function) << ")"
             << suffix << "\n";
        if (function.has_extern_definition()) {
            out_ << indent_ << "  " << name << "(" << arguments(function) << ") = extern "
                 << function.extern_function_name() << "("
                 << joined(function.extern_arguments(), [this](const Halide::ExternFuncArgument &a) { return text(a); })
                 << ")\n";
            return;
        }
        if (function.has_pure_definition()) {
            print(name, function.definition());
        }
        for (const Definition &update : function.updates()) {
            print(name, update);
        }
    }

private:
    std::ostream &out_;
    std::string indent_;
    ShownNames names_;

    // Anonymous Vars are numbered in the order of the dimensions, as loop_variables() does.
    void name_variables(const Function &function) {
        names_.variables.clear();
        std::map<std::string, int> count;
        for (const std::string &arg : function.args()) {
            const std::string plain = plain_variable(arg);
            const int n = ++count[plain];
            names_.variables[arg] = n == 1 ? plain : plain + "." + std::to_string(n);
        }
    }

    std::string text(const Expr &e) const { return sylvite::print(e, names_); }
    std::string text(const std::vector<Expr> &exprs) const {
        return joined(exprs, [this](const Expr &e) { return text(e); });
    }
    std::string text(const Halide::ExternFuncArgument &argument) const {
        if (argument.is_func()) {
            return names_.functions.at(Function(argument.func).name());
        }
        if (argument.is_image_param()) {
            const auto shown = names_.images.find(argument.image_param.name());
            return shown == names_.images.end() ? argument.image_param.name() : shown->second;
        }
        return argument.is_expr() ? text(argument.expr) : argument.buffer.name();
    }

    std::string arguments(const Function &function) const {
        return joined(function.args(), [this](const std::string &arg) { return names_.variables.at(arg); });
    }

    void print(const std::string &name, const Definition &definition) {
        out_ << indent_ << "  " << name << "(" << text(definition.args())
             << ") = " << tuple(definition.values(), [this](const Expr &e) { return text(e); }) << "\n";
        const std::vector<ReductionVariable> &loops = definition.schedule().rvars();
        if (!loops.empty()) {
            out_ << indent_ << "    for " << joined(loops, [this](const ReductionVariable &r) {
                return plain_variable(r.var) + " in [" + text(r.min) + ", " + text(simplify(r.min + r.extent)) + ")";
            }) << "\n";
        }
        if (definition.predicate().defined() && !is_const_one(definition.predicate())) {
            out_ << indent_ << "    where " << text(definition.predicate()) << "\n";
        }
    }
};

const char *kind_of(const ArrayNode &node) {
    switch (node.kind) {
    case ArrayNode::Kind::Input:
        return "input";
    case ArrayNode::Kind::State:
        return "state of a loop";
    case ArrayNode::Kind::Value:
        return "value";
    case ArrayNode::Kind::Result:
        return "result of loop ";
    case ArrayNode::Kind::History:
        return "history of loop ";
    case ArrayNode::Kind::Stack:
        return "stack of loop ";
    }
    return "";
}

// Gives every Array of a program a name of its own, in order of appearance.
class ArrayNames {
public:
    const std::string &of(const Array &array) { return of(*array.node()); }
    const std::string &of(const ArrayNode &node) {
        std::string &name = names_[&node];
        if (name.empty()) {
            const int n = ++count_[node.name];
            name = n == 1 ? node.name : node.name + "." + std::to_string(n);
        }
        return name;
    }

private:
    std::map<const ArrayNode *, std::string> names_;
    std::map<std::string, int> count_;
};

class PrintProgram {
public:
    std::string text(const Program &program) {
        out_ << "program " << program.name() << "\n";
        for (const ProgramInput &input : program.inputs()) {
            out_ << "input ";
            if (input.is_array()) {
                out_ << arrays_.of(input.array()) << ": " << type_and_box(input.type(), input.array().extents());
            } else {
                out_ << input.name() << ": " << text_of(input.type());
            }
            out_ << "\n";
        }
        print(blocks_of(program), "");
        for (const ProgramOutput &output : program.outputs()) {
            out_ << "output " << output.name << " = " << name(output.array) << "\n";
        }
        return out_.str();
    }

private:
    std::ostringstream out_;
    ArrayNames arrays_;

    // A result belongs to a state: u' is the final value of state u.
    std::string name(const Array &array) {
        const ArrayNode &node = *array.node();
        switch (node.kind) {
        case ArrayNode::Kind::Result:
            return arrays_.of(node.loop->state[node.index]) + "'";
        case ArrayNode::Kind::History:
            return "history(" + arrays_.of(node.loop->state[node.index]) + ")";
        case ArrayNode::Kind::Stack:
            return "stack(" + arrays_.of(node.loop->state[node.index]) + ")";
        default:
            return arrays_.of(node);
        }
    }
    std::string names(const Arrays &arrays) {
        return joined(arrays, [this](const Array &array) { return name(array); });
    }

    void print(const Block &block, const std::string &indent) {
        for (const Step &step : block.steps) {
            if (const auto *kernel = std::get_if<Kernel>(&step)) {
                print(*kernel, indent);
            } else {
                print(*std::get<std::shared_ptr<const Loop>>(step), indent);
            }
        }
    }

    std::string length(const LoopNode &node) {
        if (node.going >= 0) {
            return "while " + name(node.state[node.going]);
        }
        return (node.count.defined() ? name(node.count) : sylvite::print(node.trips)) + " steps";
    }

    void print(const Loop &loop, const std::string &indent) {
        const LoopNode &node = *loop.node;
        out_ << indent << "loop " << loop.name << ": " << length(node) << ", " << sylvite::print(node.step)
             << " counts them\n";
        for (size_t i = 0; i < node.state.size(); i++) {
            out_ << indent << "  state " << name(node.state[i]) << ": "
                 << type_and_box(node.state[i].type(), node.state[i].extents()) << " = " << name(node.init[i])
                 << (loop.keeps(i) ? ", history kept" : "") << "\n";
        }
        print(loop.body, indent + "  ");
        for (size_t i = 0; i < node.state.size(); i++) {
            out_ << indent << "  " << name(node.state[i]) << " becomes " << name(node.next[i]) << "\n";
        }
    }

    void print(const Kernel &kernel, const std::string &indent) {
        out_ << indent << "kernel " << kernel.name << ": ";
        const std::string inputs = names(kernel.inputs);
        const std::string scalars =
            joined(kernel.scalars, [](const Halide::Parameter &p) { return plain_name(p.name()); });
        out_ << inputs << (inputs.empty() || scalars.empty() ? "" : ", ") << scalars << " -> " << names(kernel.outputs)
             << "\n";
        const KernelPipeline pipeline = instantiate(kernel);
        ShownNames shown{stage_names(pipeline.stages), {}, {}};
        for (size_t i = 0; i < pipeline.images.size(); i++) {
            shown.images[pipeline.images[i].name()] = name(kernel.inputs[i]);
        }
        Definitions definitions(out_, indent + "  ", shown);
        for (const Function &stage : pipeline.stages) {
            std::string output;
            for (size_t i = 0; i < pipeline.outputs.size(); i++) {
                if (pipeline.outputs[i].name() == stage.name()) {
                    const Array &array = kernel.outputs[i];
                    output = " -> " + name(array) + box_of(array.extents());
                }
            }
            definitions.print(stage, output);
        }
    }
};

}  // namespace

std::string print(const std::vector<Func> &outputs) {
    std::ostringstream out;
    ArrayNames arrays;
    std::vector<Function> stages;
    ShownNames shown;
    std::map<std::string, std::string> boxes;  // of Functions that are the values of Arrays
    std::vector<std::pair<std::string, Function>> readers_of_values;
    for (const Function &function : functions_of(outputs)) {
        const auto node = array_node(function);
        if (!node) {
            stages.push_back(function);
        } else if (node->kind == ArrayNode::Kind::Value) {
            readers_of_values.emplace_back(function.name(), node->value.function());
            boxes[node->value.name()] += " on" + box_of(node->extents);
        } else {
            const bool of_loop = node->loop != nullptr;
            out << arrays.of(*node) << ": " << type_and_box(node->type, node->extents) << " " << kind_of(*node)
                << (of_loop ? node->loop->options.name : "") << "\n";
            shown.images[function.name()] = arrays.of(*node);
        }
    }
    for (const auto &[halide_name, name] : stage_names(stages)) {
        shown.functions[halide_name] = name;
    }
    for (const auto &[reader, value] : readers_of_values) {
        shown.functions[reader] = shown.functions.at(value.name());
    }
    Definitions definitions(out, "", shown);
    for (const Function &stage : stages) {
        definitions.print(stage, boxes[stage.name()]);
    }
    return out.str();
}

std::string print(const Program &program) { return PrintProgram().text(program); }

}  // namespace sylvite
