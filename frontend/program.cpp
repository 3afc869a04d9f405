#include "frontend/program.h"

#include "frontend/graph.h"
#include "frontend/names.h"
#include "frontend/sizes.h"
#include "frontend/substitute.h"
#include "frontend/used_states.h"

#include <map>
#include <set>

using namespace Halide::Internal;

namespace sylvite {

namespace {

// What changes from step to step has no value after the loop.
void require_outside_loop(bool is_outside, const std::string &program, const ArrayNode &state) {
    _halide_user_assert(is_outside)
        << "Program() needs outputs that exist outside loops; " << program << " reads state " << state.name
        << " of a loop outside that loop: return it from the loop's body and use the loop's result.";
}

// Follows everything that the outputs depend on and reports what is not among the inputs.
class CheckClosed {
public:
    CheckClosed(std::string program, const std::vector<ProgramInput> &inputs) : program_(std::move(program)) {
        for (const ProgramInput &input : inputs) {
            if (input.is_array()) {
                arrays_.insert(input.array().node().get());
            }
            names_.insert(input.name());
        }
    }

    void check(const Array &array) { check(array.node()); }

private:
    std::string program_;
    std::set<const ArrayNode *> arrays_, seen_;
    std::set<std::string> names_, functions_;

    void check(const std::shared_ptr<const ArrayNode> &node) {
        if (!seen_.insert(node.get()).second) {
            return;
        }
        check(node->extents);
        switch (node->kind) {
        case ArrayNode::Kind::Input:
            _halide_user_assert(arrays_.count(node.get()))
                << "Program() needs all Arrays that its outputs depend on; " << program_ << " reads " << node->name
                << ", which is not among its inputs: add it to the list.";
            break;
        case ArrayNode::Kind::State:
            require_outside_loop(arrays_.count(node.get()) > 0, program_, *node);
            break;
        case ArrayNode::Kind::Value:
            check(node->value.function());
            break;
        case ArrayNode::Kind::History:
        case ArrayNode::Kind::Stack:
            _halide_user_assert(node->loop->capacity.defined())
                << "Program() needs a bound of the steps of a loop whose history is read, as it is by its reverse "
                << "derivative; " << node->loop->options.name << " has none for the history of " << node->name
                << ": set LoopOptions::capacity.";
            check_loop(*node->loop);
            break;
        case ArrayNode::Kind::Result:
            check_loop(*node->loop);
            break;
        }
    }

    void check_loop(const LoopNode &loop) {
        for (const Array &state : loop.state) {
            arrays_.insert(state.node().get());
        }
        names_.insert(loop.step.as<Variable>()->name);
        check({loop.trips});
        if (loop.capacity.defined()) {
            check({loop.capacity});
        }
        for (const Array &array : loop.init) {
            check(array.node());
        }
        for (const Array &array : loop.next) {
            check(array.node());
        }
    }

    void check(const Function &function) {
        if (!functions_.insert(function.name()).second) {
            return;
        }
        check(reads_of(function));
    }

    void check(const std::vector<Expr> &exprs) { check(reads_of(exprs)); }

    void check(const Reads &reads) {
        for (const Halide::Parameter &parameter : reads.parameters) {
            _halide_user_assert(!parameter.is_buffer())
                << "Program() needs its arrays made by input(); " << program_ << " reads the ImageParam "
                << parameter.name() << ": use sylvite::input<T>(\"" << parameter.name() << "\", extents).";
            _halide_user_assert(names_.count(parameter.name()))
                << "Program() needs all parameters that its outputs depend on; " << program_ << " reads "
                << parameter.name() << ", which is not among its inputs: add it to the list.";
        }
        for (const auto &node : reads.arrays) {
            check(node);
        }
        for (const Function &callee : reads.functions) {
            check(callee);
        }
    }
};

// States and scalars that something reads but for those of loops that it is made by.
struct Free {
    std::set<const ArrayNode *> states;
    std::set<std::string> scalars;

