#include "targets/watch_points.h"

#include <map>

using namespace Halide::Internal;

namespace sylvite {

namespace {

// As struct members: names, numbered where they are alike.
Expr names_of(const Arrays &arrays) {
    std::map<std::string, int> count;
    std::vector<Expr> names;
    for (const Array &array : arrays) {
        const int n = ++count[array.name()];
        names.emplace_back(n == 1 ? array.name() : array.name() + "." + std::to_string(n));
    }
    return struct_of(names);
}

}  // namespace

Expr WatchPoints::watch() const { return Variable::make(Halide::Handle(), watch_); }
Expr WatchPoints::watched() const { return Variable::make(Halide::Bool(), watch_ + ".any"); }

void WatchPoints::begin(Statements &out) const {
    const Expr watch = out.let(watch_, Call::make(Halide::Handle(), "sylvite_watching", {}, Call::Extern));
    out.let(watch_ + ".any", reinterpret(Halide::UInt(64), watch) != make_zero(Halide::UInt(64)));
}

// Calls `function` of the run time, with a struct of that content, if anything is watched.
void WatchPoints::call(const std::string &function, const std::vector<Expr> &fields, Statements &out) const {
    Statements calling;
    calling.checked_call(function, {watch(), struct_of(fields)});
    out.run(IfThenElse::make(watched(), calling.close()));
}

void WatchPoints::begin_step(const Loop &loop, const std::vector<Expr> &now, const Expr &steps, Statements &out) {
    const LoopNode &node = *loop.node;
    loops_.push_back({loop.name, node.step});
    Arrays states;
    std::vector<Expr> arrays;
    for (int j = 0; j < static_cast<int>(now.size()); j++) {
        if (j != node.going && j != node.steps) {  // those of a while_loop, of which its user knows nothing
            states.push_back(node.state[j]);
            arrays.push_back(now[j]);
        }
    }
    // struct sylvite_loop_step
    call("sylvite_step",
         {program_, loop.name, node.step, steps, static_cast<int>(arrays.size()), names_of(states), struct_of(arrays),
          user_context()},
         out);
}

Expr WatchPoints::before_kernel(Statements &out) const {
    const Expr clock = Call::make(Halide::Int(64), "sylvite_clock", {watch()}, Call::Extern);
    return out.let(unique_name(watch_ + ".began"),
                   Call::make(Halide::Int(64), Call::if_then_else, {watched(), clock, make_zero(Halide::Int(64))},
                              Call::PureIntrinsic));
}

void WatchPoints::after_kernel(const Kernel &kernel, const std::vector<Expr> &outputs, const Expr &began,
                               Statements &out) const {
    std::vector<Expr> loops, steps;
    for (const Inside &loop : loops_) {
        loops.emplace_back(loop.name);
        steps.push_back(loop.step);
    }
    // struct sylvite_kernel_run
    call("sylvite_kernel_ran",
         {program_, kernel.name, began, static_cast<int>(outputs.size()), names_of(kernel.outputs), struct_of(outputs),
          static_cast<int>(loops.size()), struct_of(loops), struct_of(steps), user_context()},
         out);
}

}  // namespace sylvite
