#include "autodiff/undefined.h"

#include "autodiff/conditions.h"

#include <map>

using namespace Halide::Internal;

namespace sylvite {

namespace {

class FindUndefined : public IRGraphVisitor {
public:
    bool found = false;

private:
    using IRGraphVisitor::visit;
    void visit(const Call *op) override {
        found = found || op->is_intrinsic(Call::undef);
        IRGraphVisitor::visit(op);
    }
};

// Takes what is defined of an Expr, and notes when that is.
class TakeDefined : public IRGraphMutator {
public:
    struct Known {
        bool is_undefined = false;
        Expr stored;  // when it is defined; undefined: always
    };
    using IRGraphMutator::mutate;
    Expr mutate(const Expr &e) override {
        const Known around = here_;
        here_ = Known();
        Expr mutated = IRGraphMutator::mutate(e);
        const Known &known = known_.emplace(e.get(), here_).first->second;  // as it was met first
        here_ = {around.is_undefined || known.is_undefined, both(around.stored, known.stored)};
        return mutated;
    }
    // Of an Expr that was mutated.
    const Known &known_of(const Expr &e) const { return known_.at(e.get()); }

private:
    std::map<const IRNode *, Known> known_;
    Known here_;  // of the operands so far of the Expr at hand

    using IRGraphMutator::visit;
    Expr visit(const Call *op) override {
        Expr mutated = IRGraphMutator::visit(op);
        here_.is_undefined = here_.is_undefined || op->is_intrinsic(Call::undef);
        return mutated;
    }
    Expr visit(const Select *op) override {
        const Expr condition = mutate(op->condition);
        Expr if_true = mutate(op->true_value), if_false = mutate(op->false_value);
        const Known c = known_of(op->condition), t = known_of(op->true_value), f = known_of(op->false_value);
        const auto where = [](const Expr &chosen, const Expr &stored) {
            return stored.defined() ? !chosen || stored : Expr();
        };
        here_.is_undefined = c.is_undefined || (t.is_undefined && f.is_undefined);
        if (t.is_undefined) {
            here_.stored = both(c.stored, both(!condition, f.stored));
            return if_false;
        }
        if (f.is_undefined) {
            here_.stored = both(c.stored, both(condition, t.stored));
            return if_true;
        }
        here_.stored = both(c.stored, both(where(condition, t.stored), where(!condition, f.stored)));
        return Select::make(condition, if_true, if_false);
    }
};

}  // namespace

Expr old_for_undefined(const Expr &value, const Expr &old) {
    FindUndefined find;
    value.accept(&find);
    if (!find.found) {
        return value;
    }
    TakeDefined take;
    const Expr defined = take.mutate(value);
    const TakeDefined::Known known = take.known_of(value);
    return known.is_undefined ? old : known.stored.defined() ? Halide::select(known.stored, defined, old) : defined;
}

}  // namespace sylvite
