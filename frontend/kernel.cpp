#include "frontend/blocks.h"
#include "frontend/extern_kernel.h"
#include "frontend/graph.h"

#include <algorithm>

using namespace Halide::Internal;

namespace sylvite {

namespace {

// Names of a kernel's images: those of its Arrays, numbered `a`, `a_2`, ... where two are alike. A numbered name is none
// that another Array or a scalar has.
std::vector<std::string> image_names(const Kernel &kernel) {
    std::set<std::string> taken, own;
    for (const Halide::Parameter &scalar : kernel.scalars) {
        taken.insert(scalar.name());
    }
    for (const Array &array : kernel.inputs) {
        own.insert(array.name());
    }
    std::vector<std::string> names;
    for (const Array &array : kernel.inputs) {
        std::string name = array.name();
        for (int n = 2; taken.count(name) || (n > 2 && own.count(name)); n++) {
            name = array.name() + "_" + std::to_string(n);
        }
        taken.insert(name);
        names.push_back(name);
    }
    return names;
}

// Replaces reads of Arrays: those that lie in memory by image reads, the others by reads of the Func they stand for.
class ReadMemory : public IRGraphMutator {
public:
    std::map<const ArrayNode *, Halide::Parameter> images;
    std::map<std::string, Function> copies;

    // Gives an extern stage what it reads: images, and Funcs that stand for Arrays which do not lie in memory.
    void give_arguments(Function &function) const {
        bool is_whole = true;
        for (Halide::ExternFuncArgument &argument : function.extern_arguments()) {
            const auto node = argument.is_func() ? array_node(Function(argument.func)) : nullptr;
            const auto image = node ? images.find(node.get()) : images.end();
            if (image != images.end()) {
                argument = Halide::ExternFuncArgument(image->second);
            } else if (node) {
                argument = Func(without_arrays(node->value.function()));
            }
            is_whole = is_whole && !argument.is_func();
        }
        // Bounds that need not be asked for are those of an Expr that stands for the stage; images are whole anyway.
        if (function.has_extern_definition() && is_whole) {
            function.extern_definition_proxy_expr() = make_zero(function.output_types()[0]);
        }
    }

private:
    // The copy of the first Function behind `value` and Arrays in its place that do not lie in memory.
    Function without_arrays(Function value) const {
        while (const auto node = array_node(value)) {
            value = node->value.function();
        }
        return copies.at(value.name());
    }

    using IRGraphMutator::visit;

