#include "frontend/program.h"

#include "frontend/graph.h"
#include "frontend/names.h"
#include "frontend/sizes.h"

#include <set>

using namespace Halide::Internal;

namespace sylvite {

namespace {

std::string text(const std::vector<Expr> &extents) {
    std::ostringstream out;
    out << "{";
    for (size_t i = 0; i < extents.size(); i++) {
        out << (i ? ", " : "") << extents[i];
    }
    out << "}";
    return out.str();
}

Array loop_array(ArrayNode::Kind kind, const std::shared_ptr<const LoopNode> &node, int index) {
    const Array &state = node->state[index];
    std::vector<Expr> extents = state.extents();
    if (kind == ArrayNode::Kind::History) {
        extents.push_back(node->capacity);
    }
    return Array::from_node(
        std::make_shared<ArrayNode>(ArrayNode{kind, state.name(), state.type(), extents, Func(), node, index}));
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
            _halide_user_assert(arrays_.count(node.get()))
                << "Program() needs outputs that exist outside loops; " << program_ << " reads state " << node->name
                << " of a loop outside that loop: return it from the loop's body and use the loop's result.";
            break;
        case ArrayNode::Kind::Value:
            check(node->value.function());
            break;
        case ArrayNode::Kind::Result:
        case ArrayNode::Kind::History:
            check_loop(*node->loop);
            break;
        }
    }

    void check_loop(const LoopNode &loop) {
        for (const Array &state : loop.state) {
            arrays_.insert(state.node().get());
        }
        names_.insert(loop.step.as<Variable>()->name);
        check({loop.trips, loop.capacity});
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
        for_each_expr(function, [&](const Expr &e) { check({e}); });
    }

    void check(const std::vector<Expr> &exprs) {
        const Reads reads = reads_of(exprs);
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

}  // namespace

Arrays loop(const Expr &trips, const Arrays &init, const LoopBody &body, const LoopOptions &options) {
    auto node = std::make_shared<LoopNode>();
    node->options = options;
    _halide_user_assert(is_identifier(options.name))
        << "loop() needs a name that is a C identifier, since schedules use it; it was given \"" << options.name
        << "\".";
    node->trips = Halide::max(checked_count(trips, "loop()", options.name), 0);
    node->trips = simplify(node->trips);
    node->capacity = node->trips;
    if (options.capacity.defined()) {
        node->capacity = checked_count(options.capacity, "loop()", "the capacity of " + options.name);
    }
    const std::string step = unique_name(options.name + "_t");
    node->step = Variable::make(Halide::Int(32), step, Halide::Parameter(Halide::Int(32), false, 0, step));
    node->init = init;
    for (const Array &array : init) {
        _halide_user_assert(array.defined())
            << "loop() needs defined initial states; " << options.name << " was given an Array that is not.";
        node->state.push_back(Array::from_node(std::make_shared<ArrayNode>(
            ArrayNode{ArrayNode::Kind::State, array.name(), array.type(), array.extents(), Func(), nullptr, 0})));
    }
    node->next = body(node->step, node->state);
    _halide_user_assert(node->next.size() == init.size())
        << "loop() needs a body that returns as many states as it is given; " << options.name << " was given "
        << init.size() << " and returns " << node->next.size() << ".";
    for (size_t i = 0; i < init.size(); i++) {
        const Array &before = init[i], &after = node->next[i];
        _halide_user_assert(after.defined()) << "loop() needs defined states; state " << i << " (" << before.name()
                                             << ") of " << options.name << " is not after a step.";
        _halide_user_assert(after.type() == before.type())
            << "loop() needs states that keep their type; state " << i << " (" << before.name() << ") of "
            << options.name << " is " << before.type() << " before and " << after.type() << " after a step: cast it.";
        _halide_user_assert(same_extents(after.extents(), before.extents()))
            << "loop() needs states that keep their extents; state " << i << " (" << before.name() << ") of "
            << options.name << " is " << text(before.extents()) << " before and " << text(after.extents())
            << " after a step.";
    }
    Arrays results;
    for (size_t i = 0; i < init.size(); i++) {
        results.push_back(loop_array(ArrayNode::Kind::Result, node, static_cast<int>(i)));
    }
    return results;
}

Array history(const Array &result) {
    _halide_user_assert(result.defined() && result.node()->kind == ArrayNode::Kind::Result)
        << "history() needs the result of a loop; it was given another Array.";
    return loop_array(ArrayNode::Kind::History, result.node()->loop, result.node()->index);
}

ProgramInput::ProgramInput(const Array &array) : array_(array) {
    _halide_user_assert(array.defined() && array.node()->kind == ArrayNode::Kind::Input)
        << "Program() needs inputs made by input(); it was given "
        << (array.defined() ? array.name() : std::string("an undefined Array")) << ".";
}

Program::Program(std::string name, std::vector<ProgramInput> inputs, std::vector<ProgramOutput> outputs) :
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
    CheckClosed closed(name_, inputs_);
    for (const ProgramOutput &output : outputs_) {
        check_name(output.name);
        _halide_user_assert(output.array.defined())
            << "Program() needs defined outputs; " << output.name << " of " << name_ << " is not.";
        closed.check(output.array);
    }
    _halide_user_assert(!outputs_.empty()) << "Program() needs outputs; " << name_ << " has none.";
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

}  // namespace sylvite
