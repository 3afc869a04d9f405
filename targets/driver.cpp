#include "targets/driver.h"

#include "frontend/extern_kernel.h"
#include "targets/arguments.h"
#include "targets/rings.h"
#include "targets/storage.h"
#include "targets/watch_points.h"

#include <algorithm>

using namespace Halide::Internal;

namespace sylvite {

namespace {

using Halide::Argument;

bool uses_variable(const std::vector<Expr> &exprs, const std::string &name) {
    return std::any_of(exprs.begin(), exprs.end(), [&](const Expr &e) { return expr_uses_var(e, name); });
}

// What an Array is called by those who read it: there may be several nodes for the same values of a loop.
using Key = std::tuple<ArrayNode::Kind, const void *, int>;
Key key_of(const ArrayNode &node) {
    return {node.kind, node.loop ? static_cast<const void *>(node.loop.get()) : &node, node.loop ? node.index : 0};
}

class Driver {
public:
    Driver(const Program &program, const std::map<std::string, LoweredKernel> &kernels, const Halide::Target &target) :
        program_(program), kernels_(kernels), target_(target), on_device_(target.has_gpu_feature()),
        watch_points_(program.name()) {}

    LoweredFunc make(const Block &block);

private:
    const Program &program_;
    const std::map<std::string, LoweredKernel> &kernels_;
    const Halide::Target &target_;
    const bool on_device_;
    WatchPoints watch_points_;

    // The loops around the current statement, outermost first, and their storage; [0] is the program itself.
    struct Level {
        std::string step;
        std::unique_ptr<Storage> storage;
    };
    std::vector<Level> levels_;
    std::vector<std::unique_ptr<Storage>> finished_storage_;
    std::vector<const Loop *> around_;   // the loops around the current statement
    std::vector<std::string> counters_;  // of rings that go on when their loop runs again
    std::map<Key, Expr> arrays_;         // where an Array can be read
    std::map<Key, Expr> targets_;        // where a kernel writes an Array, if decided before the kernel is met

    std::vector<LoweredArgument> arguments() const;
    Statements block(const std::string &step, const std::function<void(Statements &)> &content);
    Storage &storage_for(const std::vector<Expr> &extents);

    void place_arguments();
    void deliver(Statements &out);
    void steps(const Block &block, Statements &out);
    void kernel(const Kernel &kernel, Statements &out);
    void loop(const Loop &loop, Statements &out);
    void copy(const Expr &from, const Expr &to, const Array &like, Statements &out);
    std::function<Expr(const Expr &)> on_error(const std::string &what) const;

    struct Ring {
        RingPlan plan;
        std::vector<Expr> read, write;  // differ only where a kernel works in place
        Expr slices;                    // where all values are kept, if they are; the others are then views of it
        int first = 0;                  // the slice of the value that the first step makes
        std::vector<Expr> kept;         // what is read of the slices: history, stack
        std::string counter;            // says where the next step writes, if not the number of the step does
        Expr reading, writing;          // of the current step
    };
    Ring make_ring(const Loop &loop, const RingPlan &plan, Statements &out);
    void keep_all(Ring &ring, const Loop &loop, Statements &out);
    void choose(Ring &ring, const Loop &loop, Statements &body);
    void step_of(const Loop &loop, std::vector<Ring> &rings, const std::string &table, Statements &body);
    Expr count(const Loop &loop, Statements &out);
    Expr value_of(const Expr &scalar, const std::string &name, Statements &out);
    void check_capacity(const Loop &loop, const Expr &steps, Statements &out);
    void repeat(const Loop &loop, const Expr &trips, const Statements &body, Statements &out);
    void repeat_while(const Loop &loop, const std::string &table, const Statements &body, Statements &out);

