#include "autodiff/transpose.h"

#include "autodiff/affine.h"
#include "autodiff/linear_form.h"

#include <algorithm>
#include <functional>

using namespace Halide::Internal;

namespace sylvite {

namespace {

// A loop of the domain with closed bounds.
struct Range {
    Expr min, max;
    bool is_reduction = false;
};

// A part of the scatter: one choice of arms for all branches in the index map.
struct Case {
    std::map<std::string, Range> domain;
    std::vector<Expr> index;
    std::vector<Expr> guards;  // what the domain does not express
};

bool reads_data(const Expr &e) {
    class Reads : public IRGraphVisitor {
    public:
        bool found = false;

    private:
        using IRGraphVisitor::visit;
        void visit(const Call *op) override {
            found = found || op->call_type == Call::Halide || op->call_type == Call::Image;
            IRGraphVisitor::visit(op);
        }
    } reads;
    e.accept(&reads);
    return reads.found;
}

// The first min, max or select in an index that depends on the domain, innermost first.
class FindBranch : public IRVisitor {
public:
    explicit FindBranch(const std::set<std::string> &variables) : variables_(variables) {}
    Expr condition, yes, no, node;

private:
    const std::set<std::string> &variables_;
    using IRVisitor::visit;

    void found(const Expr &e, const Expr &c, const Expr &a, const Expr &b) {
        if (!node.defined() && uses_any(e, variables_)) {
            node = e, condition = c, yes = a, no = b;
        }
    }
    void visit(const Min *op) override {
        IRVisitor::visit(op);
        found(op, op->a <= op->b, op->a, op->b);
    }
    void visit(const Max *op) override {
        IRVisitor::visit(op);
        found(op, op->a >= op->b, op->a, op->b);
    }
    void visit(const Select *op) override {
        op->true_value.accept(this);
        op->false_value.accept(this);
        found(op, op->condition, op->true_value, op->false_value);
    }
};

// The first x / c or x % c in an index.
class FindDivision : public IRVisitor {
public:
    explicit FindDivision(const std::set<std::string> &variables) : variables_(variables) {}
    Expr numerator;
    int denominator = 0;

private:
    const std::set<std::string> &variables_;
    using IRVisitor::visit;

    void found(const Expr &a, const Expr &b) {
        const auto c = as_const_int(b);
        if (!denominator && c && *c > 0 && *c < (1 << 20) && uses_any(a, variables_)) {
            numerator = a;
            denominator = static_cast<int>(*c);
        }
    }
    void visit(const Div *op) override {
        IRVisitor::visit(op);
        found(op->a, op->b);
    }
    void visit(const Mod *op) override {
        IRVisitor::visit(op);
        found(op->a, op->b);
    }
};

class ReplaceDivision : public IRMutator {
public:
    Expr numerator, quotient, remainder;
    int denominator = 0;

private:
    using IRMutator::visit;
    Expr visit(const Div *op) override {
        const bool same = is_const(op->b, denominator) && equal(op->a, numerator);
        return same ? quotient : IRMutator::visit(op);
    }
    Expr visit(const Mod *op) override {
        const bool same = is_const(op->b, denominator) && equal(op->a, numerator);
        return same ? remainder : IRMutator::visit(op);
    }
};

Expr replace_node(const Expr &in, const Expr &node, const Expr &by) { return graph_substitute(node, by, in); }

// A negation with the not moved inwards.
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

Expr smaller(const Expr &a, const Expr &b) {
    return can_prove(a <= b) ? a : can_prove(b <= a) ? b : simplify(Halide::min(a, b));
}
Expr larger(const Expr &a, const Expr &b) {
    return can_prove(a >= b) ? a : can_prove(b >= a) ? b : simplify(Halide::max(a, b));
}

class ScatterToGather {
public:
    ScatterToGather(const ScatterAdd &scatter, const std::vector<std::string> &pure, const Halide::Region &box) :
        scatter_(scatter), pure_(pure), box_(box) {
        // The domain gets names of its own, so that they never meet the target's variables.
        Case whole;
        for (const LoopDim &dim : scatter.domain) {
            const std::string name = unique_name("s");
            own_name_[dim.name] = Variable::make(Halide::Int(32), name);
            domain_.emplace_back(name, dim);
            whole.domain[name] = {dim.min, simplify(dim.min + dim.extent - 1), dim.is_reduction};
        }
        for (const Expr &e : scatter.index) {
            const Expr own = replace_variables(plain_index(e), own_name_);
            index_.push_back(own);
            whole.index.push_back(simplify(own));
        }
        if (scatter.guard.defined()) {
            split_guard(whole, {plain_guard(scatter.guard)});
        } else {
            split_branches(whole);
        }
    }