    void add(const Free &other) {
        states.insert(other.states.begin(), other.states.end());
        scalars.insert(other.scalars.begin(), other.scalars.end());
    }
};

class FindFree {
public:
    Free of(const std::shared_ptr<const ArrayNode> &node) {
        if (const auto known = nodes_.find(node.get()); known != nodes_.end()) {
            return known->second;
        }
        Free free = of(reads_of(node->extents));
        if (node->kind == ArrayNode::Kind::State) {
            free.states.insert(node.get());
        } else if (node->kind == ArrayNode::Kind::Value) {
            free.add(of(node->value.function()));
        } else if (node->loop) {
            free.add(of(*node->loop));
        }
        return nodes_[node.get()] = free;
    }

private:
    std::map<const ArrayNode *, Free> nodes_;
    std::map<const LoopNode *, Free> loops_;
    std::map<std::string, Free> functions_;

    Free of(const LoopNode &loop) {
        if (const auto known = loops_.find(&loop); known != loops_.end()) {
            return known->second;
        }
        Free free;
        for (const Array &array : loop.next) {
            free.add(of(array.node()));
        }
        for (const Array &state : loop.state) {
            free.states.erase(state.node().get());
        }
        free.scalars.erase(loop.step.as<Variable>()->name);
        free.add(of(reads_of(std::vector<Expr>{loop.trips})));
        for (const Array &array : loop.init) {
            free.add(of(array.node()));
        }
        return loops_[&loop] = free;
    }

    Free of(const Function &function) {
        if (const auto known = functions_.find(function.name()); known != functions_.end()) {
            return known->second;
        }
        functions_[function.name()];  // updates read their own Func
        Free free = of(reads_of(function));
        return functions_[function.name()] = std::move(free);
    }

