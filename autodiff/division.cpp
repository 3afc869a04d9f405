#include "autodiff/division.h"

#include "autodiff/affine.h"

using namespace Halide::Internal;

namespace sylvite {

namespace {

class FindDivision : public IRGraphVisitor {
public:
    explicit FindDivision(const std::set<std::string> &variables) : variables_(variables) {}
    Division first;

private:
    const std::set<std::string> &variables_;
    using IRGraphVisitor::visit;

    void found(const Expr &a, const Expr &b) {
        const auto c = as_const_int(b);
        if (!first.denominator && c && *c > 0 && *c < (1 << 20) && uses_any(a, variables_)) {
            first = {a, static_cast<int>(*c)};
        }
    }
    void visit(const Div *op) override {
        IRGraphVisitor::visit(op);
        found(op->a, op->b);
    }
    void visit(const Mod *op) override {
        IRGraphVisitor::visit(op);
        found(op->a, op->b);
    }
};

class ReplaceDivision : public IRGraphMutator {
public:
    ReplaceDivision(const Division &division, const Expr &quotient, const Expr &remainder) :
        division_(division), quotient_(quotient), remainder_(remainder) {}

private:
    const Division &division_;
    const Expr &quotient_, &remainder_;
    using IRGraphMutator::visit;

    bool is_it(const Expr &a, const Expr &b) const {
        return is_const(b, division_.denominator) && equal(a, division_.numerator);
    }
    Expr visit(const Div *op) override { return is_it(op->a, op->b) ? quotient_ : IRGraphMutator::visit(op); }
    Expr visit(const Mod *op) override { return is_it(op->a, op->b) ? remainder_ : IRGraphMutator::visit(op); }
};

}  // namespace

Division first_division(const Expr &e, const std::set<std::string> &variables) {
    FindDivision find(variables);
    e.accept(&find);
    return find.first;
}

Expr replace_division(const Expr &e, const Division &division, const Expr &quotient, const Expr &remainder) {
    return ReplaceDivision(division, quotient, remainder).mutate(e);
}

}  // namespace sylvite