    std::vector<Contribution> result;

private:
    const ScatterAdd &scatter_;
    const std::vector<std::string> &pure_;
    const Halide::Region &box_;
    std::map<std::string, Expr> own_name_;
    std::vector<std::pair<std::string, LoopDim>> domain_;  // own name, original
    std::vector<Expr> index_;                              // over own names, before any case is chosen
    int cases_ = 0;
    // Beyond this many cases the rest of the branches stay in the index, which then is scattered to: right, but slow.
    static constexpr int max_cases = 128;

    Expr plain_guard(const Expr &e) { return replace_variables(plain_index(e), own_name_); }

    static std::set<std::string> names(const Case &c) {
        std::set<std::string> names;
        for (const auto &[name, range] : c.domain) {
            names.insert(name);
        }
        return names;
    }

    static Scope<Interval> bounds(const Case &c) {
        Scope<Interval> scope;
        for (const auto &[name, range] : c.domain) {
            scope.push(name, Interval(range.min, range.max));
        }
        return scope;
    }

    // 1 if the condition holds on all of the domain, 0 if nowhere, -1 if that is not known.
    static int decide(const Case &c, const Expr &condition) {
        const Expr plain = simplify(condition);
        if (is_const_one(plain) || is_const_zero(plain)) {
            return is_const_one(plain);
        }
        const Interval interval = bounds_of_expr_in_scope(plain, bounds(c));
        if (interval.has_lower_bound() && can_prove(interval.min)) {
            return 1;
        }
        return interval.has_upper_bound() && can_prove(!interval.max) ? 0 : -1;
    }

    // Moves a condition into the bounds of a loop. False if it is none on a single loop variable with coefficient +-1.
    static bool tighten(Case &c, const Expr &condition, bool only_look = false) {
        Expr a, b;
        int strict = 0, sign = 0;  // sign * (a - b) + strict <= 0
        if (const LT *op = condition.as<LT>()) {
            a = op->a, b = op->b, strict = 1, sign = 1;
        } else if (const LE *op = condition.as<LE>()) {
            a = op->a, b = op->b, sign = 1;
        } else if (const GT *op = condition.as<GT>()) {
            a = op->a, b = op->b, strict = 1, sign = -1;
        } else if (const GE *op = condition.as<GE>()) {
            a = op->a, b = op->b, sign = -1;
        } else if (const EQ *op = condition.as<EQ>()) {
            a = op->a, b = op->b;
        } else {
            return false;
        }
        Affine difference;
        if (a.type() != Halide::Int(32) || reads_data(a) || reads_data(b) || !as_affine(a - b, names(c), difference) ||
            difference.coefficient.size() != 1) {
            return false;
        }
        const auto &[name, coefficient] = *difference.coefficient.begin();
        if (std::abs(coefficient) != 1) {
            return false;
        }
        if (only_look) {
            return true;
        }
        Range &range = c.domain.at(name);
        const Expr root = simplify(coefficient == 1 ? -difference.rest : difference.rest);
        if (sign == 0 || sign * coefficient == 1) {
            range.max = smaller(range.max, simplify(root - strict));
        }
        if (sign == 0 || sign * coefficient == -1) {
            range.min = larger(range.min, simplify(root + strict));
        }
        return true;
    }

    // Splits a condition on loops into disjoint boxes where that is possible; the rest stays a guard.
    void split_guard(Case c, std::vector<Expr> conditions) {
        while (!conditions.empty()) {
            const Expr condition = conditions.back();
            conditions.pop_back();
            const int known = decide(c, condition);
            if (known == 0) {
                return;
            } else if (known == 1) {
                continue;
            } else if (const And *op = condition.as<And>()) {
                conditions.push_back(op->a);
                conditions.push_back(op->b);
            } else if (const Not *op = condition.as<Not>();
                       op && !op->a.as<Variable>() && !op->a.as<Call>() && !equal(negation(op->a), condition)) {
                conditions.push_back(negation(op->a));
            } else if (const Or *op = condition.as<Or>(); op && is_bounds(c, op->a) && cases_ < max_cases) {
                cases_++;
                std::vector<Expr> first = conditions, second = conditions;
                first.push_back(op->a);
                second.push_back(op->b);
                second.push_back(negation(op->a));
                split_guard(c, first);
                split_guard(c, second);
                return;
            } else if (!tighten(c, condition)) {
                c.guards.push_back(condition);
            }
        }
        split_branches(c);
    }

