#include "frontend/substitute.h"

#include "frontend/extern_kernel.h"
#include "frontend/graph.h"
#include "frontend/remark.h"
#include "frontend/sizes.h"

using namespace Halide::Internal;

namespace sylvite {

using Kind = ArrayNode::Kind;

/// Rewrites the reads in one Expr; `self` is the copy of the Function that the Expr defines.
class SubstituteReads : public IRGraphMutator {
public:
    explicit SubstituteReads(Substitution &substitution) : substitution_(substitution) {}
    std::map<std::string, Function> self;

private:
    Substitution &substitution_;
    using IRGraphMutator::visit;

    Expr visit(const Call *op) override {
        Expr mutated = IRGraphMutator::visit(op);
        op = mutated.as<Call>();
        if (!op || op->call_type != Call::Halide) {
            return mutated;
        }
        // The copy itself, by name: after rfactor() of Halide 21 the reads of a Func by itself do not know their Func.
        const auto it = self.find(op->name);
        const Function callee = it == self.end() ? substitution_.mapped(Function(op->func)) : it->second;
        return callee.name() == op->name ? mutated : Call::make(callee, op->args, op->value_index);
    }

    Expr visit(const UIntImm *op) override {
        return copy_remark(op, [this](const Function &function) { return substitution_.mapped(function); });
    }

