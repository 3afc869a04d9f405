#include "schedules/whole_output.h"

#include "frontend/names.h"

#include <map>
#include <optional>
#include <set>

using namespace Halide::Internal;
using Halide::Expr;
using Halide::TailStrategy;

namespace sylvite {

namespace {

std::optional<int64_t> constant(const Expr &e) { return e.defined() ? as_const_int(simplify(e)) : std::nullopt; }

// What a split needs of a loop with so many iterations. `is_held` says that what the loop does beyond its end is kept
// inside the output by an earlier split.
std::string why_outside(const Split &split, int64_t iterations, int64_t factor, bool is_held) {
    const std::string loop =
        "the loop " + plain_variable(split.old_var) + " of an output has " + std::to_string(iterations) + " iterations";
    switch (split.tail) {
    case TailStrategy::ShiftInwards:
    case TailStrategy::ShiftInwardsAndBlend:
        return iterations >= factor ? ""
                                    : loop + ", fewer than one piece of " + std::to_string(factor) +
                                          ": make smaller pieces, or use the tail guard_with_if.";
    case TailStrategy::RoundUp:
    case TailStrategy::RoundUpAndBlend:
        return is_held || iterations % factor == 0 ? ""
                                                   : loop + ", which pieces of " + std::to_string(factor) +
                                                         " do not divide: use the tail guard_with_if.";
    default:
        return "";
    }
}

}  // namespace

std::string why_outside(const Function &output, const StageSchedule &schedule) {
    std::map<std::string, int64_t> iterations;  // of loops, where they are known
    for (size_t d = 0; !output.output_buffers().empty() && d < output.args().size(); d++) {
        if (const auto extent = constant(output.output_buffers()[0].extent_constraint(static_cast<int>(d)))) {
            iterations[output.args()[d]] = *extent;
        }
    }
    for (const Bound &bound : output.schedule().bounds()) {
        const auto known = iterations.find(bound.var);
        if (known == iterations.end()) {
            continue;
        }
        const std::string has = "dimension " + plain_variable(bound.var) + " of an output has " +
                                std::to_string(known->second) + " elements from 0 on";
        const auto min = constant(bound.min), extent = constant(bound.extent), modulus = constant(bound.modulus);
        if (min.value_or(0) != 0 || extent.value_or(known->second) != known->second) {
            return has + ", which must be all that is computed.";
        }
        if (known->second % modulus.value_or(1) != 0) {
            return has + ", which is no multiple of " + std::to_string(*modulus) + ".";
        }
    }
    std::set<std::string> held;
    for (const Split &split : schedule.splits()) {
        if (split.split_type == Split::FuseVars) {
            const auto inner = iterations.find(split.inner), outer = iterations.find(split.outer);
            if (inner != iterations.end() && outer != iterations.end()) {
                iterations[split.old_var] = inner->second * outer->second;
            }
            continue;
        }
        const auto old = iterations.find(split.old_var);
        const auto factor = constant(split.factor);
        if (old == iterations.end() || !factor) {
            continue;
        }
        if (split.split_type == Split::RenameVar) {
            iterations[split.outer] = old->second;
            continue;
        }
        const bool is_held = held.count(split.old_var);
        if (const std::string why = why_outside(split, old->second, *factor, is_held); !why.empty()) {
            return why;
        }
        if (is_held || (split.tail != TailStrategy::RoundUp && split.tail != TailStrategy::RoundUpAndBlend)) {
            held.insert({split.outer, split.inner});
        }
        iterations[split.outer] = (old->second + *factor - 1) / *factor;
        iterations[split.inner] = *factor;
    }
    return "";
}

}  // namespace sylvite
