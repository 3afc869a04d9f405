#include "autodiff/index_cases.h"

#include "autodiff/affine.h"
#include "autodiff/conditions.h"
#include "autodiff/known_sizes.h"

#include <optional>

using namespace Halide::Internal;

namespace sylvite {

namespace {

// The first min, max or select in an index that depends on the domain, innermost first.
class FindBranch : public IRGraphVisitor {
public:
    explicit FindBranch(const std::set<std::string> &variables) : variables_(variables) {}
    Expr condition, yes, no, node;

private:
    const std::set<std::string> &variables_;
    using IRGraphVisitor::visit;

    void found(const Expr &e, const Expr &c, const Expr &a, const Expr &b) {
        if (!node.defined() && uses_any(e, variables_)) {
            node = e, condition = c, yes = a, no = b;
        }
    }
    void visit(const Min *op) override {
        IRGraphVisitor::visit(op);
        found(op, op->a <= op->b, op->a, op->b);
    }
    void visit(const Max *op) override {
        IRGraphVisitor::visit(op);
        found(op, op->a >= op->b, op->a, op->b);
    }
    void visit(const Select *op) override {
        op->true_value.accept(this);
        op->false_value.accept(this);
        found(op, op->condition, op->true_value, op->false_value);
    }
};

Expr replace_node(const Expr &in, const Expr &node, const Expr &by) { return graph_substitute(node, by, in); }

Expr smaller(const Expr &a, const Expr &b) {
    return provable(a <= b) ? a : provable(b <= a) ? b : simplified(Halide::min(a, b));
}
Expr larger(const Expr &a, const Expr &b) {
    return provable(a >= b) ? a : provable(b >= a) ? b : simplified(Halide::max(a, b));
}

class SplitIndex {
public:
    SplitIndex(const IndexCase &whole, const Expr &guard) {
        if (guard.defined()) {
            split_guard(whole, {guard});
        } else {
            split_branches(whole);
        }
    }

    std::vector<IndexCase> result;

private:
    int cases_ = 0;
    static constexpr int max_cases = 128;

    // 1 if the condition holds on all of the domain, 0 if nowhere, -1 if that is not known.
    static int decide(const IndexCase &c, const Expr &condition) {
        if (depends_on_floats(condition)) {
            return -1;
        }
        const Expr plain = simplified(condition);
        if (is_const_one(plain) || is_const_zero(plain)) {
            return is_const_one(plain);
        }
        const Interval interval = bounds_of_expr_in_scope(plain, bounds_of(c.domain));
        if (interval.has_lower_bound() && provable(interval.min)) {
            return 1;
        }
        return interval.has_upper_bound() && provable(!interval.max) ? 0 : -1;
    }

    // Where a - b is 0: at a value of one loop, which it has a coefficient of +-1 of.
    struct Crossing {
        std::string loop;
        int64_t coefficient;
        Expr root;
    };
    static std::optional<Crossing> crossing(const IndexCase &c, const Expr &a, const Expr &b) {
        Affine difference;
        if (a.type() != Halide::Int(32) || reads_data(a) || reads_data(b) ||
            !as_affine(a - b, names_of(c.domain), difference) || difference.coefficient.size() != 1) {
            return std::nullopt;
        }
        const auto &[name, coefficient] = *difference.coefficient.begin();
        if (std::abs(coefficient) != 1) {
            return std::nullopt;
        }
        return Crossing{name, coefficient, simplified(coefficient == 1 ? -difference.rest : difference.rest)};
    }

    // Moves a condition into the bounds of a loop. False if it is none on a single loop variable with coefficient +-1.
    static bool tighten(IndexCase &c, const Expr &condition, bool only_look = false) {
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
        const std::optional<Crossing> zero = crossing(c, a, b);
        if (!zero) {
            return false;
        }
        if (only_look) {
            return true;
        }
        LoopRange &range = c.domain.at(zero->loop);
        if (sign == 0 || sign * zero->coefficient == 1) {
            range.max = smaller(range.max, simplified(zero->root - strict));
        }
        if (sign == 0 || sign * zero->coefficient == -1) {
            range.min = larger(range.min, simplified(zero->root + strict));
        }
        return true;
    }

    // Takes an end of a loop out of it where a guard says so, as those of the last of several values that are told apart by
    // a loop do; again as long as there is one, since the next may be an end then.
    static void narrow(IndexCase &c) {
        const auto is_end = [&](const Expr &guard) {
            const NE *op = guard.as<NE>();
            const std::optional<Crossing> zero = op ? crossing(c, op->a, op->b) : std::nullopt;
            if (!zero) {
                return false;
            }
            LoopRange &range = c.domain.at(zero->loop);
            if (provable(zero->root == range.min)) {
                range.min = simplified(zero->root + 1);
            } else if (provable(zero->root == range.max)) {
                range.max = simplified(zero->root - 1);
            } else {
                return false;
            }
            return true;
        };
        while (std::erase_if(c.guards, is_end) != 0) {
        }
    }

    // Splits a condition on loops into disjoint boxes where that is possible; the rest stays a guard.
    void split_guard(IndexCase c, std::vector<Expr> conditions) {
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
        narrow(c);
        split_branches(c);
    }

    static bool is_bounds(IndexCase &c, const Expr &e) {
        if (const Or *op = e.as<Or>()) {
            return is_bounds(c, op->a) && is_bounds(c, op->b);
        } else if (const And *op = e.as<And>()) {
            return is_bounds(c, op->a) && is_bounds(c, op->b);
        }
        return tighten(c, e, true);
    }

    void split_branches(IndexCase c) {
        for (const auto &[name, range] : c.domain) {
            if (provable(range.max < range.min)) {
                return;
            }
        }
        const std::set<std::string> variables = names_of(c.domain);
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
                    IndexCase chosen = c;
                    for (Expr &i : chosen.index) {
                        i = simplified(replace_node(i, branch.node, arm ? branch.yes : branch.no));
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
        result.push_back(std::move(c));
    }
};

}  // namespace

std::set<std::string> names_of(const LoopRanges &loops) {
    std::set<std::string> names;
    for (const auto &[name, range] : loops) {
        names.insert(name);
    }
    return names;
}

Scope<Interval> bounds_of(const LoopRanges &loops) {
    Scope<Interval> scope;
    for (const auto &[name, range] : loops) {
        scope.push(name, Interval(range.min, range.max));
    }
    return scope;
}

std::vector<IndexCase> index_cases(const IndexCase &whole, const Expr &guard) {
    return SplitIndex(whole, guard).result;
}

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

}  // namespace sylvite