    static bool is_bounds(Case &c, const Expr &e) {
        if (const Or *op = e.as<Or>()) {
            return is_bounds(c, op->a) && is_bounds(c, op->b);
        } else if (const And *op = e.as<And>()) {
            return is_bounds(c, op->a) && is_bounds(c, op->b);
        }
        return tighten(c, e, true);
    }

    void split_branches(Case c) {
        for (const auto &[name, range] : c.domain) {
            if (can_prove(range.max < range.min)) {
                return;
            }
        }
        const std::set<std::string> variables = names(c);
        for (const Expr &e : c.index) {
            if (reads_data(e) || cases_ >= max_cases) {
                continue;
            }
            FindBranch branch(variables);
            e.accept(&branch);
            if (!branch.node.defined()) {
                continue;
            }
            const int known = decide(c, branch.condition);
            for (const bool arm : {true, false}) {
                if (known == -1 || known == arm) {
                    Case chosen = c;
                    for (Expr &i : chosen.index) {
                        i = simplify(replace_node(i, branch.node, arm ? branch.yes : branch.no));
                    }
                    if (known == arm) {
                        split_branches(chosen);
                    } else {
                        cases_++;
                        split_guard(chosen, {arm ? branch.condition : negation(branch.condition)});
                    }
                }
            }
            return;
        }
        solve(c);
    }

    // The affine system of one case. Own names of the domain are eliminated one by one; `solution` says what each
    // original loop variable is in terms of the pure variables and of what is left of the domain.
    struct System {
        std::map<std::string, Range> domain;
        std::vector<Expr> index;
        std::vector<bool> is_solved, is_opaque;
        std::map<std::string, Expr> solution;
        std::vector<Expr> guards;

        void substitute(const std::string &name, const Expr &by) {
            const std::map<std::string, Expr> replacement{{name, by}};
            for (Expr &e : index) {
                e = simplify(replace_variables(e, replacement));
            }
            for (auto &[own, e] : solution) {
                e = simplify(replace_variables(e, replacement));
            }
            for (Expr &e : guards) {
                e = replace_variables(e, replacement);
            }
            domain.erase(name);
        }
    };

    Scope<Interval> bounds(const System &s) const {
        Scope<Interval> scope;
        for (const auto &[name, range] : s.domain) {
            scope.push(name, Interval(range.min, range.max));
        }
        for (size_t d = 0; d < pure_.size(); d++) {
            scope.push(pure_[d], Interval(box_[d].min, simplify(box_[d].min + box_[d].extent - 1)));
        }
        return scope;
    }

    bool is_within(const System &s, const Expr &e, const Expr &min, const Expr &max) const {
        const Interval interval = bounds_of_expr_in_scope(e, bounds(s));
        return interval.is_bounded() && can_prove(interval.min >= min) && can_prove(interval.max <= max);
    }

    void require_within(System &s, const Expr &e, const Range &range) const {
        if (!is_within(s, e, range.min, range.max)) {
            s.guards.push_back(e >= range.min && e <= range.max);
        }
    }

    // Writes x / c and x % c in index `row` as x = c q + m. False if x has no variable of coefficient +-1.
    bool expand_divisions(System &s, size_t row) const {
        for (;;) {
            std::set<std::string> variables;
            for (const auto &[name, range] : s.domain) {
                variables.insert(name);
            }
            FindDivision division(variables);
            s.index[row].accept(&division);
            if (!division.denominator) {
                return true;
            }
            Affine numerator;
            if (!as_affine(division.numerator, variables, numerator)) {
                return false;
            }
            const auto unit = std::find_if(numerator.coefficient.begin(), numerator.coefficient.end(),
                                           [](const auto &c) { return std::abs(c.second) == 1; });
            if (unit == numerator.coefficient.end()) {
                return false;
            }
            const auto [name, coefficient] = *unit;
            const Interval range = bounds_of_expr_in_scope(division.numerator, bounds(s));
            if (!range.is_bounded()) {
                return false;
            }
            const int c = division.denominator;
            const Range old = s.domain.at(name);
            ReplaceDivision replace;
            const std::string q = unique_name("q"), m = unique_name("m");
            replace.numerator = division.numerator;
            replace.denominator = c;
            replace.quotient = Variable::make(Halide::Int(32), q);
            replace.remainder = Variable::make(Halide::Int(32), m);
            for (Expr &e : s.index) {
                e = replace.mutate(e);
            }
            s.domain[q] = {simplify(range.min / c), simplify(range.max / c), old.is_reduction};
            s.domain[m] = {0, c - 1, true};
            const Expr others = numerator.without(name).expr();
            const Expr whole = replace.quotient * c + replace.remainder - others;
            const Expr by = simplify(coefficient == 1 ? whole : -whole);
            s.substitute(name, by);
            require_within(s, by, old);
        }
    }

