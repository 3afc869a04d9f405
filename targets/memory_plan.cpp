#include "targets/memory_plan.h"

#include "targets/statements.h"

#include <algorithm>

using namespace Halide::Internal;

namespace sylvite {

namespace {

const std::string memory_name = "sylvite_memory", threads_name = "sylvite_threads";

Expr memory() { return Variable::make(Halide::Handle(), memory_name); }
Expr threads() { return Variable::make(Halide::Int(32), threads_name); }

Stmt nothing() { return Evaluate::make(0); }
bool is_nothing(const Stmt &s) {
    const auto *evaluate = s.as<Evaluate>();
    return evaluate && is_const(evaluate->value);
}
Stmt both(const Stmt &first, const Stmt &then) {
    return is_nothing(first) ? then : is_nothing(then) ? first : Halide::Internal::Block::make(first, then);
}

// The text of an error without what Halide puts around it.
std::string one_line(std::string text) {
    if (text.starts_with("Error: ")) {
        text.erase(0, 7);
    }
    while (text.ends_with('\n')) {
        text.pop_back();
    }
    return text;
}

Stmt hold(const Expr &bytes) {
    return Evaluate::make(Call::make(Halide::Int(32), "sylvite_hold", {memory(), bytes}, Call::Extern));
}

// As Halide's CodeGen_Posix and CodeGen_LLVM do it, version 21: what is small and of constant size is on the stack.
bool is_on_stack(const Allocate &allocate) {
    constexpr int64_t largest = int64_t{16} * 1024;
    if (allocate.new_expr.defined() || allocate.memory_type == Halide::MemoryType::Heap) {
        return false;
    }
    const int64_t bytes = int64_t{allocate.constant_allocation_size()} * allocate.type.bytes();
    return allocate.extents.empty() || allocate.memory_type == Halide::MemoryType::Register ||
           (bytes > 0 && (allocate.memory_type == Halide::MemoryType::Stack || bytes <= largest));
}

Expr bytes_of(const Allocate &allocate) {
    Expr elements = make_one(Halide::Int(64));
    for (const Expr &extent : allocate.extents) {
        elements = elements * Halide::cast<int64_t>(extent);
    }
    return (elements + allocate.padding) * allocate.type.bytes();
}

// What a statement takes of memory, and gives back, as a statement that only counts it.
class Counting : public IRMutator {
public:
    Counting(const Program &program, const std::map<std::string, LoweredKernel> &kernels) : program_(program) {
        for (const auto &[name, kernel] : kernels) {
            kernels_[kernel.symbol] = {name, &kernel};
        }
        for (const ProgramInput &input : program.inputs()) {
            if (!input.is_array()) {
                known_.push(input.name());
            }
        }
        known_.push(threads_name);
    }

private:
    const Program &program_;
    std::map<std::string, std::pair<std::string, const LoweredKernel *>> kernels_;  // by symbol
    Scope<> known_;                           // names of values that no array decides on
    std::string inside_;                      // the kernel
    std::vector<std::string> uncounted_;      // the loops around of whose steps arrays say how many there are
    Expr tasks_ = make_one(Halide::Int(64));  // how many of the parallel loops around run at a time

    using IRMutator::visit;

    bool is_known(const Expr &e) const {
        class Search : public IRGraphVisitor {
        public:
            explicit Search(const Scope<> &known) : known(known) {}
            const Scope<> &known;
            bool found = true;

        private:
            std::set<std::string> bound;

            using IRGraphVisitor::visit;
            void visit(const Load *) override { found = false; }
            void visit(const Variable *op) override { found &= known.contains(op->name) || bound.count(op->name); }
            void visit(const Let *op) override {
                bound.insert(op->name);
                IRGraphVisitor::visit(op);
            }
            void visit(const Call *op) override {
                found &= op->is_pure();
                IRGraphVisitor::visit(op);
            }
        } search(known_);
        e.accept(&search);
        return search.found;
    }

    std::string place() const {
        return inside_.empty() ? program_.name() : "kernel " + inside_ + " of " + program_.name();
    }