    Expr array(const ArrayNode &node) const {
        const auto found = arrays_.find(key_of(node));
        _halide_internal_assert(found != arrays_.end()) << node.name << " is read before it is computed";
        return found->second;
    }
};

std::vector<LoweredArgument> Driver::arguments() const {
    std::vector<LoweredArgument> arguments;
    if (target_.has_feature(Halide::Target::JIT)) {
        arguments.emplace_back("__user_context", Argument::InputScalar, Halide::type_of<const void *>(), 0,
                               Halide::ArgumentEstimates{});
    }
    for (const ProgramInput &input : program_.inputs()) {
        arguments.emplace_back(input.name(), input.is_array() ? Argument::InputBuffer : Argument::InputScalar,
                               input.type(), input.is_array() ? input.array().dimensions() : 0,
                               Halide::ArgumentEstimates{});
    }
    for (const ProgramOutput &output : program_.outputs()) {
        arguments.emplace_back(output.name, Argument::OutputBuffer, output.array.type(), output.array.dimensions(),
                               Halide::ArgumentEstimates{});
    }
    return arguments;
}

// The statements of a block, after what its storage needs.
Statements Driver::block(const std::string &step, const std::function<void(Statements &)> &content) {
    levels_.push_back({step, std::make_unique<Storage>(program_.name(), on_device_)});
    Statements inside, all;
    content(inside);
    levels_.back().storage->enter(all);
    const Stmt rest = inside.close();
    all.run(rest);
    finished_storage_.push_back(std::move(levels_.back().storage));
    levels_.pop_back();
    return all;
}

// The storage of the outermost block in which the extents have a value.
Storage &Driver::storage_for(const std::vector<Expr> &extents) {
    for (size_t i = levels_.size(); i-- > 1;) {
        if (uses_variable(extents, levels_[i].step)) {
            return *levels_[i].storage;
        }
    }
    return *levels_[0].storage;
}

// Arguments have places of their own: Halide binds `<name>.buffer` to them.
void Driver::place_arguments() {
    for (const ProgramInput &input : program_.inputs()) {
        if (input.is_array()) {
            arrays_[key_of(*input.array().node())] = argument(input.name());
        }
    }
    for (const ProgramOutput &output : program_.outputs()) {
        if (output.array.node()->kind == ArrayNode::Kind::Value) {
            targets_.emplace(key_of(*output.array.node()), argument(output.name));
        }
    }
}

LoweredFunc Driver::make(const Block &program_block) {
    place_arguments();
    const Statements body = block("", [&](Statements &out) {
        steps(program_block, out);
        deliver(out);
    });
    Statements all;
    if (!target_.has_feature(Halide::Target::JIT)) {
        all.let("__user_context", Call::make(Halide::Handle(), "sylvite_begin", {}, Call::Extern));
        all.at_return("sylvite_end", user_context());
    }
    check_arguments(program_, target_, all);
    for (const auto &storage : finished_storage_) {
        storage->prepare(all);
    }
    watch_points_.begin(all);
    for (const std::string &counter : counters_) {
        all.number(counter);
        all.store(counter, 0, 0);
    }
    all.run(body.close());
    return LoweredFunc(program_.name(), arguments(), all.close(), Halide::LinkageType::ExternalPlusMetadata);
}

// Copies what does not lie in the caller's arrays yet.
void Driver::deliver(Statements &out) {
    for (const ProgramOutput &output : program_.outputs()) {
        const Expr to = argument(output.name);
        const Expr from = array(*output.array.node());
        if (from.as<Variable>()->name != to.as<Variable>()->name) {
            copy(from, to, output.array, out);
        }
        if (on_device_) {
            out.checked_call("halide_copy_to_host", {to}, on_error("copy of " + output.name));
        }
    }
}

// An array without elements may have no memory, which Halide's copy would refuse.
void Driver::copy(const Expr &from, const Expr &to, const Array &like, Statements &out) {
    Expr any = const_true();
    for (const Expr &extent : like.extents()) {
        any = any && extent > 0;
    }
    Statements copying;
    copying.checked_call("halide_buffer_copy", {from, make_zero(Halide::type_of<halide_device_interface_t *>()), to},
                         on_error("copy of " + like.name()));
    out.run(IfThenElse::make(any, copying.close()));
}

std::function<Expr(const Expr &)> Driver::on_error(const std::string &what) const {
    return [name = program_.name(), what](const Expr &code) {
        return Call::make(Halide::Int(32), "sylvite_kernel_error", {user_context(), name, what, code}, Call::Extern);
    };
}

void Driver::steps(const Block &block, Statements &out) {
    for (const Step &step : block.steps) {
        if (const auto *k = std::get_if<Kernel>(&step)) {
            kernel(*k, out);
        } else {
            loop(*std::get<std::shared_ptr<const Loop>>(step), out);
        }
    }
}

void Driver::kernel(const Kernel &kernel, Statements &out) {
    const LoweredKernel &lowered = kernels_.at(kernel.name);
    std::vector<Expr> arguments{user_context()}, outputs;
    for (const Halide::Parameter &scalar : kernel.scalars) {
        const Type type = scalar.type();
        Expr value = Variable::make(type, scalar.name());
        if (type.is_bfloat() || (type.is_float() && type.bits() < 32)) {
            value = reinterpret(type.with_code(halide_type_uint), value);  // as Halide passes 16-bit floats
        }
        arguments.push_back(value);
    }
    for (const Array &input : kernel.inputs) {
        arguments.push_back(array(*input.node()));
    }
    for (const Array &output : kernel.outputs) {
        const Key key = key_of(*output.node());
        if (!targets_.count(key)) {
            targets_[key] = storage_for(output.extents()).array(output.name(), output.type(), output.extents());
        }
        outputs.push_back(targets_.at(key));
        arguments.push_back(targets_.at(key));
        arrays_.emplace(key, targets_.at(key));
    }
    // Halide 21 copies no array that an extern stage is given from or to a device.
    const bool is_on_host = on_device_ && is_extern_kernel(*kernel.outputs[0].node());
    for (size_t i = kernel.scalars.size() + 1; is_on_host && i < arguments.size(); i++) {
        out.checked_call("halide_copy_to_host", {arguments[i]}, on_error("copy for kernel " + kernel.name));
    }
    const Expr began = watch_points_.before_kernel(out);
    out.checked_call(lowered.symbol, arguments, on_error("kernel " + kernel.name));
    if (is_on_host) {
        out.call(Call::buffer_set_host_dirty, {outputs[0], const_true()});
    }
    watch_points_.after_kernel(kernel, outputs, began, out);
}

// The buffers of one value that each step of a loop makes.
Driver::Ring Driver::make_ring(const Loop &loop, const RingPlan &plan, Statements &out) {
    Ring ring;
    ring.plan = plan;
    const Array &like = loop.node->state[plan.states.front()];
    const std::string name = loop.name + "_" + like.name();
    Storage &storage = storage_for(like.extents());
    for (int i = 0; i < plan.size; i++) {
        if (plan.history >= 0) {
            // Only the host pointer of these changes from step to step, to the slice that the step writes.
            ring.read.push_back(storage.view(name, like.type(), like.extents()));
        } else {
            ring.read.push_back(storage.array(name, like.type(), like.extents()));
        }
        // A kernel that works in place reads and writes two arrays, of which it does not see that they lie in one place.
        // With devices, only states that nothing reads are in place: there the array that is written must be the one that
        // is read later, for it knows on which side its values are.
        ring.write.push_back(plan.in_place && !on_device_ ? storage.alias(ring.read.back()) : ring.read.back());
    }
    if (plan.history >= 0) {
        keep_all(ring, loop, out);
    }
    if (plan.size > 1 && !around_.empty() && carries(*around_.back(), loop)) {
        ring.counter = unique_name(name + ".next");
        counters_.push_back(ring.counter);
    }
    return ring;
}

// The slices of a ring that keeps all its values: the initial one too, if values at the starts of steps are read.
void Driver::keep_all(Ring &ring, const Loop &loop, Statements &out) {
    const int state = ring.plan.history;
    const Array &like = loop.node->state[state];
    const bool has_history = loop.has_history[state];
    ring.first = has_history ? 1 : 0;
    std::vector<Expr> steps = like.extents(), slices = steps;
    steps.push_back(loop.node->capacity);
    slices.push_back(loop.node->capacity + ring.first);
    Storage &storage = storage_for(slices);
    ring.slices = storage.array(loop.name + "_" + like.name() + "_slices", like.type(), slices);
    const auto keep = [&](ArrayNode::Kind kind, int first) {
        ring.kept.push_back(storage.slices(ring.slices, steps, first));
        arrays_[{kind, loop.node.get(), state}] = ring.kept.back();
    };
    if (has_history) {
        keep(ArrayNode::Kind::History, 0);
        const Expr initial = storage_for(like.extents()).view(loop.name + "_first", like.type(), like.extents());
        out.call("sylvite_point_at_slice", {initial, ring.slices, 0});
        copy(array(*loop.node->init[state].node()), initial, like, out);
    }
    if (loop.has_stack[state]) {
        keep(ArrayNode::Kind::Stack, ring.first);
    }
}

// Where this step writes.
void Driver::choose(Ring &ring, const Loop &loop, Statements &body) {
    const Expr step = loop.node->step;
    Expr place = step % ring.plan.size;
    if (!ring.counter.empty()) {
        place = body.let(unique_name(ring.counter + ".place"), Statements::load_number(ring.counter));
        body.store(ring.counter, (place + 1) % ring.plan.size, 0);
    }
    const auto turn = [&](const std::vector<Expr> &buffers) {
        Expr chosen = buffers.back();
        for (int i = ring.plan.size - 2; i >= 0; i--) {
            chosen = Select::make(place == i, buffers[i], chosen);
        }
        return ring.plan.size == 1 ? chosen : body.let(unique_name(loop.name + ".turn"), chosen);
    };
    ring.writing = turn(ring.write);
    ring.reading = ring.plan.in_place ? turn(ring.read) : ring.writing;
    if (ring.plan.history >= 0) {
        body.call("sylvite_point_at_slice", {ring.writing, ring.slices, step + ring.first});
    }
    if (ring.plan.value) {
        const Key key = key_of(*ring.plan.value);
        targets_[key] = ring.writing;
        arrays_[key] = ring.reading;
    }
}

// The value of an int32 without dimensions.
Expr Driver::value_of(const Expr &scalar, const std::string &name, Statements &out) {
    if (on_device_) {
        out.checked_call("halide_copy_to_host", {scalar}, on_error("copy of " + name));
    }
    return Call::make(Halide::Int(32), "sylvite_value_of", {scalar}, Call::Extern);
}

// How many steps there will be; for a while_loop, of which that is not known, how many there can be.
Expr Driver::count(const Loop &loop, Statements &out) {
    const LoopNode &node = *loop.node;
    const Expr trips = node.count.defined() ? value_of(array(*node.count.node()), node.count.name(), out) : node.trips;
    return out.let(unique_name(loop.name + ".trips"), Halide::max(trips, 0));
}

void Driver::check_capacity(const Loop &loop, const Expr &steps, Statements &out) {
    for (size_t j = 0; j < loop.node->state.size(); j++) {
        if (loop.keeps(static_cast<int>(j))) {
            out.checked_call("sylvite_check_history", {program_.name(), loop.name, steps, loop.node->capacity});
            return;
        }
    }
}

void Driver::loop(const Loop &loop, Statements &out) {
    const LoopNode &node = *loop.node;
    const int states = static_cast<int>(node.state.size());
    const bool is_while = node.going >= 0;
    const Expr trips = count(loop, out);
    if (!is_while) {
        check_capacity(loop, trips, out);
    }
    std::vector<Ring> rings;
    for (const RingPlan &plan : plan_rings(loop, [&](const std::string &kernel, int output, int input) {
             return kernels_.at(kernel).in_place.count({output, input}) > 0;
         })) {
        rings.push_back(make_ring(loop, plan, out));
    }
    // The table holds a pointer to each state, at first to the initial ones.
    const std::string table = unique_name(loop.name + ".states");
    out.pointer_table(table, states);
    for (int j = 0; j < states; j++) {
        out.store(table, array(*node.init[j].node()), j);
    }
    around_.push_back(&loop);
    const Statements body = block(node.step.as<Variable>()->name, [&](Statements &inside) {
        std::vector<Expr> now(states);
        for (int j = 0; j < states; j++) {
            now[j] = inside.let(unique_name(loop.name + ".now"), Statements::load_pointer(table, j));
            arrays_[key_of(*node.state[j].node())] = now[j];
        }
        watch_points_.begin_step(loop, now, is_while ? Expr(-1) : trips, inside);
        if (is_while) {
            check_capacity(loop, node.step + 1, inside);
        }
        step_of(loop, rings, table, inside);
        watch_points_.end_step();
    });
    around_.pop_back();
    if (is_while) {
        repeat_while(loop, table, body, out);
    } else {
        repeat(loop, trips, body, out);
    }
    for (int j = 0; j < states; j++) {
        arrays_[{ArrayNode::Kind::Result, &node, j}] =
            out.let(unique_name(loop.name + ".result"), Statements::load_pointer(table, j));
    }
    for (const Ring &ring : rings) {
        for (size_t i = 0; on_device_ && i < ring.kept.size(); i++) {  // slices were written on the host
            out.call(Call::buffer_set_host_dirty, {ring.kept[i], const_true()});
        }
    }
}

void Driver::repeat(const Loop &loop, const Expr &trips, const Statements &body, Statements &out) {
    out.run(For::make(loop.node->step.as<Variable>()->name, 0, trips, ForType::Serial, Halide::Partition::Never,
                      Halide::DeviceAPI::None, body.close()));
}

// Halide's IR has loops of known length only. Here 1, 2, 4, ... steps are made at a time as long as the condition holds
// where such a stretch begins; the rest of the last one is skipped, which is never longer than what was run.
void Driver::repeat_while(const Loop &loop, const std::string &table, const Statements &body, Statements &out) {
    const LoopNode &node = *loop.node;
    const auto goes_on = [&](Statements &before) {
        const Expr going = before.let(unique_name(loop.name + ".going"), Statements::load_pointer(table, node.going));
        return value_of(going, node.state[node.going].name(), before) != 0;
    };
    const auto serial = [](const std::string &name, const Expr &extent, const Stmt &inside) {
        return For::make(name, 0, extent, ForType::Serial, Halide::Partition::Never, Halide::DeviceAPI::None, inside);
    };
    const std::string stretch = unique_name(loop.name + ".stretch"), place = unique_name(loop.name + ".place");
    const Expr length = Expr(1) << Variable::make(Halide::Int(32), stretch);
    Statements one, all;
    const Expr runs = goes_on(one);
    one.run(IfThenElse::make(runs, LetStmt::make(node.step.as<Variable>()->name,
                                                 length - 1 + Variable::make(Halide::Int(32), place), body.close())));
    const Expr steps = all.let(unique_name(loop.name + ".length"), select(goes_on(all), length, 0));
    all.run(serial(place, steps, one.close()));
    out.run(serial(stretch, 31, all.close()));
}

void Driver::step_of(const Loop &loop, std::vector<Ring> &rings, const std::string &table, Statements &body) {
    const LoopNode &node = *loop.node;
    const int states = static_cast<int>(node.state.size());
    for (Ring &ring : rings) {
        choose(ring, loop, body);
    }
    steps(loop.body, body);
    std::vector<Expr> next(states);
    for (const Ring &ring : rings) {
        if (!ring.plan.value) {
            copy(array(*ring.plan.copy_of), ring.writing, node.state[ring.plan.states.front()], body);
        }
        if (ring.plan.history >= 0 && on_device_) {
            body.checked_call("halide_copy_to_host", {ring.writing},
                              on_error("copy of " + node.state[ring.plan.history].name()));
        }
        for (int j : ring.plan.states) {
            next[j] = ring.reading;
        }
    }
    for (int j = 0; j < states; j++) {
        body.store(table, next[j].defined() ? next[j] : array(*node.next[j].node()), j);
    }
}

}  // namespace

LoweredFunc make_driver(const Program &program, const Block &block, const std::map<std::string, LoweredKernel> &kernels,
                        const Halide::Target &target) {
    return Driver(program, kernels, target).make(block);
}

}  // namespace sylvite
