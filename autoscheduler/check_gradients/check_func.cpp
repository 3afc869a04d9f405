#include "autoscheduler/check_gradients/comparison.h"
#include "frontend/graph.h"

#include <optional>
#include <set>

using namespace Halide::Internal;

namespace sylvite {

namespace {

using comparison::System;
using Halide::Buffer;
using Halide::ImageParam;
using Box = std::vector<std::pair<int, int>>;

struct Output {
    Func func;
    Box box;
};

Box box_of(const Buffer<> &buffer) {
    Box box;
    for (int d = 0; d < buffer.dimensions(); d++) {
        box.emplace_back(buffer.dim(d).min(), buffer.dim(d).extent());
    }
    return box;
}

Buffer<> zeros(const Buffer<> &like) {
    Buffer<> buffer = comparison::random_weights(like.type(), box_of(like), 0);
    buffer.for_each_element(
        [&](const int *at) { comparison::set_element(buffer, std::vector<int>(at, at + buffer.dimensions()), 0); });
    return buffer;
}

// What realizes Funcs on boxes. Those that the user has not scheduled are computed at root: derivatives that are
// inlined into one another would take long to compile.
class Evaluation {
public:
    Evaluation(std::vector<Output> outputs, const std::set<std::string> &scheduled, const Halide::Target &target) :
        outputs_(std::move(outputs)), target_(target) {
        std::vector<Func> funcs;
        for (const Output &output : outputs_) {
            // A copy, as an output is bound to its box.
            Func copy(plain_name(output.func.name()));
            copy(output.func.args()) = Call::make(output.func.function(), arguments(output.func), 0);
            funcs.push_back(copy);
        }
        for (const Function &function : functions_of(funcs)) {
            if (!scheduled.count(function.name()) && !only_reads(function)) {
                Func(function).compute_root();
            }
        }
        pipeline_ = Halide::Pipeline(funcs);
    }

    std::vector<Buffer<>> operator()() {
        std::vector<Buffer<>> results;
        for (const Output &output : outputs_) {
            results.push_back(comparison::random_weights(output.func.type(), output.box, 0));
        }
        pipeline_.realize(Halide::Realization(results), target_);
        return results;
    }

private:
    std::vector<Output> outputs_;
    Halide::Target target_;
    Halide::Pipeline pipeline_;

    // Funcs that only read an input or another Func: at root one of an input would be needed on a bounding box, and the
    // input with it, where it is read in a corner of that alone.
    static bool only_reads(const Function &function) {
        return function.has_pure_definition() && function.updates().empty() && function.values()[0].as<Call>() &&
               !function.values()[0].as<Call>()->is_extern();
    }

    static std::vector<Expr> arguments(const Func &func) {
        const std::vector<Halide::Var> args = func.args();
        return std::vector<Expr>(args.begin(), args.end());
    }
};

// The inputs at the values that they have, and what puts these back.
class Inputs {
public:
    explicit Inputs(const std::vector<GradientInput> &inputs) {
        _halide_user_assert(!inputs.empty()) << "check_gradients() needs inputs to move; it was given none.";
        for (const GradientInput &x : inputs) {
            add(x);
        }
    }
    ~Inputs() {
        for (const std::function<void()> &restore : restores_) {
            restore();
        }
    }
    Inputs(const Inputs &) = delete;
    void operator=(const Inputs &) = delete;

    std::vector<System::Slot> slots;

private:
    std::vector<std::function<void()>> restores_;

    void add(const GradientInput &x) {
        const std::string &name = x.input().name();
        _halide_user_assert(x.input().types()[0].is_float())
            << "check_gradients() needs float inputs; " << name << " has type " << x.input().types()[0]
            << ": integers have no derivative.";
        if (x.parameter().defined() && !x.parameter().is_buffer()) {
            add_scalar(name, x.parameter());
            return;
        }
        const Buffer<> present = x.parameter().defined() ? x.parameter().buffer() : x.buffer();
        _halide_user_assert(present.defined())
            << "check_gradients() needs a value for each input; " << name << " has none: set() one first.";
        if (x.parameter().defined()) {
            Halide::Parameter parameter = x.parameter();
            const Buffer<> moved = present.copy();
            parameter.set_buffer(moved);
            slots.push_back({name, moved, [] {}});
            restores_.push_back([=]() mutable { parameter.set_buffer(present); });
        } else {  // its values are in the Func: they are changed in place
            Buffer<> in_place = present;
            const Buffer<> before = present.copy();
            slots.push_back({name, in_place, [] {}});
            restores_.push_back([=]() mutable { in_place.copy_from(before); });
        }
    }

