#include "autodiff/rule_pullback.h"

#include "autodiff/reverse.h"
#include "frontend/graph.h"

using namespace Halide::Internal;

namespace sylvite {

namespace {

// The region of each input that counts.
std::vector<Region> regions_of(const RuledFunc &ruled, const Region &box, const Bounds &bounds) {
    std::vector<Region> regions;
    if (ruled.rule.needs) {
        regions = ruled.rule.needs(box);
        _halide_user_assert(regions.size() == ruled.inputs.size())
            << "custom_rule() needs one region per input; `needs` in the rule of " << plain_name(ruled.output.name())
            << " returns " << regions.size() << " for " << ruled.inputs.size() << ".";
    }
    for (size_t i = 0; i < ruled.inputs.size(); i++) {
        const Func &input = ruled.inputs[i];
        if (const auto known = bounds.boxes.find(target_of(input.function()).key); !ruled.rule.needs) {
            regions.push_back(known == bounds.boxes.end() ? Region() : known->second);
        }
        bool is_bounded = static_cast<int>(regions[i].size()) == input.dimensions();
        for (const Halide::Range &range : regions[i]) {
            is_bounded = is_bounded && range.min.defined() && range.extent.defined();
        }
        _halide_user_assert(is_bounded) << "custom_rule() needs the region of each input in reverse mode; that of "
                                        << plain_name(input.name()) << " in the rule of "
                                        << plain_name(ruled.output.name())
                                        << " is not known: give the rule `needs`, with a range per dimension.";
    }
    return regions;
}

// The transposed `jvp`: the derivative of <adjoint, jvp(tangents)> by the tangents.
RulePullback transposed(const RuledFunc &ruled, const Func &adjoint, const Region &box) {
    std::vector<Func> tangents;
    for (const Func &input : ruled.inputs) {
        Func tangent("tangent_of_" + plain_name(input.name()));
        std::vector<Expr> zeros;
        for (const Halide::Type &type : input.types()) {
            zeros.push_back(make_zero(type));
        }
        tangent(input.args()) = Halide::Tuple(zeros);
        tangents.push_back(tangent);
    }
    Reverse reverse;
    reverse.add_root({ruled.jvp(tangents), adjoint, box});
    RulePullback pullback;
    std::set<std::string> placeholders;
    std::vector<Function> adjoints;
    for (const Func &tangent : tangents) {
        const Function function = tangent.function();
        placeholders.insert(function.name());
        pullback.emplace_back();
        for (int c = 0; c < tangent.outputs(); c++) {
            RulePart part;
            if (tangent.types()[c].is_float()) {
                const auto [sum, support] = reverse.adjoint_and_support(
                    target_of(function, c), adjoint_arguments(function), tangent.types()[c]);
                part = {sum, 0, support};
            }
            if (part.adjoint.defined()) {
                adjoints.push_back(part.adjoint.function());
            }
            pullback.back().push_back(part);
        }
    }
    for (const Function &function : functions_of(adjoints)) {
        _halide_user_assert(!placeholders.count(function.name()))
            << "custom_rule() needs a jvp that is linear in the tangents where it has no vjp; that of "
            << plain_name(ruled.output.name()) << " is not.";
    }
    return pullback;
}

}  // namespace

RulePullback pull_back(const RuledFunc &ruled, const Func &adjoint, const Region &box, const Bounds &bounds) {
    if (!ruled.rule.vjp) {
        return transposed(ruled, adjoint, box);
    }
    const std::vector<Region> regions = regions_of(ruled, box, bounds);
    const std::vector<Func> adjoints = ruled.vjp(adjoint, box);
    RulePullback pullback;
    for (size_t i = 0; i < ruled.inputs.size(); i++) {
        pullback.emplace_back();
        for (int c = 0; c < ruled.inputs[i].outputs(); c++) {
            pullback.back().push_back({adjoints[i], c, regions[i]});
        }
    }
    return pullback;
}

}  // namespace sylvite
