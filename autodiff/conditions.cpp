#include "autodiff/conditions.h"

#include <set>
#include <string>

using namespace Halide::Internal;

namespace sylvite {

Expr negation(const Expr &e) {
    if (const Not *op = e.as<Not>()) {
        return op->a;
    } else if (const And *op = e.as<And>()) {
        return negation(op->a) || negation(op->b);
    } else if (const Or *op = e.as<Or>()) {
        return negation(op->a) && negation(op->b);
    } else if (const LT *op = e.as<LT>()) {
        return op->a.type().is_float() ? !e : op->a >= op->b;
    } else if (const LE *op = e.as<LE>()) {
        return op->a.type().is_float() ? !e : op->a > op->b;
    } else if (const GT *op = e.as<GT>()) {
        return op->a.type().is_float() ? !e : op->a <= op->b;
    } else if (const GE *op = e.as<GE>()) {
        return op->a.type().is_float() ? !e : op->a < op->b;
    } else if (const EQ *op = e.as<EQ>()) {
        return op->a != op->b;
    } else if (const NE *op = e.as<NE>()) {
        return op->a == op->b;
    }
    return !e;
}

std::vector<Expr> conjuncts(const Expr &e) {
    if (!e.defined()) {
        return {};
    }
    const And *op = e.as<And>();
    if (!op) {
        return {e};
    }
    std::vector<Expr> all = conjuncts(op->a);
    const std::vector<Expr> more = conjuncts(op->b);
    all.insert(all.end(), more.begin(), more.end());
    return all;
}

bool depends_on_floats(const Expr &e) {
    class FindFloat : public IRGraphVisitor {
    public:
        bool found = false;
        void include(const Expr &e) override {
            found = found || e.type().is_float();
            if (!found) {
                IRGraphVisitor::include(e);
            }
        }
    } find;
    find.include(e);
    return find.found;
}

bool has_float_remainder(const Expr &e) {
    class FindRemainder : public IRGraphVisitor {
    public:
        bool found = false;

    private:
        std::set<std::string> seen_;

        using IRGraphVisitor::visit;
        void visit(const Mod *op) override {
            found = found || op->type.is_float();
            IRGraphVisitor::visit(op);
        }
        void visit(const Call *op) override {
            IRGraphVisitor::visit(op);
            const bool is_new = op->call_type == Call::Halide && op->func.defined() && seen_.insert(op->name).second;
            if (is_new && Function(op->func).can_be_inlined()) {
                for (const Expr &value : Function(op->func).values()) {
                    value.accept(this);
                }
            }
        }
    } find;
    e.accept(&find);
    return find.found;
}

Expr guarded(const Expr &guard, const Expr &value) {
    if (!guard.defined() || is_const_one(guard) || !value.defined()) {
        return value;
    }
    return Halide::select(guard, value, make_zero(value.type()));
}

Expr both(const Expr &a, const Expr &b) {
    if (!a.defined() || !b.defined()) {
        return a.defined() ? a : b;
    }
    return a.same_as(b) ? a : a && b;
}

Expr either(const Expr &a, const Expr &b) {
    if (!a.defined() || !b.defined()) {
        return Expr();
    }
    // c || !c arises where both arms of a select read the same thing.
    const Not *not_a = a.as<Not>(), *not_b = b.as<Not>();
    if ((not_a && equal(not_a->a, b)) || (not_b && equal(not_b->a, a))) {
        return Expr();
    }
    return a.same_as(b) ? a : a || b;
}

}  // namespace sylvite
