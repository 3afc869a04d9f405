#include "frontend/loop.h"

#include "frontend/graph.h"
#include "frontend/names.h"
#include "frontend/sizes.h"
#include "frontend/writing_down.h"

#include <limits>

using namespace Halide::Internal;

namespace sylvite {

using Kind = ArrayNode::Kind;
using Loop = std::shared_ptr<const LoopNode>;

namespace {

Array loop_array(Kind kind, const Loop &loop, int index) {
    const Array &state = loop->state[index];
    std::vector<Expr> extents = state.extents();
    if (kind != Kind::Result) {
        // Without a bound there is no such Array; a Program that reads it is refused.
        extents.push_back(loop->capacity.defined() ? loop->capacity : Expr(std::numeric_limits<int32_t>::max()));
    }
    return Array::from_node(
        std::make_shared<ArrayNode>(ArrayNode{kind, state.name(), state.type(), extents, Func(), loop, index}));
}

Array kept(const std::string &function, Kind kind, const Array &result) {
    _halide_user_assert(result.defined() && result.node()->kind == Kind::Result)
        << function << " needs the result of a loop; it was given another Array.";
    return loop_array(kind, result.node()->loop, result.node()->index);
}

Array state_like(const Array &array) {
    return Array::from_node(std::make_shared<ArrayNode>(
        ArrayNode{Kind::State, array.name(), array.type(), array.extents(), Func(), nullptr, 0}));
}

Array scalar(const std::string &name, const Expr &value) {
    Func f(name);
    f() = value;
    return Array(f, {});
}

bool reads_arrays(const Expr &e) { return !reads_of({e}).functions.empty(); }

// The Array without dimensions that is all that `e` reads, or an undefined one.
Array only_read(const Expr &e) {
    const Call *call = e.as<Call>();
    const auto node = call && call->func.defined() ? array_node(Function(call->func)) : nullptr;
    return node && node->extents.empty() ? Array::from_node(node, Func(Function(call->func))) : Array();
}

void check_states(const LoopNode &node, const std::string &function) {
    _halide_user_assert(node.next.size() == node.init.size())
        << function << " needs a body that returns as many states as it is given; " << node.options.name
        << " was given " << node.init.size() << " and returns " << node.next.size() << ".";
    for (size_t i = 0; i < node.init.size(); i++) {
        const Array &before = node.init[i], &after = node.next[i];
        _halide_user_assert(after.defined())
            << function << " needs defined states; state " << i << " (" << before.name() << ") of " << node.options.name
            << " is not after a step.";
        _halide_user_assert(after.type() == before.type())
            << function << " needs states that keep their type; state " << i << " (" << before.name() << ") of "
            << node.options.name << " is " << before.type() << " before and " << after.type()
            << " after a step: cast it.";
        _halide_user_assert(same_extents(after.extents(), before.extents()))
            << function << " needs states that keep their extents; state " << i << " (" << before.name() << ") of "
            << node.options.name << " is " << text_of(before.extents()) << " before and " << text_of(after.extents())
            << " after a step.";
    }
}

// The values of `all` before `steps` in its last dimension, and zeros from there on.
Array zero_after(const Expr &steps, const Array &all) {
    Func f(all.name());
    const std::vector<Halide::Var> at = coordinates(all.extents().size());
    f(at) = Halide::select(at.back() < steps, all(std::vector<Expr>(at.begin(), at.end())), make_zero(all.type()));
    return Array(f, all.extents());
}

// What the user's `act` returns.
template<typename Act>
auto in_loop(const std::string &function, const std::string &loop, const Act &act) {
    const WritingDown writing(function, loop);
    return act();
}

// Writes down how a step is undone.
void write_down_inverse(LoopNode &node, const std::string &function) {
    for (const Array &state : node.state) {
        node.after.push_back(state_like(state));
    }
    const std::string &name = node.options.name;
    node.before = in_loop(function, name, [&] { return node.options.memory.inverse(node.step, node.after); });
    node.options.memory.inverse = nullptr;
    _halide_user_assert(node.before.size() == node.state.size())
        << function << " needs an inverse that returns as many states as it is given; that of " << name << " was given "
        << node.state.size() << " and returns " << node.before.size() << ".";
    for (size_t i = 0; i < node.state.size(); i++) {
        const Array &state = node.state[i], &before = node.before[i];
        _halide_user_assert(!before.defined() ||
                            (before.type() == state.type() && same_extents(before.extents(), state.extents())))
            << function << " needs an inverse that keeps type and extents of states; that of " << name << " returns "
            << before.type() << " on " << text_of(before.extents()) << " for state " << i << " (" << state.name()
            << "), which is " << state.type() << " on " << text_of(state.extents()) << ".";
    }
}

// Options for a loop whose states from `given` on are not the user's: his inverse knows nothing of them.
LoopOptions without_inverse_from(size_t given, const LoopOptions &options, const std::string &function) {
    LoopOptions wider = options;
    if (const LoopBody inverse = options.memory.inverse) {
        wider.memory.inverse = [=, name = options.name](const Expr &step, const Arrays &after) {
            Arrays before = inverse(step, Arrays(after.begin(), after.begin() + given));
            _halide_user_assert(before.size() == given)
                << function << " needs an inverse that returns as many states as it is given; that of " << name
                << " was given " << given << " and returns " << before.size() << ".";
            before.resize(after.size());
            return before;
        };
    }
    return wider;
}

// Writes down a loop of which the node says how it ends. With `has_outputs`, what `body` returns beyond as many states
// as it is given are states too, which begin as zeros and which nothing reads.
Arrays write_down(const std::shared_ptr<LoopNode> &node, const Arrays &init, const LoopBody &body,
                  const std::string &function, bool has_outputs = false) {
    const std::string &name = node->options.name;
    _halide_user_assert(is_identifier(name))
        << function << " needs a name that is a C identifier, since schedules use it; it was given \"" << name << "\".";
    const std::string step = unique_name(name + "_t");
    node->step = Variable::make(Halide::Int(32), step, Halide::Parameter(Halide::Int(32), false, 0, step));
    node->init = init;
    for (const Array &array : init) {
        _halide_user_assert(array.defined())
            << function << " needs defined initial states; " << name << " was given an Array that is not.";
        node->state.push_back(state_like(array));
    }
    node->next = in_loop(function, name, [&] { return body(node->step, node->state); });
    for (size_t i = init.size(); has_outputs && i < node->next.size(); i++) {
        const Array &output = node->next[i];
        _halide_user_assert(output.defined())
            << function << " needs defined outputs; output " << i - init.size() << " of " << name << " is not.";
        node->init.push_back(zeros(output.name(), output.type(), output.extents()));
        node->state.push_back(state_like(output));
    }
    check_states(*node, function);
    if (node->options.memory.inverse) {
        write_down_inverse(*node, function);
    }
    Arrays results;
    for (size_t i = 0; i < node->init.size(); i++) {
        results.push_back(loop_array(Kind::Result, node, static_cast<int>(i)));
    }
    return results;
}

std::shared_ptr<LoopNode> counted(const Expr &trips, const LoopOptions &options, const std::string &function) {
    auto node = std::make_shared<LoopNode>();
    node->options = options;
    node->trips = checked_count(trips, function, options.name);
    if (reads_arrays(node->trips)) {
        node->count = only_read(node->trips);
        if (!node->count.defined()) {
            node->count = scalar(options.name + "_steps", Halide::max(node->trips, 0));
            node->trips = node->count();
        }
    } else {
        node->trips = simplify(Halide::max(node->trips, 0));
        node->capacity = node->trips;
    }
    return node;
}

bool needs_bound(const Memory &memory) { return memory.way == Memory::Way::sqrt || memory.way == Memory::Way::budget; }

void set_capacity(LoopNode &node, const std::string &function) {
    if (const Expr &capacity = node.options.capacity; capacity.defined()) {
        const Expr checked = checked_count(capacity, function, "the capacity of " + node.options.name);
        node.capacity = simplify(Halide::max(checked, 0));
        _halide_user_assert(!reads_arrays(node.capacity))
            << function << " needs a capacity that is known before the program runs; that of " << node.options.name
            << " reads an array: give a bound of it.";
    }
}

Arrays counted_loop(const Expr &trips, const Arrays &init, const LoopBody &body, const LoopOptions &options, int given,
                    const std::string &function) {
    const std::shared_ptr<LoopNode> node = counted(trips, options, function);
    node->given = given;
    set_capacity(*node, function);
    _halide_user_assert(!needs_bound(options.memory) || node->capacity.defined())
        << function
        << " needs a bound of the steps to keep states by Memory::sqrt or Memory::budget; the number of steps of "
        << options.name << " reads an array: set LoopOptions::capacity.";
    return write_down(node, init, body, function);
}

// The first `given` states of a loop that ends as another does are its author's.
Arrays ending_like(const LoopNode &like, const Expr &trips, const Arrays &init, const LoopBody &body,
                   const LoopOptions &options, int given, const std::string &function = "loop()") {
    if (like.going < 0) {
        return counted_loop(trips, init, body, options, given, function);
    }
    auto node = std::make_shared<LoopNode>();
    node->given = given;
    node->options = options;
    node->trips = like.trips;
    node->going = like.going;
    node->steps = like.steps;
    set_capacity(*node, "while_loop()");
    return write_down(node, init, body, "while_loop()");
}

}  // namespace

Arrays loop(const Expr &trips, const Arrays &init, const LoopBody &body, const LoopOptions &options) {
    return counted_loop(trips, init, body, options, static_cast<int>(init.size()), "loop()");
}

Arrays loop_like(const LoopNode &like, const Expr &trips, const Arrays &init, const LoopBody &body,
                 const LoopOptions &options) {
    return ending_like(like, trips, init, body, options, 0);
}

WhileResult while_loop(const WhileCondition &condition, const Arrays &init, const LoopBody &body,
                       const LoopOptions &options) {
    _halide_user_assert(!needs_bound(options.memory))
        << "while_loop() does not know its number of steps before it ends, as Memory::sqrt and Memory::budget ask; "
        << options.name << " has one of them: use Memory::binomial, or set LoopOptions::capacity and store all.";
    const int states = static_cast<int>(init.size());
    const auto goes_on = [&](const Arrays &state) {
        const Expr holds = in_loop("while_loop()", options.name,
                                   [&] { return condition(Arrays(state.begin(), state.begin() + states)); });
        _halide_user_assert(holds.defined() && holds.type() == Halide::Bool())
            << "while_loop() needs a condition that is a scalar bool; that of " << options.name << " is not.";
        return scalar("going", Halide::cast<int>(holds));
    };
    LoopNode like;
    like.trips = std::numeric_limits<int32_t>::max();
    like.going = states;
    like.steps = states + 1;
    Arrays all = init;
    all.push_back(goes_on(init));
    all.push_back(scalar("steps", 0));
    const auto step = [&](const Expr &t, const Arrays &state) {
        Arrays next = body(t, Arrays(state.begin(), state.begin() + states));
        _halide_user_assert(next.size() == init.size())
            << "while_loop() needs a body that returns as many states as it is given; " << options.name << " was given "
            << init.size() << " and returns " << next.size() << ".";
        for (const Array &array : next) {
            _halide_user_assert(array.defined())
                << "while_loop() needs defined states; " << options.name << " returns one that is not.";
        }
        next.push_back(goes_on(next));
        next.push_back(scalar("steps", t + 1));
        return next;
    };
    const Arrays results = ending_like(like, like.trips, all, LoopBody(step),
                                       without_inverse_from(init.size(), options, "while_loop()"), states);
    return {Arrays(results.begin(), results.begin() + states), results[states + 1]};
}

Arrays branch(const Expr &condition, const Arrays &state, const BranchBody &then, const BranchBody &otherwise,
              const LoopOptions &options) {
    _halide_user_assert(condition.defined() && condition.type() == Halide::Bool())
        << "branch() needs a condition that is a scalar bool; that of " << options.name << " is not.";
    // Each arm is a loop of one step or none: derivatives, memory and schedules of branches are those of loops.
    const Array chosen = scalar(options.name + "_is_taken", Halide::cast<int>(condition));
    const auto arm = [&](const std::string &suffix, const Expr &times, const Arrays &before, const BranchBody &body) {
        LoopOptions one = options;
        one.name += suffix;
        one.memory = {};
        one.capacity = 1;
        // What one arm needs of the states the other need not.
        return ending_like({}, times, before, LoopBody([&](const Expr &, const Arrays &s) { return body(s); }), one, 0,
                           "branch()");
    };
    return arm("_else", 1 - chosen(), arm("_then", chosen(), state, then), otherwise);
}

Scanned scan(const Expr &trips, const Arrays &init, const Arrays &inputs, const ScanBody &body,
             const LoopOptions &options) {
    const std::shared_ptr<LoopNode> node =
        counted(trips, without_inverse_from(init.size(), options, "scan()"), "scan()");
    _halide_user_assert(!node->count.defined())
        << "scan() needs a number of steps that is known before the program runs; that of " << options.name
        << " reads an array: use loop().";
    node->given = static_cast<int>(init.size());
    const Expr steps = node->capacity;
    set_capacity(*node, "scan()");
    for (const Array &input : inputs) {
        _halide_user_assert(input.defined() && input.dimensions() > 0)
            << "scan() needs inputs with a dimension that counts the steps; " << options.name << " was given "
            << (input.defined() ? input.name() + ", which has none" : "an Array that is not defined") << ".";
        _halide_user_assert(!can_prove(input.extents().back() < steps))
            << "scan() needs inputs with an element for each step; " << options.name << " makes " << steps
            << " steps and " << input.name() << " has " << input.extents().back() << ".";
    }
    const auto step = [&](const Expr &t, const Arrays &state) {
        Arrays now;
        for (const Array &input : inputs) {
            now.push_back(slice(input, t));
        }
        const Scanned made = body(t, state, now);
        _halide_user_assert(made.state.size() == init.size())
            << "scan() needs a body that returns as many states as it is given; " << options.name << " was given "
            << init.size() << " and returns " << made.state.size() << ".";
        Arrays next = made.state;
        next.insert(next.end(), made.outputs.begin(), made.outputs.end());
        return next;
    };
    const Arrays results = write_down(node, init, LoopBody(step), "scan()", true);
    Scanned scanned;
    for (size_t i = 0; i < results.size(); i++) {
        if (i < init.size()) {
            scanned.state.push_back(results[i]);
        } else {
            const Array all = stack(results[i]);
            scanned.outputs.push_back(can_prove(steps == node->capacity) ? all : zero_after(steps, all));
        }
    }
    return scanned;
}

Array history(const Array &result) { return kept("history()", Kind::History, result); }
Array stack(const Array &result) { return kept("stack()", Kind::Stack, result); }

Arrays read_before(const LoopNode &loop) {
    Arrays arrays = loop.init;
    if (loop.count.defined()) {
        arrays.push_back(loop.count);
    }
    return arrays;
}

Expr steps_of(const std::shared_ptr<const LoopNode> &loop) {
    return loop->going < 0 ? loop->trips : loop_array(Kind::Result, loop, loop->steps)();
}

}  // namespace sylvite
