#include "autodiff/join_scatters.h"

#include "frontend/graph.h"

#include <algorithm>
#include <optional>

using namespace Halide::Internal;

namespace sylvite {

namespace {

using Exprs = std::vector<Expr>;

// The reads of Funcs and buffers in Exprs, each once.
class CollectReads : public IRGraphVisitor {
public:
    Exprs reads;

private:
    using IRGraphVisitor::visit;
    void visit(const Call *op) override {
        IRGraphVisitor::visit(op);
        const auto is_same = [&](const Expr &e) { return graph_equal(e, Expr(op)); };
        if ((op->call_type == Call::Halide || op->call_type == Call::Image) &&
            std::none_of(reads.begin(), reads.end(), is_same)) {
            reads.emplace_back(op);
        }
    }
};

Exprs reads_in(const Contribution &contribution) {
    CollectReads collect;
    contribution.value.accept(&collect);
    for (const Expr &e : contribution.index) {
        e.accept(&collect);
    }
    return collect.reads;
}

// One Expr for several: what they are for k = 0, 1, ...
class Join {
public:
    explicit Join(Expr k) : k_(std::move(k)) {}

    bool selects = false;         // whether something differs in more than integer constants
    std::optional<int64_t> step;  // the first difference of such constants

    Expr operator()(const Exprs &of) {
        const auto [it, is_new] = known_.emplace(nodes(of), std::make_pair(of, Expr()));
        if (is_new) {
            it->second.second = join(of);
        }
        return it->second.second;
    }

private:
    using Nodes = std::vector<const IRNode *>;
    Expr k_;
    std::map<Nodes, std::pair<Exprs, Expr>> known_;  // keeps the nodes alive

    static Nodes nodes(const Exprs &of) {
        Nodes result;
        for (const Expr &e : of) {
            result.push_back(e.get());
        }
        return result;
    }

    template<typename Take>
    Expr each(const Exprs &of, const Take &take) {
        Exprs taken;
        for (const Expr &e : of) {
            taken.push_back(take(e));
        }
        return (*this)(taken);
    }

    template<typename Op>
    Expr binary(const Exprs &of) {
        const Expr a = each(of, [](const Expr &e) { return e.as<Op>()->a; });
        return Op::make(a, each(of, [](const Expr &e) { return e.as<Op>()->b; }));
    }

    // Calls that read nothing themselves: reads that differ stay as they are.
    Expr call(const Exprs &of) {
        const Call *first = of[0].as<Call>();
        for (const Expr &e : of) {
            const Call *op = e.as<Call>();
            if (op->name != first->name || op->type != first->type || op->args.size() != first->args.size() ||
                op->call_type != first->call_type || op->call_type == Call::Halide || op->call_type == Call::Image ||
                !op->is_pure()) {
                return select_of(of);
            }
        }
        Exprs args;
        for (size_t i = 0; i < first->args.size(); i++) {
            args.push_back(each(of, [&](const Expr &e) { return e.as<Call>()->args[i]; }));
        }
        return Call::make(first->type, first->name, args, first->call_type);
    }

    Expr select_of(const Exprs &of) {
        selects = true;
        Expr result = of.back();
        for (int i = static_cast<int>(of.size()) - 2; i >= 0; i--) {
            result = Halide::select(k_ == i, of[i], result);
        }
        return result;
    }

    // e, e + c, e + 2 c, ... in any order of the operands; undefined if they are none.
    Expr progression(const Exprs &of) {
        Expr base;
        std::vector<int64_t> constants;
        for (const Expr &e : of) {
            const Add *add = e.as<Add>();
            const auto whole = as_const_int(e), added = add ? as_const_int(add->b) : std::nullopt;
            const Expr rest = whole ? make_zero(e.type()) : added ? add->a : e;
            if (base.defined() && !graph_equal(base, rest)) {
                return Expr();
            }
            base = rest;
            constants.push_back(whole ? *whole : added.value_or(0));
        }
        const int64_t first = constants[1] - constants[0];
        for (size_t i = 2; i < constants.size(); i++) {
            if (constants[i] - constants[i - 1] != first) {
                return Expr();
            }
        }
        step = step.value_or(first);
        const Expr offset = simplify(static_cast<int>(constants[0]) + k_ * static_cast<int>(first));
        return is_const_zero(base) ? offset : base + offset;
    }

