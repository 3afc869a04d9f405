#include "autodiff/transpose.h"

#include "autodiff/adjoint_sum.h"
#include "autodiff/affine.h"
#include "autodiff/bits.h"
#include "autodiff/conditions.h"
#include "autodiff/division.h"
#include "autodiff/index_cases.h"
#include "autodiff/known_sizes.h"
#include "frontend/graph.h"

#include <algorithm>

using namespace Halide::Internal;

namespace sylvite {

namespace {

// The most elements of a dimension of which one is selected.
constexpr int64_t most_selected = 4;
// The most iterations that are written out where they all go to the edge of a dimension.
constexpr int64_t most_at_edge = 16;

// Whether a call is one of a function that somebody else wrote, who may count on arguments from the domain alone.
bool is_foreign(const Call *op) {
    const bool is_extern = op->call_type == Call::Extern || op->call_type == Call::PureExtern;
    const size_t suffix = op->name.rfind("_f");
    const bool is_halides =
        suffix != std::string::npos &&
        (op->name.substr(suffix) == "_f16" || op->name.substr(suffix) == "_f32" || op->name.substr(suffix) == "_f64");
    return is_extern && !is_halides;
}

// Replaces variables: `within_reads` in the arguments of reads and of foreign functions, which get `bounds`, `elsewhere` in
// arithmetic.
class ReplaceInReads : public IRGraphMutator {
public:
    ReplaceInReads(const std::map<std::string, Expr> &within_reads, const Scope<Interval> &bounds,
                   const std::map<std::string, Expr> &elsewhere) :
        within_reads_(within_reads),
        elsewhere_(elsewhere), bounds_(bounds) {}

private:
    const std::map<std::string, Expr> &within_reads_, &elsewhere_;
    const Scope<Interval> &bounds_;
    using IRGraphMutator::visit;
    Expr visit(const Call *op) override {
        const bool reads = op->call_type == Call::Halide || op->call_type == Call::Image || is_foreign(op);
        return reads ? bits_as_sums(replace_variables(op, within_reads_), bounds_) : IRGraphMutator::visit(op);
    }
    Expr visit(const Variable *op) override {
        const auto it = elsewhere_.find(op->name);
        return it == elsewhere_.end() ? Expr(op) : it->second;
    }
};

class ScatterToGather {
public:
    ScatterToGather(const ScatterAdd &scatter, const std::vector<std::string> &pure, const Halide::Region &box) :
        scatter_(scatter), pure_(pure), box_(box) {
        // The domain gets names of its own, so that they never meet the target's variables.
        IndexCase whole;
        for (const LoopDim &dim : scatter.domain) {
            const std::string name = unique_name("s");
            own_name_[dim.name] = Variable::make(Halide::Int(32), name);
            domain_.emplace_back(name, dim);
            whole.domain[name] = {dim.min, simplified(dim.min + dim.extent - 1), dim.is_reduction};
        }
        const Scope<Interval> bounds = bounds_of(whole.domain);
        for (const Expr &e : scatter.index) {
            index_.push_back(unlimited_bits_as_sums(with_own_names(e), bounds));
            whole.index.push_back(simplified(index_.back()));
        }
        for (const IndexCase &c :
             index_cases(whole, scatter.guard.defined() ? with_own_names(scatter.guard) : Expr())) {
            solve(c);
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

    Expr with_own_names(const Expr &e) const { return replace_variables(plain_index(e), own_name_); }

    // The affine system of one case. Own names of the domain are eliminated one by one; `solution` says what each
    // original loop variable is in terms of the pure variables and of what is left of the domain.
    struct System {
        LoopRanges domain;
        std::vector<Expr> index;
        std::vector<bool> is_solved, is_opaque;
        std::map<std::string, Expr> solution;
        std::vector<Expr> guards;

        void substitute(const std::string &name, const Expr &by) {
            const std::map<std::string, Expr> replacement{{name, by}};
            for (Expr &e : index) {
                e = simplified(replace_variables(e, replacement));
            }
            for (auto &[own, e] : solution) {
                e = simplified(replace_variables(e, replacement));
            }
            for (Expr &e : guards) {
                e = replace_variables(e, replacement);
            }
            domain.erase(name);
        }
    };

    Scope<Interval> bounds(const System &s) const {
        Scope<Interval> scope = bounds_of(s.domain);
        for (size_t d = 0; d < pure_.size(); d++) {
            scope.push(pure_[d], Interval(box_[d].min, simplified(box_[d].min + box_[d].extent - 1)));
        }
        return scope;
    }

    bool is_within(const System &s, const Expr &e, const Expr &min, const Expr &max) const {
        const Interval interval = bounds_of_expr_in_scope(e, bounds(s));
        return interval.is_bounded() && provable(interval.min >= min) && provable(interval.max <= max);
    }

    void require_within(System &s, const Expr &e, const LoopRange &range) const {
        if (!is_within(s, e, range.min, range.max)) {
            s.guards.push_back(e >= range.min && e <= range.max);
        }
    }

    // Writes x / c and x % c in index `row` as x = c q + m. False if x has no variable of coefficient +-1.
    bool expand_divisions(System &s, size_t row) const {
        for (;;) {
            const std::set<std::string> variables = names_of(s.domain);
            const Division division = first_division(s.index[row], variables);
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
            const LoopRange old = s.domain.at(name);
            const std::string q = unique_name("q"), m = unique_name("m");
            const Expr quotient = Variable::make(Halide::Int(32), q), remainder = Variable::make(Halide::Int(32), m);
            for (Expr &e : s.index) {
                e = replace_division(e, division, quotient, remainder);
            }
            s.domain[q] = {simplified(range.min / c), simplified(range.max / c), old.is_reduction};
            s.domain[m] = {0, c - 1, true};
            const Expr others = numerator.without(name).expr();
            const Expr whole = quotient * c + remainder - others;
            const Expr by = simplified(coefficient == 1 ? whole : -whole);
            s.substitute(name, by);
            require_within(s, by, old);
        }
    }

    // A guess of a loop's length, to eliminate long loops first.
    static int64_t length(const LoopRange &range) {
        if (const auto n = as_const_int(simplified(range.max - range.min + 1))) {
            return *n;
        }
        return range.is_reduction ? 10000 : 1000000;
    }

    void solve(const IndexCase &c) {
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
        // What a loop of one iteration adds, an arm of a mux for example, needs no loop.
        for (const auto &domain : domain_) {
            const std::string &own = domain.first;
            const auto loop = s.domain.find(own);
            const bool moves =
                std::any_of(index_.begin(), index_.end(), [&](const Expr &e) { return uses_any(e, {own}); });
            if (loop != s.domain.end() && !moves && provable(loop->second.min == loop->second.max)) {
                const Expr only = loop->second.min;
                s.substitute(own, only);
            }
        }
        emit(c, s);
    }

    bool eliminate_one(System &s) const {
        const std::set<std::string> variables = names_of(s.domain);
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
        Expr rest = simplified(u - pivot_form.without(pivot).expr());
        if (coefficient < 0) {
            rest = simplified(-rest);
        }
        const int factor = static_cast<int>(std::abs(coefficient));
        const LoopRange range = s.domain.at(pivot);
        const Expr solution = simplified(rest / factor);
        s.index[pivot_row] = u;
        s.is_solved[pivot_row] = true;
        s.substitute(pivot, solution);
        if (factor != 1) {
            s.guards.push_back(rest % factor == 0);
        }
        require_within(s, solution, range);
        return true;
    }

    // Whether all indices that are not solved are constants in a short dimension, as those of colours are. A gather that
    // selects such an element costs less than a pass of its own over memory.
    bool all_solved_or_short(const System &s) const {
        for (size_t row = 0; row < s.index.size(); row++) {
            const auto extent = as_const_int(simplified(box_[row].extent));
            if (!s.is_solved[row] && !(is_const(s.index[row]) && extent && *extent <= most_selected)) {
                return false;
            }
        }
        return true;
    }

    // A loop all of whose iterations go to the first or the last element of a dimension, as those beyond a clamp do.
    struct Edge {
        std::string loop;
        Expr at;  // the element: of the box, not as the index says it, which may read data and still be known
        bool is_first = false;
        std::vector<int> offsets;  // of the loop's iterations from the element that they go to
    };

    // What makes a gather of a case whose dimensions are solved or met at an edge only: the edges by dimension. Empty if
    // it is no such case, or there are many iterations.
    std::map<size_t, Edge> edges_of(const System &s) const {
        std::map<size_t, Edge> edges;
        std::set<std::string> left = names_of(s.domain);
        int64_t points = 1;
        for (size_t row = 0; row < s.index.size(); row++) {
            if (s.is_solved[row]) {
                continue;
            }
            Edge edge;
            for (const auto &[own, dim] : domain_) {
                if (s.domain.count(own) && uses_any(index_[row], {own})) {
                    if (!edge.loop.empty()) {
                        return {};
                    }
                    edge.loop = own;
                }
            }
            const Expr first = box_[row].min, last = simplified(box_[row].min + box_[row].extent - 1);
            edge.is_first = provable(s.index[row] == first);
            if (edge.loop.empty() || !left.erase(edge.loop) || (!edge.is_first && !provable(s.index[row] == last))) {
                return {};
            }
            edge.at = edge.is_first ? first : last;
            const LoopRange &range = s.domain.at(edge.loop);
            const auto from = as_const_int(simplified(range.min - edge.at));
            const auto to = as_const_int(simplified(range.max - edge.at));
            if (!from || !to || *to - *from >= most_at_edge) {
                return {};
            }
            for (int64_t offset = *from; offset <= *to; offset++) {
                edge.offsets.push_back(static_cast<int>(offset));
            }
            points *= static_cast<int64_t>(edge.offsets.size());
            edges[row] = edge;
        }
        return left.empty() && points <= most_at_edge ? edges : std::map<size_t, Edge>();
    }

    // The iteration `offset` from the element `at`, where the target's index is that; elsewhere, an index at which the
    // loop is read anyway. Bounds inference knows of no condition, but sees that the rows of a strip need no others.
    // Along the first dimension, which vectors go along, a shift is better than a stride.
    Expr near_edge(size_t row, bool is_first, const Expr &at, int offset) const {
        const Expr u = Variable::make(Halide::Int(32), pure_[row]);
        if (row > 0 && is_first && offset < 0) {
            return Halide::min((u - at) * (1 - offset) + at + offset, u);
        }
        if (row > 0 && !is_first && offset > 0) {
            return Halide::max((u - at) * (1 + offset) + at + offset, u);
        }
        return u + offset;
    }

    // Such a case as a gather. An iteration is found from the element that gathers, not from the constant that this
    // element is: a part of the target then needs what is near it only.
    Contribution at_edges(const IndexCase &c, const System &s, const std::map<size_t, Edge> &edges) const {
        std::vector<System> points = {s};
        IndexCase held = c;
        for (const auto &[row, edge] : edges) {
            std::vector<System> more;
            for (const System &point : points) {
                for (const int offset : edge.offsets) {
                    more.push_back(point);
                    more.back().is_solved[row] = true;
                    more.back().substitute(edge.loop, near_edge(row, edge.is_first, edge.at, offset));
                }
            }
            points = std::move(more);
            for (const auto &[own, dim] : domain_) {
                if (own == edge.loop) {
                    held.domain.at(own) = {dim.min, simplified(dim.min + dim.extent - 1), dim.is_reduction};
                }
            }
        }
        Contribution contribution;
        for (const System &point : points) {
            const Expr value = value_at(held, point, held_by(held, point), Expr());
            contribution.value = contribution.value.defined() ? contribution.value + value : value;
        }
        const Expr nothing = Halide::likely(make_zero(contribution.value.type()));
        for (const auto &[row, edge] : edges) {
            const Expr u = Variable::make(Halide::Int(32), pure_[row]);
            contribution.value = Halide::select(edge.is_first ? u > edge.at : u < edge.at, nothing, contribution.value);
        }
        contribution.index = variables(pure_);
        contribution.is_gather = true;
        return contribution;
    }

    // The loops of the domain. Inside guards that fail, they are held within it: nothing outside it is ever read. Where
    // all indices are solved, loops are split so that only their ends have guards. (Where elements are added to, there is
    // nothing to gain, and Halide 21 at times takes the last iteration of such a part of a loop for none: from
    // i < min(n, 5) its simplifier concludes i <= 3.)
    std::map<std::string, Expr> held_by(const IndexCase &c, const System &s) const {
        const bool split = std::all_of(s.is_solved.begin(), s.is_solved.end(), [](bool solved) { return solved; });
        std::map<std::string, Expr> held;
        for (const auto &[own, dim] : domain_) {
            const LoopRange &range = c.domain.at(own);
            const Expr &e = s.solution.at(own);
            held[own] = e;
            if (!is_within(s, e, range.min, range.max)) {
                held[own] = Halide::clamp(split ? Halide::likely(e) : e, range.min, range.max);
                // A case in which nothing is left has a range beside the domain.
                const Expr last = simplified(dim.min + dim.extent - 1);
                if (!provable(range.min >= dim.min && range.min <= last)) {
                    held[own] = Halide::clamp(held[own], dim.min, last);
                }
            }
        }
        return held;
    }

    // What is added at a solution: `also`, if it is defined, must hold too.
    Expr value_at(const IndexCase &c, const System &s, const std::map<std::string, Expr> &held,
                  const Expr &also) const {
        std::map<std::string, Expr> original, free;
        for (const auto &[own, dim] : domain_) {
            original[dim.name] = held.at(own);
            free[dim.name] = s.solution.at(own);
        }
        Expr guard;
        for (const Expr &e : s.guards) {
            guard = both(guard, simplified(e));
        }
        for (const Expr &e : c.guards) {
            guard = both(guard, replace_variables(e, held));
        }
        const Scope<Interval> within = bounds(s);
        return guarded(both(guard, also), ReplaceInReads(original, within, free).mutate(scatter_.value));
    }

    // Where a case begins; within the domain also where nothing is left of it, for that is where derivatives will read.
    Expr within_domain(const std::string &name, const Expr &min) const {
        for (const auto &[own, dim] : domain_) {
            const Expr last = simplified(dim.min + dim.extent - 1);
            if (own == name && !provable(min <= last)) {
                return simplified(Halide::min(min, last));
            }
        }
        return min;
    }

    void emit(const IndexCase &c, const System &s) {
        if (const std::map<size_t, Edge> edges = edges_of(s); !edges.empty()) {
            result.push_back(at_edges(c, s, edges));
            return;
        }
        Contribution contribution;
        const std::map<std::string, Expr> held = held_by(c, s);
        Expr selected;
        const bool selects = s.domain.empty() && all_solved_or_short(s);
        contribution.is_gather = true;
        for (size_t row = 0; row < s.index.size(); row++) {
            Expr e = s.index[row];
            if (selects && !s.is_solved[row]) {
                const Expr u = Variable::make(Halide::Int(32), pure_[row]);
                selected = both(selected, u == e);
                e = u;
            } else if (!s.is_solved[row]) {
                contribution.is_gather = false;
                if (s.is_opaque[row]) {
                    e = replace_variables(index_[row], held);
                }
                const Expr last = simplified(box_[row].min + box_[row].extent - 1);
                if (!is_within(s, e, box_[row].min, last)) {
                    e = Halide::clamp(e, box_[row].min, last);
                }
            }
            contribution.index.push_back(e);
        }
        contribution.value = value_at(c, s, held, selected);
        for (const auto &[name, range] : s.domain) {
            contribution.domain.push_back(
                {name, within_domain(name, range.min), simplified(range.max - range.min + 1), true});
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