    Expr visit(const Call *op) override {
        Expr mutated = IRGraphMutator::visit(op);
        op = mutated.as<Call>();
        while (op && op->func.defined()) {
            const auto node = array_node(Function(op->func));
            if (!node) {
                break;
            }
            if (auto it = images.find(node.get()); it != images.end()) {
                return Call::make(it->second, op->args);
            }
            _halide_internal_assert(node->kind == ArrayNode::Kind::Value) << node->name << " is not in memory";
            mutated = Call::make(copies.at(node->value.name()), op->args, 0);
            op = mutated.as<Call>();
        }
        return mutated;
    }
};

// The Tuple of which `function` is element `index` at its own point, or an undefined Function.
Function tuple_of(const Function &function, int index) {
    const Call *call =
        function.updates().empty() && function.values().size() == 1 ? function.values()[0].as<Call>() : nullptr;
    if (!call || !call->func.defined() || call->value_index != index || call->args.size() != function.args().size()) {
        return Function();
    }
    for (size_t d = 0; d < call->args.size(); d++) {
        const auto *variable = call->args[d].as<Variable>();
        if (!variable || variable->name != function.args()[d]) {
            return Function();
        }
    }
    const Function tuple(call->func);
    return tuple.outputs() > 1 ? tuple : Function();
}

// The Tuple whose elements are the kernel's outputs from `first` on, all of them and read by nobody else, or an undefined
// Function.
Function tuple_for(const Kernel &kernel, const std::vector<Function> &outputs, size_t first,
                   const std::map<std::string, int> &readers) {
    const Function tuple = kernel.alone ? Function() : tuple_of(outputs[first], 0);
    const auto reads = [&](const Function &function) {
        const auto found = readers.find(function.name());
        return found == readers.end() ? 0 : found->second;
    };
    if (!tuple.get_contents().defined() || first + tuple.outputs() > outputs.size() ||
        reads(tuple) != tuple.outputs()) {
        return Function();
    }
    for (int c = 0; c < tuple.outputs(); c++) {
        const Function element = tuple_of(outputs[first + c], c);
        if (!element.get_contents().same_as(tuple.get_contents()) || reads(outputs[first + c]) > 0 ||
            !same_extents(kernel.outputs[first + c].extents(), kernel.outputs[first].extents())) {
            return Function();
        }
    }
    return tuple;
}

// Copies of Functions, by the names of the originals. Halide tells a Func's memory from a scalar or a buffer by name alone
// and does not make names unique between them, so a Func that has the name of a parameter gets a `$3`.
std::map<std::string, Function> copies_of(const std::vector<Function> &functions, const Kernel &kernel) {
    std::set<std::string> taken;
    for (const Halide::Parameter &scalar : kernel.scalars) {
        taken.insert(scalar.name());
    }
    if (kernel.alone) {  // its outputs' names are those of its arguments
        for (const Array &output : kernel.outputs) {
            taken.erase(output.node()->value.name());
        }
    }
    std::map<std::string, Function> copies;
    std::map<FunctionPtr, FunctionPtr> copy_of;
    for (const Function &function : functions) {
        const Function copy(taken.count(function.name()) ? unique_name(function.name()) : function.name());
        copies.emplace(function.name(), copy);
        copy_of[function.get_contents()] = copy.get_contents();
    }
    for (const Function &function : functions) {
        Function &copy = copies.at(function.name());
        function.deep_copy(copy.name(), copy.get_contents(), copy_of);
        FunctionPtr &itself = copy_of.at(function.get_contents());
        itself.weaken();  // a Function that held itself would never be freed
        copy.substitute_calls(copy_of);
        itself.strengthen();
    }
    return copies;
}

}  // namespace

void copy_layout(const Halide::Parameter &from, Halide::Parameter to) {
    const auto constant = [](const Expr &e) { return e.defined() && is_const(simplify(e)) ? simplify(e) : Expr(); };
    to.set_host_alignment(from.host_alignment());
    for (int d = 0; d < from.dimensions(); d++) {
        to.set_min_constraint(d, constant(from.min_constraint(d)));
        to.set_extent_constraint(d, constant(from.extent_constraint(d)));
        to.set_stride_constraint(d, constant(from.stride_constraint(d)));
        to.set_min_constraint_estimate(d, constant(from.min_constraint_estimate(d)));
        to.set_extent_constraint_estimate(d, constant(from.extent_constraint_estimate(d)));
    }
}

KernelPipeline instantiate(const Kernel &kernel) {
    KernelPipeline pipeline;
    ReadMemory read_memory;
    std::vector<Function> outputs;
    for (const Array &array : kernel.outputs) {
        outputs.push_back(array.node()->value.function());
    }
    const std::map<std::string, Function> copy_of = copies_of(functions_of(outputs), kernel);
    std::vector<Function> copies;
    for (const Function &output : outputs) {
        copies.push_back(copy_of.at(output.name()));
    }
    const std::vector<std::string> names = image_names(kernel);
    for (size_t i = 0; i < kernel.inputs.size(); i++) {
        const Array &array = kernel.inputs[i];
        // Halide makes Funcs' names unique, but not those of images: one that a Func has gets a `$3` as Funcs do.
        const std::string name = copy_of.count(names[i]) ? unique_name(names[i]) : names[i];
        Halide::ImageParam image(array.type(), array.dimensions(), name);
        for (int d = 0; d < array.dimensions(); d++) {
            image.dim(d).set_bounds(0, array.extents()[d]);
        }
        read_memory.images[array.node().get()] = image.parameter();
        pipeline.images.push_back(image);
    }
    read_memory.copies = copy_of;
    std::map<std::string, int> readers;
    // What lies behind an Array that is read from memory is not part of the kernel and is not reached.
    std::set<std::string> seen;
    std::function<void(Function)> mutate = [&](Function function) {
        if (seen.insert(function.name()).second) {
            function.mutate(&read_memory);
            read_memory.give_arguments(function);
            for (const Function &callee : reads_of(function).functions) {
                mutate(callee);
            }
        }
    };
    for (const Function &copy : copies) {
        mutate(copy);
    }
    for (const Function &function : functions_of(copies)) {
        for (const Function &callee : reads_of(function).functions) {
            readers[callee.name()] += callee.name() != function.name();
        }
    }
    for (size_t i = 0; i < kernel.outputs.size(); i++) {
        const Array &array = kernel.outputs[i];
        pipeline.first_outputs.push_back(i);
        if (const Function tuple = tuple_for(kernel, copies, i, readers); tuple.get_contents().defined()) {
            Func output(tuple);
            for (int d = 0; d < array.dimensions(); d++) {  // Halide holds the other values to the first one's box
                output.output_buffers()[0].dim(d).set_bounds(0, array.extents()[d]);
            }
            pipeline.outputs.push_back(output);
            i += tuple.outputs() - 1;
            continue;
        }
        Func output(copies[i]);
        // An output that other stages read, perhaps beyond its box, and a second output of the same Func are copied; so is
        // one that has a new name, for its buffer has the old one.
        if (readers[copies[i].name()]++ || copies[i].name() != outputs[i].name()) {
            const Func source = output;
            output = Func(array.name());
            const Halide::FuncRef values = source(source.args());
            std::vector<Expr> copied;
            for (int c = 0; c < source.outputs(); c++) {
                copied.push_back(source.outputs() == 1 ? Expr(values) : Expr(values[c]));
            }
            output(source.args()) = Halide::Tuple(copied);
            for (size_t c = 0; kernel.alone && c < output.output_buffers().size(); c++) {
                copy_layout(source.output_buffers()[c].parameter(), output.output_buffers()[c].parameter());
            }
        }
        for (int d = 0; !kernel.alone && d < array.dimensions(); d++) {
            output.output_buffer().dim(d).set_bounds(0, array.extents()[d]);
        }
        pipeline.outputs.push_back(output);
    }
    pipeline.stages = functions_of(pipeline.outputs);
    return pipeline;
}

std::vector<Halide::Argument> KernelPipeline::arguments(const Kernel &kernel) const {
    std::vector<Halide::Argument> arguments;
    for (const Halide::Parameter &scalar : kernel.scalars) {
        arguments.emplace_back(
            scalar.name(), scalar.is_buffer() ? Halide::Argument::InputBuffer : Halide::Argument::InputScalar,
            scalar.type(), scalar.is_buffer() ? scalar.dimensions() : 0, scalar.get_argument_estimates());
    }
    for (const Halide::ImageParam &image : images) {
        arguments.emplace_back(image);
    }
    return arguments;
}

}  // namespace sylvite