    Expr join(const Exprs &of) {
        if (std::all_of(of.begin(), of.end(), [&](const Expr &e) { return graph_equal(e, of[0]); })) {
            return of[0];
        }
        if (of[0].type() == Halide::Int(32)) {
            if (const Expr e = progression(of); e.defined()) {
                return e;
            }
        }
        const IRNodeType kind = of[0]->node_type;
        if (!std::all_of(of.begin(), of.end(), [&](const Expr &e) { return e->node_type == kind; })) {
            return select_of(of);
        }
        switch (kind) {
        case IRNodeType::Add:
            return binary<Add>(of);
        case IRNodeType::Sub:
            return binary<Sub>(of);
        case IRNodeType::Mul:
            return binary<Mul>(of);
        case IRNodeType::Min:
            return binary<Min>(of);
        case IRNodeType::Max:
            return binary<Max>(of);
        case IRNodeType::Call:
            return call(of);
        case IRNodeType::Select:
            if (std::all_of(of.begin(), of.end(), [&](const Expr &e) {
                    return graph_equal(e.as<Select>()->condition, of[0].as<Select>()->condition);
                })) {
                const Expr yes = each(of, [](const Expr &e) { return e.as<Select>()->true_value; });
                const Expr no = each(of, [](const Expr &e) { return e.as<Select>()->false_value; });
                return Select::make(of[0].as<Select>()->condition, yes, no);
            }
            return select_of(of);
        default:
            return select_of(of);
        }
    }
};

// `contribution` over the loops of `like`; undefined if it has others.
std::optional<Contribution> over_loops_of(const Contribution &contribution, const Contribution &like) {
    const auto is_same = [](const LoopDim &a, const LoopDim &b) {
        return graph_equal(a.min, b.min) && graph_equal(a.extent, b.extent);
    };
    if (!std::equal(contribution.domain.begin(), contribution.domain.end(), like.domain.begin(), like.domain.end(),
                    is_same)) {
        return std::nullopt;
    }
    std::map<std::string, Expr> names;
    for (size_t i = 0; i < like.domain.size(); i++) {
        names[contribution.domain[i].name] = Variable::make(Halide::Int(32), like.domain[i].name);
    }
    Contribution result = contribution;
    result.domain = like.domain;
    result.value = replace_variables(result.value, names);
    for (Expr &e : result.index) {
        e = replace_variables(e, names);
    }
    return result;
}

bool read_the_same(const Contribution &a, const Contribution &b) {
    const Exprs reads = reads_in(a), others = reads_in(b);
    return reads.size() == others.size() && std::all_of(reads.begin(), reads.end(), [&](const Expr &read) {
               return std::any_of(others.begin(), others.end(), [&](const Expr &e) { return graph_equal(read, e); });
           });
}

// Some contributions, over the same loops, as one with a loop more; undefined if their elements are not a constant apart.
std::optional<Contribution> joined(std::vector<Contribution> some) {
    const std::string k = unique_name("k");
    for (const bool is_reversed : {false, true}) {
        Join join(Variable::make(Halide::Int(32), k));
        Contribution result;
        for (size_t d = 0; d < some[0].index.size(); d++) {
            Exprs index;
            for (const Contribution &contribution : some) {
                index.push_back(contribution.index[d]);
            }
            result.index.push_back(join(index));
        }
        if (join.selects || !join.step) {
            return std::nullopt;
        }
        if (*join.step < 0 && !is_reversed) {
            std::reverse(some.begin(), some.end());
            continue;
        }
        Exprs values;
        for (const Contribution &contribution : some) {
            values.push_back(contribution.value);
        }
        result.value = join(values);
        result.domain = some[0].domain;
        result.domain.insert(result.domain.begin(), {k, 0, static_cast<int>(some.size()), true});
        return result;
    }
    return std::nullopt;
}

// Joins each run of `length` contributions; undefined if one cannot be.
std::optional<std::vector<Contribution>> joined_in_runs(const std::vector<Contribution> &alike, size_t length) {
    std::vector<Contribution> result;
    for (size_t i = 0; i < alike.size(); i += length) {
        std::vector<Contribution> run = {alike[i]};
        for (size_t j = i + 1; j < i + length; j++) {
            run.push_back(*over_loops_of(alike[j], alike[i]));
        }
        if (const auto one = joined(std::move(run))) {
            result.push_back(*one);
        } else {
            return std::nullopt;
        }
    }
    return result;
}

// The shortest runs come first: 8 corners become three loops of 2, and 27 nodes three of 3.
void join_alike(std::vector<Contribution> &alike) {
    for (size_t length = 2; length <= alike.size(); length++) {
        if (alike.size() % length == 0) {
            if (auto fewer = joined_in_runs(alike, length)) {
                alike = std::move(*fewer);
                length = 1;
            }
        }
    }
}

}  // namespace

std::vector<Contribution> join_scatters(std::vector<Contribution> contributions) {
    std::vector<Contribution> result;
    std::vector<std::vector<Contribution>> classes;
    for (Contribution &contribution : contributions) {
        if (contribution.is_gather) {
            result.push_back(std::move(contribution));
            continue;
        }
        const auto is_alike = [&](const std::vector<Contribution> &some) {
            const auto same = over_loops_of(contribution, some[0]);
            return same && read_the_same(*same, some[0]);
        };
        const auto it = std::find_if(classes.begin(), classes.end(), is_alike);
        if (it == classes.end()) {
            classes.push_back({std::move(contribution)});
        } else {
            it->push_back(std::move(contribution));
        }
    }
    for (std::vector<Contribution> &alike : classes) {
        join_alike(alike);
        std::move(alike.begin(), alike.end(), std::back_inserter(result));
    }
    return result;
}

}  // namespace sylvite
