#include "autodiff/captures.h"

#include "frontend/graph.h"

using namespace Halide::Internal;

namespace sylvite {

namespace {

// The Arrays that inner loops read from outside themselves, by key.
std::set<std::string> captured_by_loops_in(const LoopNode &loop, const std::function<bool(const Function &)> &changes) {
    std::set<const LoopNode *> inner;
    walk_deep(loop.next, [&](const Function &function) {
        if (const auto node = array_node(function); node && node->loop && changes(function)) {
            inner.insert(node->loop.get());
        }
        return changes(function);
    });
    std::set<std::string> keys;
    for (const LoopNode *each : inner) {
        const auto changes_there = changing_in(*each);
        walk_deep(each->next, [&](const Function &function) {
            const bool is_captured = array_node(function) && !changes_there(function);
            if (is_captured) {
                keys.insert(target_of(function).key);
            }
            return !is_captured;
        });
    }
    return keys;
}

// The reads of an Array, to see whether all of them are at the loop's step.
class ReadsAtStep : public IRGraphVisitor {
public:
    ReadsAtStep(std::string array, std::string step) : array_(std::move(array)), step_(std::move(step)) {}
    bool all = true;

private:
    const std::string array_, step_;
    using IRGraphVisitor::visit;
    void visit(const Call *op) override {
        IRGraphVisitor::visit(op);
        if (op->func.defined() && target_of(Function(op->func)).key == array_) {
            const Variable *last = op->args.empty() ? nullptr : op->args.back().as<Variable>();
            all = all && last && last->name == step_;
        }
    }
};

bool is_of_step(const Capture &capture, const LoopNode &loop, const std::function<bool(const Function &)> &changes) {
    ReadsAtStep reads(capture.target.key, loop.step.as<Variable>()->name);
    for (const Array &next : loop.next) {
        reads.all = reads.all && next.node() != capture.array.node();
    }
    walk_deep(loop.next, [&](const Function &function) {
        for_each_expr(function, [&](const Expr &e) { e.accept(&reads); });
        return changes(function) || !array_node(function);
    });
    return reads.all;
}

}  // namespace

std::vector<Capture> captures_of(const LoopNode &loop, const std::function<bool(const Function &)> &changes,
                                 Activity &outside) {
    std::vector<Capture> captures;
    std::set<std::string> scalars;
    walk_deep(loop.next, [&](const Function &function) {
        const auto array = array_node(function);
        if (array && !changes(function)) {
            if (array->type.is_float() && outside.depends(function)) {
                captures.push_back({target_of(function), array->name, array->type, array->extents,
                                    Array::from_node(array, Func(function)), Halide::Parameter()});
            }
            return false;
        }
        for (const Halide::Parameter &scalar : reads_of(function).parameters) {
            if (scalar.type().is_float() && outside.depends(scalar) && scalars.insert(scalar.name()).second) {
                captures.push_back({target_of(scalar), scalar.name(), scalar.type(), {}, Array(), scalar});
            }
        }
        return true;
    });
    if (loop.capacity.defined()) {
        const std::set<std::string> inner = captured_by_loops_in(loop, changes);
        for (Capture &capture : captures) {
            capture.of_step = capture.array.defined() && !capture.extents.empty() && !inner.count(capture.target.key) &&
                              is_of_step(capture, loop, changes);
        }
    }
    return captures;
}

}  // namespace sylvite