    // A guess of a loop's length, to eliminate long loops first.
    static int64_t length(const Range &range) {
        if (const auto n = as_const_int(simplify(range.max - range.min + 1))) {
            return *n;
        }
        return range.is_reduction ? 10000 : 1000000;
    }

    void solve(const Case &c) {
        System s;
        s.domain = c.domain;
        s.index = c.index;
        s.is_solved.assign(c.index.size(), false);
        s.is_opaque.assign(c.index.size(), false);
        for (const auto &[own, dim] : domain_) {
            s.solution[own] = Variable::make(Halide::Int(32), own);
        }
        for (size_t row = 0; row < s.index.size(); row++) {
            s.is_opaque[row] = reads_data(s.index[row]) || !expand_divisions(s, row);
        }
        while (eliminate_one(s)) {
        }
        emit(c, s);
    }

    bool eliminate_one(System &s) const {
        std::set<std::string> variables;
        for (const auto &[name, range] : s.domain) {
            variables.insert(name);
        }
        size_t pivot_row = 0;
        std::string pivot;
        Affine pivot_form;
        std::pair<int64_t, bool> best{-1, false};
        for (size_t row = 0; row < s.index.size(); row++) {
            Affine form;
            if (s.is_solved[row] || s.is_opaque[row]) {
                continue;
            }
            if (!as_affine(s.index[row], variables, form)) {
                s.is_opaque[row] = true;
                continue;
            }
            for (const auto &[name, coefficient] : form.coefficient) {
                const std::pair<int64_t, bool> weight{length(s.domain.at(name)), std::abs(coefficient) == 1};
                if (weight > best) {
                    best = weight, pivot = name, pivot_row = row, pivot_form = form;
                }
            }
        }
        if (pivot.empty()) {
            return false;
        }
        const int64_t coefficient = pivot_form.coefficient[pivot];
        const Expr u = Variable::make(Halide::Int(32), pure_[pivot_row]);
        Expr rest = simplify(u - pivot_form.without(pivot).expr());
        if (coefficient < 0) {
            rest = simplify(-rest);
        }
        const int factor = static_cast<int>(std::abs(coefficient));
        const Range range = s.domain.at(pivot);
        const Expr solution = simplify(rest / factor);
        s.index[pivot_row] = u;
        s.is_solved[pivot_row] = true;
        s.substitute(pivot, solution);
        if (factor != 1) {
            s.guards.push_back(rest % factor == 0);
        }
        require_within(s, solution, range);
        return true;
    }

    void emit(const Case &c, const System &s) {
        Contribution contribution;
        // Inside guards that fail, loop variables are held within the domain: nothing outside it is ever read.
        std::map<std::string, Expr> held, original;
        for (const auto &[own, dim] : domain_) {
            const Range &range = c.domain.at(own);
            const Expr &e = s.solution.at(own);
            held[own] =
                is_within(s, e, range.min, range.max) ? e : Halide::clamp(Halide::likely(e), range.min, range.max);
            original[dim.name] = held[own];
        }
        Expr guard;
        for (const Expr &e : s.guards) {
            guard = both(guard, simplify(e));
        }
        for (const Expr &e : c.guards) {
            guard = both(guard, replace_variables(e, held));
        }
        contribution.value = guarded(guard, replace_variables(scatter_.value, original));
        contribution.is_gather = true;
        for (size_t row = 0; row < s.index.size(); row++) {
            Expr e = s.index[row];
            if (!s.is_solved[row]) {
                contribution.is_gather = false;
                if (s.is_opaque[row]) {
                    e = replace_variables(index_[row], held);
                }
                const Expr last = simplify(box_[row].min + box_[row].extent - 1);
                if (!is_within(s, e, box_[row].min, last)) {
                    e = Halide::clamp(e, box_[row].min, last);
                }
            }
            contribution.index.push_back(e);
        }
        for (const auto &[name, range] : s.domain) {
            contribution.domain.push_back({name, range.min, simplify(range.max - range.min + 1), true});
            contribution.is_gather = false;
        }
        result.push_back(std::move(contribution));
    }
};

}  // namespace

std::vector<Contribution> scatter_to_gather(const ScatterAdd &scatter, const std::vector<std::string> &pure,
                                            const Halide::Region &box) {
    return ScatterToGather(scatter, pure, box).result;
}

}  // namespace sylvite