    Expr visit(const Variable *op) override {
        if (op->param.defined() && !op->param.is_buffer()) {
            if (Expr by = substitution_.scalar(op->name); by.defined()) {
                return by;
            }
        }
        return op;
    }
};

void Substitution::replace(const Array &from, const Array &by) {
    arrays_[from.node()] = by;
    forget();
}

void Substitution::replace(const std::string &name, const Expr &by) {
    scalars_[name] = by;
    forget();
}

void Substitution::replace(const std::shared_ptr<const LoopNode> &from, const Arrays &results) {
    loops_[from] = results;
    forget();
}

// What a new replacement touches is not known any more.
void Substitution::forget() {
    touched_functions_.clear();
    touched_loops_.clear();
}

void Substitution::rebuild(std::function<LoopBuilder(const LoopNode &)> builder_of) {
    builder_of_ = std::move(builder_of);
}

bool Substitution::touches(const Expr &e) { return touches(reads_of(std::vector<Expr>{e})); }

bool Substitution::touches(const Reads &reads) {
    for (const Halide::Parameter &parameter : reads.parameters) {
        if (scalars_.count(parameter.name())) {
            return true;
        }
    }
    for (const Function &callee : reads.functions) {
        if (touches(callee)) {
            return true;
        }
    }
    return false;
}

bool Substitution::touches(const LoopPtr &loop) {
    if (loops_.count(loop)) {
        return true;
    }
    if (auto it = touched_loops_.find(loop); it != touched_loops_.end()) {
        return it->second;
    }
    touched_loops_[loop] = false;  // while its body, which may read its own states, is looked at
    bool touched = (builder_of_ && builder_of_(*loop)) || touches(loop->trips) ||
                   (loop->capacity.defined() && touches(loop->capacity)) ||
                   (loop->options.memory.bytes.defined() && touches(loop->options.memory.bytes));
    for (const Arrays *arrays : {&loop->init, &loop->next, &loop->before}) {
        for (const Array &array : *arrays) {
            touched = touched || (array.defined() && touches(array));
        }
    }
    return touched_loops_[loop] = touched;
}

bool Substitution::touches(const Function &function) {
    if (everything_) {
        return true;
    }
    if (auto it = touched_functions_.find(function.name()); it != touched_functions_.end()) {
        return it->second;
    }
    touched_functions_[function.name()] = false;
    bool touched = false;
    if (const auto node = array_node(function)) {
        for (const Expr &extent : node->extents) {
            touched = touched || touches(extent);
        }
        touched = touched || arrays_.count(node) || (node->loop && touches(node->loop));
    }
    touched = touched || touches(reads_of(function));
    return touched_functions_[function.name()] = touched;
}

bool Substitution::touches(const Array &array) { return touches(array.func().function()); }

Expr Substitution::scalar(const std::string &name) {
    if (const auto it = scalars_.find(name); it != scalars_.end()) {
        return it->second;
    }
    return outer_ ? outer_->scalar(name) : Expr();
}

Expr Substitution::operator()(const Expr &e) { return e.defined() ? SubstituteReads(*this).mutate(e) : e; }

Func Substitution::operator()(const Func &func) {
    const Function copy = mapped(func.function());
    return copy.name() == func.name() ? func : Func(copy);
}

Array Substitution::operator()(const Array &array) {
    const std::shared_ptr<const ArrayNode> &node = array.node();
    if (!touches(array)) {
        return outer_ ? (*outer_)(array) : array;
    }
    if (const auto it = arrays_.find(node); it != arrays_.end()) {
        return it->second;
    }
    if (const auto it = copied_arrays_.find(node); it != copied_arrays_.end()) {
        return it->second;
    }
    Array copy;
    if (node->kind == Kind::Result) {
        copy = copy_of(node->loop)[node->index];
    } else if (node->kind == Kind::History) {
        copy = history(copy_of(node->loop)[node->index]);
    } else if (node->kind == Kind::Stack) {
        copy = stack(copy_of(node->loop)[node->index]);
    } else {
        ArrayNode copied = *node;
        if (node->kind == Kind::Value) {
            copied.value = (*this)(node->value);
        }
        for (Expr &extent : copied.extents) {
            extent = checked_extent((*this)(extent), "call()", node->name);
        }
        copy = Array::from_node(std::make_shared<ArrayNode>(std::move(copied)));
    }
    return copied_arrays_[node] = copy;
}

Arrays Substitution::copy_of(const std::shared_ptr<const LoopNode> &node) {
    if (const auto it = loops_.find(node); it != loops_.end()) {
        return it->second;
    }
    if (!touches(node)) {
        if (outer_) {
            return outer_->copy_of(node);
        }
    }
    Arrays init;
    for (const Array &array : node->init) {
        init.push_back((*this)(array));
    }
    LoopOptions options = node->options;
    const Substitution *root = this;
    while (root->outer_) {
        root = root->outer_;
    }
    const LoopBuilder build = root->builder_of_ ? root->builder_of_(*node) : nullptr;
    options.capacity = (*this)(build ? node->capacity : node->options.capacity);
    options.memory.bytes = (*this)(options.memory.bytes);
    const auto step_from = [&](const Arrays &from, const Arrays &to) {
        return [this, &node, &from = from, &to = to](const Expr &step, const Arrays &state) {
            Substitution inner(this);
            inner.replace(node->step.as<Variable>()->name, step);
            for (size_t i = 0; i < state.size(); i++) {
                inner.replace(from[i], state[i]);
            }
            Arrays results;
            for (const Array &array : to) {
                results.push_back(array.defined() ? inner(array) : Array());
            }
            return results;
        };
    };
    const LoopBody body = step_from(node->state, node->next);
    if (!node->before.empty()) {
        options.memory.inverse = step_from(node->after, node->before);
    }
    const Expr trips = (*this)(node->trips);
    return loops_[node] = build ? build(trips, init, body, options) : loop_like(*node, trips, init, body, options);
}

Function Substitution::mapped(const Function &function) {
    if (!touches(function)) {
        return outer_ ? outer_->mapped(function) : function;
    }
    if (const auto it = functions_.find(function.name()); it != functions_.end()) {
        return it->second;
    }
    Function result;
    if (const auto node = array_node(function)) {
        // Any handle with this node will do to find its replacement.
        Array replaced = arrays_.count(node) ? arrays_[node] : Array();
        if (!replaced.defined()) {
            replaced = (*this)(Array::from_node(node));
        }
        result = replaced.func().function();
    } else {
        result = copy(function);
    }
    functions_.emplace(function.name(), result);
    return result;
}

Function Substitution::copy(const Function &function) {
    if (function.has_extern_definition()) {
        const auto arguments = extern_arguments(
            function, [this](const Function &read) { return Func(mapped(read)); },
            [this](const Expr &e) { return (*this)(e); });
        return extern_like(function, arguments).function();
    }
    Func result(plain_name(function.name()));
    for (const std::string &tag : function.get_trace_tags()) {
        result.add_trace_tag(tag);
    }
    const auto all = [](SubstituteReads &reads, const std::vector<Expr> &exprs) {
        std::vector<Expr> mutated;
        for (const Expr &e : exprs) {
            mutated.push_back(reads.mutate(e));
        }
        return mutated;
    };
    SubstituteReads pure(*this);
    result.function().define(function.args(), all(pure, function.values()));
    for (const Definition &update : function.updates()) {
        // Each stage gets an RDom of its own and names it, for it need not show: all iterations may do the same.
        SubstituteReads stage(*this);
        stage.self.emplace(function.name(), result.function());
        const RDomCopy rdom =
            copy_rdom(update.schedule().rvars(), update.predicate(), [&](const Expr &e) { return stage.mutate(e); });
        std::vector<Expr> args = all(stage, update.args()), values = all(stage, update.values());
        for (std::vector<Expr> *exprs : {&args, &values}) {
            for (Expr &e : *exprs) {
                e = replace_variables(e, rdom.variables);
            }
        }
        result.function().define_update(args, values, rdom.domain);
    }
    return result.function();
}

}  // namespace sylvite
