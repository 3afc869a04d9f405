#include "autodiff/batch_copy.h"

using namespace Halide::Internal;

namespace sylvite {

namespace {

// In the rule of one element, in the place of `like`: an Array for one. `values` are what it is for all elements.
Func placeholder(const Func &like, const Func &values, int batch_dimensions) {
    if (const auto node = array_node(like.function())) {
        const auto all = array_node(values.function());
        std::vector<Expr> extents = all ? all->extents : node->extents;
        extents.resize(all ? extents.size() - batch_dimensions : extents.size());
        return input(node->type, node->name, extents);
    }
    Func p(plain_name(like.name()));
    std::vector<Expr> zeros;
    for (const Type &type : like.types()) {
        zeros.push_back(make_zero(type));
    }
    p(like.args()) = Halide::Tuple(zeros);
    return p;
}

// `f` without its last dimensions, over which it is summed up on `box`.
Func summed(const Func &f, const Region &box) {
    const std::vector<Halide::Var> all = f.args(), args(all.begin(), all.end() - static_cast<long>(box.size()));
    const Halide::RDom r(box, "r");
    std::vector<Expr> at(args.begin(), args.end());
    for (int d = 0; d < static_cast<int>(box.size()); d++) {
        at.push_back(r[d]);
    }
    Func sum(plain_name(f.name()));
    std::vector<Expr> values, zeros;
    for (const Type &type : f.types()) {
        zeros.push_back(make_zero(type));
    }
    sum(args) = Halide::Tuple(zeros);
    const std::vector<Expr> place(args.begin(), args.end());
    for (int c = 0; c < f.outputs(); c++) {
        values.push_back(Call::make(sum.function(), place, c) + Call::make(f.function(), at, c));
    }
    sum(args) = Halide::Tuple(values);
    return sum;
}

}  // namespace

// What the rule of one element returned, for all elements. It may read what the rule does not know of, which is copied
// as it was where the rule stood.
std::vector<Func> BatchCopy::of_rule(const std::vector<Func> &outputs, const std::vector<Batch> &batch,
                                     int level) const {
    BatchCopy copy(*this);
    for (const Batch &b : batch) {
        copy.add(b.input.target().key, b.values);
    }
    std::vector<Function> functions;
    for (const Func &output : outputs) {
        functions.push_back(output.function());
    }
    copy.batched_.learn(functions);
    std::vector<Func> results;
    for (const Function &function : functions) {
        results.emplace_back(copy.repeated(function, copy.home_of(function, level)));
    }
    for (; level >= 0; level = copy.levels_[level].outer) {
        for (Func &result : results) {
            result = copy.levels_[level].shared(result);
        }
    }
    return results;
}

// `batched` still has the rule of one element, `ruled`.
Function BatchCopy::with_batched_rule(const RuledFunc &ruled, const RuledFunc &batched, int level) const {
    const size_t n = ruled.inputs.size();
    std::vector<bool> is_batched(n);
    for (size_t i = 0; i < n; i++) {
        _halide_user_assert(!extents_.empty() || !array_node(ruled.inputs[i].function()))
            << "vmap() of Funcs needs rules of Funcs; that of " << plain_name(ruled.output.name())
            << " is of the Array " << plain_name(ruled.inputs[i].name())
            << ": write the batch as a dimension of it, or take vmap() of a Program.";
        is_batched[i] = ruled.inputs[i].name() != batched.inputs[i].name();
    }
    const int dimensions = dimensions_;
    const auto copies = std::make_shared<const BatchCopy>(*this);
    // The rule of one element, on Funcs that then are given their batch.
    const auto element = [=](const std::vector<Func> &in, const Func &y, std::vector<Batch> &batch) {
        std::vector<Func> of_element;
        for (size_t i = 0; i < n; i++) {
            of_element.push_back(is_batched[i] ? placeholder(ruled.inputs[i], in[i], dimensions) : in[i]);
            if (is_batched[i]) {
                batch.push_back({of_element[i], in[i]});
            }
        }
        of_element.push_back(placeholder(ruled.output, y, dimensions));
        batch.push_back({of_element[n], y});
        return of_element;
    };
    FuncRule rule;
    if (ruled.rule.jvp) {
        rule.jvp = [=](const std::vector<Func> &in, const Func &y, const std::vector<Func> &tangents) {
            std::vector<Batch> batch;
            std::vector<Func> of_element = element(in, y, batch), moved;
            const Func output = of_element.back();
            of_element.pop_back();
            for (size_t i = 0; i < n; i++) {
                moved.push_back(is_batched[i] ? placeholder(ruled.inputs[i], tangents[i], dimensions) : tangents[i]);
                if (is_batched[i]) {
                    batch.push_back({moved[i], tangents[i]});
                }
            }
            return copies->of_rule({ruled.rule.jvp(of_element, output, moved)}, batch, level)[0];
        };
    }
    if (ruled.rule.vjp) {
        rule.vjp = [=](const std::vector<Func> &in, const Func &y, const Func &adjoint, const Region &box) {
            std::vector<Batch> batch;
            std::vector<Func> of_element = element(in, y, batch);
            const Func output = of_element.back(), seed = placeholder(ruled.output, adjoint, dimensions);
            of_element.pop_back();
            batch.push_back({seed, adjoint});
            const Region own(box.begin(), box.end() - dimensions), all(box.end() - dimensions, box.end());
            std::vector<Func> adjoints = copies->of_rule(ruled.rule.vjp(of_element, output, seed, own), batch, level);
            for (size_t i = 0; i < n; i++) {
                if (!is_batched[i]) {  // all elements add to the adjoint of what they share
                    adjoints[i] = summed(adjoints[i], all);
                }
            }
            return adjoints;
        };
    }
    if (ruled.rule.needs) {
        rule.needs = [=](const Region &box) {
            std::vector<Region> regions = ruled.rule.needs(Region(box.begin(), box.end() - dimensions));
            for (size_t i = 0; i < regions.size() && i < n; i++) {
                if (is_batched[i]) {
                    regions[i].insert(regions[i].end(), box.end() - dimensions, box.end());
                }
            }
            return regions;
        };
    }
    return custom_rule(Func(reads_of(batched.output.function()).functions[0]), batched.inputs, rule).function();
}

}  // namespace sylvite