    Expr checked(const Expr &size, const std::string &what) const {
        std::string where;
        for (const std::string &loop : uncounted_) {
            where += (where.empty() ? ", here in the loop of " : " and ") + loop.substr(0, loop.find('$'));
        }
        _halide_user_assert(is_known(size))
            << "memory() needs to know sizes before a run; " << place() << " has " << what
            << " of a size that depends on what arrays hold, or on a number of steps that does" << where
            << ": give it an extent that does not.";
        return size;
    }

    Stmt visit(const LetStmt *op) override {
        const auto *call = op->value.as<Call>();
        if (call && call->name == "sylvite_reserve") {
            const std::string &arena = call->args[0].as<Variable>()->name;
            const Expr bytes = checked(call->args[2], "arrays");
            const Stmt count =
                Evaluate::make(Call::make(Halide::Int(32), "sylvite_hold_arena",
                                          {memory(), Variable::make(Halide::Handle(), arena), bytes}, Call::Extern));
            return both(count, mutate(op->body));
        }
        if (call && kernels_.count(call->name)) {
            const auto &[name, lowered] = kernels_.at(call->name);
            inside_ = name;
            const Stmt kernel = mutate(lowered->body);
            inside_.clear();
            return both(kernel, mutate(op->body));
        }
        const Expr value = mutate(op->value);
        // The struct of an arena; those of the watch are in conditions, of which nothing is left.
        const bool is_struct = call && call->is_intrinsic(Call::make_struct);
        if (!is_struct && !is_known(value)) {
            return mutate(op->body);
        }
        const ScopedBinding<> bind(known_, op->name);
        const Stmt body = mutate(op->body);
        return stmt_uses_var(body, op->name) ? LetStmt::make(op->name, value, body) : body;
    }

    Stmt visit(const For *op) override {
        if (op->device_api != Halide::DeviceAPI::None && op->device_api != Halide::DeviceAPI::Host) {
            return nothing();
        }
        const Expr extent = mutate(op->extent), min = mutate(op->min);
        const bool is_parallel = op->for_type == ForType::Parallel;
        const Expr at_a_time = is_parallel ? is_known(extent) ? Halide::min(threads(), extent) : threads() : Expr(1);
        ScopedValue<Expr> tasks(tasks_, is_parallel ? Halide::min(tasks_ * Halide::cast<int64_t>(at_a_time),
                                                                  Halide::cast<int64_t>(threads()))
                                                    : tasks_);
        const bool can_count = is_known(extent) && is_known(min);
        Stmt body;
        {
            const ScopedBinding<> bind(can_count, known_, op->name);
            if (!can_count) {
                uncounted_.push_back(op->name);
            }
            body = mutate(op->body);
            if (!can_count) {
                uncounted_.pop_back();
            }
        }
        if (is_nothing(body)) {
            return body;
        }
        if (can_count && stmt_uses_var(body, op->name)) {
            return For::make(op->name, min, extent, ForType::Serial, Halide::Partition::Never, Halide::DeviceAPI::None,
                             body);
        }
        return is_known(extent) ? IfThenElse::make(extent > 0, body) : body;
    }

    Stmt visit(const IfThenElse *op) override {
        const Expr condition = mutate(op->condition);
        const Stmt then = mutate(op->then_case),
                   otherwise = op->else_case.defined() ? mutate(op->else_case) : nothing();
        if (is_nothing(then) && is_nothing(otherwise)) {
            return nothing();
        }
        return is_known(condition) ? IfThenElse::make(condition, then, otherwise) : both(then, otherwise);
    }

    Stmt visit(const Allocate *op) override {
        if (is_on_stack(*op) || op->new_expr.defined()) {
            return mutate(op->body);
        }
        const std::string name = op->name + ".bytes";
        Expr bytes = checked(mutate(bytes_of(*op)), "`" + op->name.substr(0, op->name.find('$')) + "`");
        const Expr condition = mutate(op->condition);
        if (is_known(condition)) {
            bytes = Halide::select(condition, bytes, make_zero(Halide::Int(64)));
        }
        const Expr held = Variable::make(Halide::Int(64), name);
        const ScopedBinding<> bind(known_, name);
        Stmt body = mutate(op->body);
        class Frees : public IRVisitor {
        public:
            explicit Frees(const std::string &name) : name(name) {}
            const std::string &name;
            bool found = false;
            using IRVisitor::visit;
            void visit(const Free *free) override { found |= free->name == name; }
        } frees(op->name);
        op->body.accept(&frees);
        if (!frees.found) {
            body = both(body, hold(-held));
        }
        return LetStmt::make(name, simplify(bytes * tasks_), both(hold(held), body));
    }

