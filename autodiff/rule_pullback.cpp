#include "autodiff/rule_pullback.h"

#include "autodiff/reverse.h"
#include "frontend/graph.h"

#include <algorithm>

using namespace Halide::Internal;

namespace sylvite {

namespace {

bool is_bounded(const Region &region) {
    return std::all_of(region.begin(), region.end(),
                       [](const Halide::Range &range) { return range.min.defined() && range.extent.defined(); });
}

// What the rule itself says of the region of each input; empty if it says nothing.
std::vector<Region> needs_of(const RuledFunc &ruled, const Region &box) {
    if (!ruled.rule.needs || !is_bounded(box)) {
        return {};
    }
    std::vector<Region> regions = ruled.rule.needs(box);
    _halide_user_assert(regions.size() == ruled.inputs.size())
        << "custom_rule() needs one region per input; `needs` in the rule of " << plain_name(ruled.output.name())
        << " returns " << regions.size() << " for " << ruled.inputs.size() << ".";
    return regions;
}

// The region of each input that counts.
std::vector<Region> regions_of(const RuledFunc &ruled, const Region &box, const Bounds &bounds) {
    std::vector<Region> regions = needs_of(ruled, box);
    for (size_t i = 0; i < ruled.inputs.size(); i++) {
        const Func &input = ruled.inputs[i];
        if (regions.size() == i) {
            const auto known = bounds.boxes.find(target_of(input.function()).key);
            regions.push_back(known == bounds.boxes.end() ? Region() : known->second);
        }
        _halide_user_assert(static_cast<int>(regions[i].size()) == input.dimensions() && is_bounded(regions[i]))
            << "custom_rule() needs the region of each input in reverse mode; that of " << plain_name(input.name())
            << " in the rule of " << plain_name(ruled.output.name())
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

void add_needs(const RuledFunc &ruled, const Region &box, std::vector<Needed> &roots) {
    const std::vector<Region> regions = needs_of(ruled, box);
    for (size_t i = 0; i < ruled.inputs.size(); i++) {
        const Function input = ruled.inputs[i].function();
        Region region;
        if (const auto node = array_node(input)) {
            for (const Expr &extent : node->extents) {
                region.emplace_back(0, extent);
            }
            roots.push_back({input, region});
        } else if (!regions.empty() && regions[i].size() == input.args().size()) {
            roots.push_back({input, regions[i]});
        }
    }
}

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