    Free of(const Reads &reads) {
        Free free;
        for (const Halide::Parameter &parameter : reads.parameters) {
            free.scalars.insert(parameter.name());
        }
        for (const auto &node : reads.arrays) {
            free.add(of(node));
        }
        for (const Function &callee : reads.functions) {
            free.add(of(callee));
        }
        return free;
    }
};

void require_outside_loops(const std::string &program, const std::set<std::string> &inputs, const Arrays &outputs) {
    FindFree find;
    for (const Array &output : outputs) {
        const Free free = find.of(output.node());
        for (const ArrayNode *state : free.states) {
            require_outside_loop(false, program, *state);
        }
        for (const std::string &scalar : free.scalars) {
            _halide_user_assert(inputs.count(scalar))
                << "Program() needs outputs that exist outside loops; " << program << " reads " << scalar
                << ", the number of a loop's step, outside that loop: make it a state.";
        }
    }
}

}  // namespace

ProgramInput::ProgramInput(const Array &array) : array_(array) {
    _halide_user_assert(array.defined() && array.node()->kind == ArrayNode::Kind::Input)
        << "Program() needs inputs made by input(); it was given "
        << (array.defined() ? array.name() : std::string("an undefined Array")) << ".";
}

Program::Program(std::string name, std::vector<ProgramInput> inputs, std::vector<ProgramOutput> outputs) :
    Program(std::move(name), std::move(inputs), std::move(outputs), false) {}

Program::Program(std::string name, std::vector<ProgramInput> inputs, std::vector<ProgramOutput> outputs, bool derived) :
    name_(std::move(name)), inputs_(std::move(inputs)), outputs_(std::move(outputs)) {
    std::set<std::string> names;
    auto check_name = [&](const std::string &what) {
        _halide_user_assert(is_identifier(what))
            << "Program() needs names that are C identifiers; " << name_ << " has \"" << what << "\".";
        _halide_user_assert(names.insert(what).second)
            << "Program() needs distinct names; " << name_ << " has " << what << " twice.";
    };
    check_name(name_);
    names.clear();
    for (const ProgramInput &input : inputs_) {
        check_name(input.name());
    }
    const std::set<std::string> names_of_inputs = names;
    CheckClosed closed(name_, inputs_);
    Arrays arrays;
    for (const ProgramOutput &output : outputs_) {
        check_name(output.name);
        _halide_user_assert(output.array.defined())
            << "Program() needs defined outputs; " << output.name << " of " << name_ << " is not.";
        closed.check(output.array);
        arrays.push_back(output.array);
    }
    _halide_user_assert(!outputs_.empty()) << "Program() needs outputs; " << name_ << " has none.";
    if (!derived) {
        require_outside_loops(name_, names_of_inputs, arrays);
        require_used_states(name_, arrays);
    }
}

const ProgramInput &Program::input(const std::string &name) const {
    std::vector<std::string> known;
    for (const ProgramInput &input : inputs_) {
        if (input.name() == name) {
            return input;
        }
        known.push_back(input.name());
    }
    _halide_user_error << "Program " << name_ << " has no input " << name << "; its inputs are " << list_of(known)
                       << did_you_mean(name, known);
    return inputs_.front();
}

const Array &Program::output(const std::string &name) const {
    std::vector<std::string> known;
    for (const ProgramOutput &output : outputs_) {
        if (output.name == name) {
            return output.array;
        }
        known.push_back(output.name);
    }
    _halide_user_error << "Program " << name_ << " has no output " << name << "; its outputs are " << list_of(known)
                       << did_you_mean(name, known);
    return outputs_.front().array;
}

Arrays call(const Program &program, const std::vector<CallArgument> &arguments) {
    const std::vector<ProgramInput> &inputs = program.inputs();
    _halide_user_assert(arguments.size() == inputs.size())
        << "call() needs a value for each input; " << program.name() << " has " << inputs.size() << " inputs and "
        << arguments.size() << " values were given.";
    Substitution substitution;
    for (size_t i = 0; i < inputs.size(); i++) {
        const ProgramInput &input = inputs[i];
        const CallArgument &argument = arguments[i];
        _halide_user_assert(input.is_array() == argument.is_array())
            << "call() needs an Array for each array and an Expr for each scalar; input " << input.name() << " of "
            << program.name() << " is " << (input.is_array() ? "an array" : "a scalar") << ".";
        const Type type = argument.is_array() ? argument.array().type() : argument.scalar().type();
        _halide_user_assert(type == input.type())
            << "call() needs values of the types of the inputs; input " << input.name() << " of " << program.name()
            << " is " << input.type() << " and was given " << type << ": cast it.";
        if (!argument.is_array()) {
            substitution.replace(input.name(), argument.scalar());
        }
    }
    for (size_t i = 0; i < inputs.size(); i++) {
        if (inputs[i].is_array()) {
            const Array &given = arguments[i].array();
            std::vector<Expr> extents;
            for (const Expr &extent : inputs[i].array().extents()) {
                extents.push_back(substitution(extent));
            }
            _halide_user_assert(same_extents(given.extents(), extents))
                << "call() needs arrays of the extents of the inputs; input " << inputs[i].name() << " of "
                << program.name() << " is " << text_of(extents) << " and was given " << text_of(given.extents()) << ".";
        }
    }
    for (size_t i = 0; i < inputs.size(); i++) {
        if (inputs[i].is_array()) {
            substitution.replace(inputs[i].array(), arguments[i].array());
        }
    }
    // Also of loops that no argument reaches: the caller need not use all that they make.
    substitution.rebuild([](const LoopNode &node) -> Substitution::LoopBuilder {
        if (node.given == 0) {
            return nullptr;
        }
        return [&](const Expr &trips, const Arrays &init, const LoopBody &body, LoopOptions options) {
            if (!node.options.capacity.defined()) {
                options.capacity = Expr();  // that of the number of steps, which may be an array's here
            }
            return loop_like(node, trips, init, body, options);
        };
    });
    Arrays outputs;
    for (const ProgramOutput &output : program.outputs()) {
        outputs.push_back(substitution(output.array));
    }
    return outputs;
}

}  // namespace sylvite
