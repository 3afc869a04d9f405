#include "autodiff/checkpoint.h"

#include "autodiff/activity.h"
#include "autodiff/budget.h"
#include "frontend/substitute.h"

#include <cmath>

using namespace Halide::Internal;

namespace sylvite {

namespace {

Expr ceil_sqrt(const Expr &n) {
    if (const auto constant = as_const_int(simplify(n))) {
        return std::max(1, static_cast<int>(std::ceil(std::sqrt(static_cast<double>(*constant)))));
    }
    return Halide::max(1, Halide::cast<int>(Halide::ceil(Halide::sqrt(Halide::cast<double>(n)))));
}

Arrays segmented_loop(const Expr &trips, const Arrays &init, const LoopBody &body, const LoopOptions &options) {
    const Expr length = ceil_sqrt(options.capacity);
    LoopOptions outer = options, inner = options;
    outer.memory = inner.memory = Memory::store_all;
    outer.name += "_segment";
    outer.capacity = (options.capacity + length - 1) / length;
    inner.capacity = length;
    const auto segment = [&](const Expr &s, const Arrays &head) {
        const Expr first = s * length;
        const auto step = [&](const Expr &t, const Arrays &state) { return body(first + t, state); };
        return loop(Halide::min(length, trips - first), head, LoopBody(step), inner);
    };
    return loop((trips + length - 1) / length, init, LoopBody(segment), outer);
}

}  // namespace

Program with_segments(const Program &program) {
    // A loop whose history the program itself reads keeps all of it anyway.
    Arrays arrays;
    for (const ProgramOutput &output : program.outputs()) {
        arrays.push_back(output.array);
    }
    std::set<const LoopNode *> kept;
    walk_deep(arrays, [&](const Function &function) {
        const auto node = array_node(function);
        if (node && (node->kind == ArrayNode::Kind::History || node->kind == ArrayNode::Kind::Stack)) {
            kept.insert(node->loop.get());
        }
        return true;
    });
    std::map<const LoopNode *, Memory> chosen = chosen_by_budget(arrays);
    const auto way_of = [&](const LoopNode &loop) {
        const auto found = chosen.find(&loop);
        return kept.count(&loop) ? Memory::store_all : found != chosen.end() ? found->second : loop.options.memory;
    };
    Substitution substitution;
    substitution.rebuild([&](const LoopNode &node) -> Substitution::LoopBuilder {
        const Memory memory = way_of(node);
        if (memory.way == Memory::Way::sqrt) {
            return segmented_loop;
        }
        if (memory.way != Memory::Way::binomial || !chosen.count(&node)) {
            return nullptr;
        }
        return [memory, &node](const Expr &trips, const Arrays &init, const LoopBody &body, LoopOptions options) {
            options.memory = memory;
            return loop_like(node, trips, init, body, options);
        };
    });
    std::vector<ProgramOutput> outputs;
    for (const ProgramOutput &output : program.outputs()) {
        outputs.push_back({output.name, substitution(output.array)});
    }
    return Program::derived(program.name(), program.inputs(), outputs);
}

}  // namespace sylvite