    Stmt visit(const Free *op) override {
        const std::string name = op->name + ".bytes";
        return known_.contains(name) ? hold(-Variable::make(Halide::Int(64), name)) : nothing();
    }

    Stmt visit(const Halide::Internal::Block *op) override {
        const Stmt first = mutate(op->first);
        return both(first, mutate(op->rest));
    }
    Stmt visit(const ProducerConsumer *op) override { return mutate(op->body); }
    Stmt visit(const Acquire *op) override { return mutate(op->body); }
    Stmt visit(const Fork *op) override {
        const Stmt first = mutate(op->first);
        return both(first, mutate(op->rest));
    }
    Stmt visit(const Atomic *op) override { return mutate(op->body); }
    Stmt visit(const Store *) override { return nothing(); }
    Stmt visit(const Prefetch *op) override { return mutate(op->body); }
    Stmt visit(const AssertStmt *) override { return nothing(); }
    Stmt visit(const Evaluate *) override { return nothing(); }
};

}  // namespace

bool takes_memory(const Stmt &kernel) {
    class Search : public IRVisitor {
    public:
        bool found = false;

    private:
        using IRVisitor::visit;
        void visit(const Allocate *op) override {
            found |= !is_on_stack(*op) && !op->new_expr.defined();
            IRVisitor::visit(op);
        }
    } search;
    kernel.accept(&search);
    return search.found;
}

LoweredFunc make_memory_function(const Program &program, const LoweredFunc &driver,
                                 const std::map<std::string, LoweredKernel> &kernels) {
    const Stmt body = Counting(program, kernels).mutate(driver.body);
    std::vector<LoweredArgument> arguments;
    const auto add = [&](const std::string &name, const Halide::Type &type) {
        arguments.emplace_back(name, Halide::Argument::InputScalar, type, 0, Halide::ArgumentEstimates{});
    };
    for (const ProgramInput &input : program.inputs()) {
        if (!input.is_array() && stmt_uses_var(body, input.name())) {
            add(input.name(), input.type());
        }
    }
    add(threads_name, Halide::Int(32));
    add(memory_name, Halide::Handle());
    return LoweredFunc(program.name() + "_memory", arguments, body, Halide::LinkageType::ExternalPlusMetadata);
}

LoweredFunc make_memory_query(const Program &program, const LoweredFunc &driver,
                              const std::map<std::string, LoweredKernel> &kernels) {
    const std::string asked_name = "sylvite_threads_asked", bytes_name = "sylvite_bytes";
    std::vector<LoweredArgument> arguments;
    const auto add = [&](const std::string &name, const Halide::Type &type) {
        arguments.emplace_back(name, Halide::Argument::InputScalar, type, 0, Halide::ArgumentEstimates{});
    };
    for (const ProgramInput &input : program.inputs()) {
        if (!input.is_array()) {
            add(input.name(), input.type());
        }
    }
    add(asked_name, Halide::Int(32));
    add(bytes_name, Halide::Handle());

    Statements s;
    try {
        const LoweredFunc plan = make_memory_function(program, driver, kernels);
        const Expr asked = Variable::make(Halide::Int(32), asked_name),
                   set = Call::make(Halide::Int(32), "halide_get_num_threads", {}, Call::Extern);
        // Nobody has set it before the first parallel loop, and 0 says that the run time shall.
        s.run(IfThenElse::make(
            set <= 0, Evaluate::make(Call::make(Halide::Int(32), "halide_set_num_threads", {0}, Call::Extern))));
        s.let(threads_name, Halide::select(asked > 0, asked, set));
        s.let(memory_name, struct_of({make_zero(Halide::Int(64)), make_zero(Halide::Int(64))}));
        s.run(plan.body);
        s.call("sylvite_tell_peak", {memory(), Variable::make(Halide::Handle(), bytes_name)});
    } catch (const Halide::CompileError &error) {
        s.checked_call("sylvite_refuse_memory", {Expr(one_line(error.what()))});
    }
    return LoweredFunc(program.name() + "_memory", arguments, s.close(), Halide::LinkageType::External);
}

}  // namespace sylvite
