#include "autodiff/captures.h"

#include "frontend/graph.h"

using namespace Halide::Internal;

namespace sylvite {

namespace {

// The Arrays, by key, that inner loops read from outside themselves, or that are used whole: as a state.
std::set<std::string> used_whole(const LoopNode &loop, const std::function<bool(const Function &)> &changes) {
    std::set<const LoopNode *> inner;
    walk_deep(loop.next, [&](const Function &function) {
        if (const auto node = array_node(function); node && node->loop && changes(function)) {
            inner.insert(node->loop.get());
        }
        return changes(function);
    });
    std::set<std::string> keys;
    const auto add = [&](const Arrays &arrays) {
        for (const Array &array : arrays) {
            keys.insert(target_of(array.func().function()).key);
        }
    };
    add(loop.next);
    for (const LoopNode *each : inner) {
        add(read_before(*each));
        add(each->next);
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

// Whether an Expr is known before the loop begins: it consists of constants and parameters other than the loop's step.
bool is_known_before(const Expr &e, const std::string &step) {
    class Find : public IRGraphVisitor {
    public:
        explicit Find(std::string step) : step_(std::move(step)) {}
        bool found = false;

    private:
        const std::string step_;
        using IRGraphVisitor::visit;
        void visit(const Variable *op) override {
            found = found || !op->param.defined() || op->param.is_buffer() || op->name == step_;
        }
        void visit(const Call *) override { found = true; }
        void visit(const Let *) override { found = true; }
    } find(step);
    e.accept(&find);
    return !find.found;
}

// Finds what element each read of an Array is of.
class ElementOfStep : public IRGraphVisitor {
public:
    ElementOfStep(std::string array, const Expr &step) : array_(std::move(array)), step_(step) {}
    Expr first;
    bool backwards = false, differ = false;

private:
    const std::string array_;
    const Expr step_;
    std::map<std::string, Expr> lets_;  // of those around the present Expr, with the values of outer ones in them
    using IRGraphVisitor::visit;
    void visit(const Let *op) override {
        op->value.accept(this);
        if (op->value.type() == Halide::Int(32)) {
            lets_[op->name] = replace_variables(op->value, lets_);
        }
        op->body.accept(this);
    }
    void visit(const Call *op) override {
        IRGraphVisitor::visit(op);
        if (op->func.defined() && target_of(Function(op->func)).key == array_) {
            const Expr element = replace_variables(op->args.back(), lets_);
            for (const bool back : {false, true}) {
                const Expr rest = simplify(back ? element + step_ : element - step_);
                if (is_known_before(rest, step_.as<Variable>()->name)) {
                    differ = differ || (first.defined() && (back != backwards || !can_prove(first == rest)));
                    first = rest;
                    backwards = back;
                    return;
                }
            }
            differ = true;
        }
    }
};

void find_element_of_step(Capture &capture, const LoopNode &loop,
                          const std::function<bool(const Function &)> &changes) {
    ElementOfStep reads(capture.target.key, loop.step);
    walk_deep(loop.next, [&](const Function &function) {
        for_each_expr(function, [&](const Expr &e) { e.accept(&reads); });
        for (const Halide::ExternFuncArgument &argument : function.extern_arguments()) {
            const bool is_read = argument.is_func() && target_of(Function(argument.func)).key == capture.target.key;
            reads.differ = reads.differ || is_read;
        }
        return changes(function) || !array_node(function);
    });
    if (!reads.differ) {
        capture.first = reads.first;
        capture.backwards = reads.backwards;
    }
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
                                    Array::from_node(array, Func(function)), Halide::Parameter(), Expr()});
            }
            return false;
        }
        for (const Halide::Parameter &scalar : reads_of(function).parameters) {
            if (scalar.type().is_float() && outside.depends(scalar) && scalars.insert(scalar.name()).second) {
                captures.push_back({target_of(scalar), scalar.name(), scalar.type(), {}, Array(), scalar, Expr()});
            }
        }
        return true;
    });
    if (loop.capacity.defined()) {
        const std::set<std::string> whole = used_whole(loop, changes);
        for (Capture &capture : captures) {
            if (capture.array.defined() && !capture.extents.empty() && !whole.count(capture.target.key)) {
                find_element_of_step(capture, loop, changes);
            }
        }
    }
    return captures;
}

}  // namespace sylvite