    void add_scalar(const std::string &name, const Halide::Parameter &parameter) {
        _halide_user_assert(parameter.has_scalar_value())
            << "check_gradients() needs a value for each input; " << name << " has none: set() one first.";
        switch (parameter.type().bits()) {
        case 64:
            return add_scalar<double>(name, parameter);
        case 32:
            return add_scalar<float>(name, parameter);
        default:
            return add_scalar<Halide::float16_t>(name, parameter);
        }
    }

    template<typename T>
    void add_scalar(const std::string &name, Halide::Parameter parameter) {
        const T before = parameter.scalar<T>();
        Buffer<T> value = Buffer<T>::make_scalar();
        value() = before;
        slots.push_back({name, value, [=]() mutable { parameter.set_scalar<T>(value()); }});
        restores_.push_back([=]() mutable { parameter.set_scalar<T>(before); });
    }
};

void check_order(const std::vector<Output> &outputs, const std::set<std::string> &scheduled,
                 const std::vector<GradientInput> &inputs, const Inputs &present, int order,
                 const GradientCheckOptions &options, GradientReport &report) {
    System system;
    system.inputs = present.slots;
    std::vector<Cotangent> cotangents;
    std::vector<Func> funcs;
    std::vector<Output> gradients, tangents;
    for (size_t k = 0; k < outputs.size(); k++) {
        const auto &[func, box] = outputs[k];
        system.weights.push_back(comparison::random_weights(func.type(), box, options.seed + static_cast<unsigned>(k)));
        ImageParam weights(func.type(), func.dimensions(),
                           "weights_of_" + plain_name(func.name()) + "_" + std::to_string(order));
        weights.set(system.weights.back());
        Region region;
        for (const auto &[min, extent] : box) {
            region.emplace_back(min, extent);
        }
        cotangents.push_back({func, weights, region});
        funcs.push_back(func);
    }
    const Adjoints adjoints = vjp(cotangents);
    std::vector<Tangent> directions;
    std::vector<Buffer<>> direction;
    for (size_t i = 0; i < inputs.size(); i++) {
        const Buffer<> &values = system.inputs[i].values;
        gradients.push_back({adjoints(inputs[i].input()), box_of(values)});
        ImageParam d(values.type(), values.dimensions(),
                     "direction_of_" + plain_name(system.inputs[i].name) + "_" + std::to_string(order));
        direction.push_back(zeros(values));
        d.set(direction.back());
        directions.push_back({inputs[i].input(), d});
    }
    const Halide::Target target =
        options.target.os == Halide::Target::OSUnknown ? Halide::get_jit_target_from_environment() : options.target;
    Evaluation value(outputs, scheduled, target);
    system.outputs = [&] { return value(); };
    std::optional<Evaluation> forward, reverse;
    if (options.forward) {
        const std::vector<Func> moved = jvp(funcs, directions);
        for (size_t k = 0; k < outputs.size(); k++) {
            tangents.push_back({moved[k], outputs[k].box});
        }
        forward.emplace(tangents, scheduled, target);
        system.forward = [&](size_t input, const std::vector<int> &at) {
            comparison::set_element(direction[input], at, 1);
            const double slope = comparison::dot(system.weights, (*forward)());
            comparison::set_element(direction[input], at, 0);
            return slope;
        };
    }
    if (options.reverse) {
        reverse.emplace(gradients, scheduled, target);
        system.reverse = [&] { return (*reverse)(); };
    }
    comparison::compare(system, order, options, report);
    if (order < options.order) {
        check_order(gradients, scheduled, inputs, present, order + 1, options, report);
    }
}

}  // namespace

GradientReport check_gradients(const Func &output, const Region &box, const std::vector<GradientInput> &inputs,
                               const GradientCheckOptions &options) {
    comparison::require_something_to_compare(options);
    const std::string name = plain_name(output.name());
    _halide_user_assert(output.defined())
        << "check_gradients() needs a defined Func; " << name << " is not: define it first.";
    _halide_user_assert(output.outputs() == 1 && output.type().is_float() &&
                        output.dimensions() == static_cast<int>(box.size()))
        << "check_gradients() needs an output with one float value and a range per dimension; " << name << " has "
        << output.outputs() << " of type " << output.types()[0] << " and " << output.dimensions() << " dimensions, "
        << box.size() << " ranges were given.";
    Output checked{output, {}};
    for (const Halide::Range &range : box) {
        const auto min = as_const_int(simplify(range.min)), extent = as_const_int(simplify(range.extent));
        _halide_user_assert(min && extent) << "check_gradients() needs a box of numbers; that of " << name << " has "
                                           << range.min << " and " << range.extent << ".";
        checked.box.emplace_back(static_cast<int>(*min), static_cast<int>(*extent));
    }
    std::set<std::string> scheduled;
    for (const Function &function : functions_of({output.function()})) {
        scheduled.insert(function.name());
    }
    const Inputs present(inputs);
    GradientReport report;
    check_order({checked}, scheduled, inputs, present, 1, options, report);
    return report;
}

}  // namespace sylvite
