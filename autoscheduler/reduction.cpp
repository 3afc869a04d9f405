#include "autoscheduler/reduction.h"

#include <algorithm>

using namespace Halide::Internal;

namespace sylvite {

namespace {

// Elements whose parts are all kept at once.
constexpr double most_points_at_root = 256;

// Whether an element that is updated is found through a reduction variable: a histogram, a scatter.
bool scatters(const DefinitionInfo &definition) {
    for (const Halide::Expr &arg : definition.args) {
        for (const LoopInfo &loop : definition.loops) {
            if (!loop.independent() && expr_uses_var(arg, loop.variable.halide_name)) {
                return true;
            }
        }
        if (!arg.as<Variable>() && !is_const(arg)) {
            return true;
        }
    }
    return false;
}

// How many reads of a definition a vector along the loop would have to gather.
int gathers(const DefinitionInfo &definition, const LoopInfo &loop) {
    int count = 0;
    for (const Read &read : definition.cost.reads) {
        for (size_t i = 0; i < read.args.size(); i++) {
            const auto stride = stride_along(read.args[i], loop.variable.halide_name);
            if (!stride || (i == 0 ? std::abs(*stride) > 1 : *stride != 0)) {
                count++;
                break;
            }
        }
    }
    return count;
}

std::string unique_stage(const std::string &base, std::set<std::string> &taken) {
    std::string name = base;
    name.erase(std::remove(name.begin(), name.end(), '.'), name.end());
    std::string result = name;
    for (int n = 2; !taken.insert(result).second; n++) {
        result = name + std::to_string(n);
    }
    return result;
}

}  // namespace

std::vector<StageSchedule> SplitReduction::stages() const {
    std::vector<Directive> first;
    if (at.empty()) {
        first.push_back({"compute_root", {}});
    } else {
        first.push_back({"compute_at", {stage, at}});
    }
    first.insert(first.end(), partial.directives().begin(), partial.directives().end());
    return {
        {stage, update, rest.directives()}, {partial_name, -1, first}, {partial_name, 0, partial_update.directives()}};
}

std::optional<SplitReduction> split_reduction(const StageInfo &stage, int d, const ReductionLimits &limits,
                                              std::set<std::string> &taken) {
    const DefinitionInfo &definition = stage.definitions[d];
    if (!definition.associative) {
        return std::nullopt;
    }
    std::vector<const LoopInfo *> reduced, kept;
    double steps = 1;
    int64_t pieces = 1;  // that can run side by side without splitting
    const LoopInfo *along_rows = nullptr;
    for (const LoopInfo &loop : definition.loops) {
        if (!loop.independent()) {
            reduced.push_back(&loop);
            steps *= static_cast<double>(loop.extent);
            continue;
        }
        kept.push_back(&loop);
        if (loop.dimension == 0) {
            along_rows = &loop;
        } else {
            pieces = std::max(pieces, loop.extent);
        }
    }
    if (reduced.empty()) {
        return std::nullopt;
    }
    const bool scatter = scatters(definition);
    const bool has_vectors = along_rows && along_rows->extent >= limits.smallest_lanes;

    // Lanes along the reduction loop whose values lie side by side in most reads.
    const LoopInfo *lane_loop = nullptr;
    if (!scatter && limits.lanes > 1) {
        for (const LoopInfo *loop : reduced) {
            if (loop->extent >= 2 * limits.lanes &&
                (!lane_loop || gathers(definition, *loop) < gathers(definition, *lane_loop))) {
                lane_loop = loop;
            }
        }
        if (lane_loop && has_vectors && gathers(definition, *along_rows) <= gathers(definition, *lane_loop)) {
            lane_loop = nullptr;  // its own rows do as well
        }
    }
    // Tasks along the longest of the outer ones.
    const LoopInfo *task_loop = nullptr;
    const double partial_points = stage.points() * static_cast<double>(limits.tasks);
    const bool too_few_pieces = scatter || pieces < limits.tasks;
    if (limits.tasks > 1 && too_few_pieces && !has_vectors && steps >= 4 * partial_points) {
        for (const LoopInfo *loop : reduced) {
            if (!task_loop || loop->extent >= task_loop->extent) {
                task_loop = loop;
            }
        }
    }
    if (!lane_loop && !task_loop) {
        return std::nullopt;
    }
    const bool per_element = !task_loop && stage.points() > most_points_at_root;
    if (per_element && kept.empty()) {
        return std::nullopt;  // adds to one element of many, and a partial Func has them all
    }

    SplitReduction parts{stage.name,
                         unique_stage(stage.name + "_partial", taken),
                         d - 1,
                         "",
                         "",
                         "",
                         Nest(definition),
                         Nest(definition),
                         Nest(definition),
                         false,
                         ""};
    Nest &nest = parts.rest;
    std::vector<std::pair<std::string, std::string>> factored;
    std::string task = task_loop ? task_loop->variable.name : "";
    if (lane_loop) {
        // Several vectors of partial results hide the latency of an addition; where there are many elements, they do.
        const int64_t wide = limits.lanes * limits.accumulators;
        const bool is_long =
            stage.points() < 8 &&
            (lane_loop->extent >= 4 * wide || (lane_loop->extent >= wide && steps >= 64.0 * static_cast<double>(wide)));
        const int64_t lanes = limits.lanes * (is_long ? limits.accumulators : 1);
        const Nest::Loop loop = nest.find(lane_loop->variable.name);
        const auto [outer, inner] = nest.split(loop.name, lanes, tail_for(loop, lanes, true));
        task = task == loop.name ? outer : task;
        parts.lane = nest.fresh("lane", "");
        parts.lane_sum = inner;
        factored.emplace_back(inner, parts.lane);
    }
    if (task_loop) {
        const Nest::Loop loop = nest.find(task);
        const int64_t chunk = piece_of(loop, limits.tasks);
        const auto [outer, inner] = nest.split(loop.name, chunk, tail_for(loop, chunk, true));
        parts.task = nest.fresh("task", "");
        factored.emplace_back(outer, parts.task);
    }
    parts.partial_update = nest.rfactor(parts.partial_name, factored);
    parts.per_element = per_element;

    // The partial Func has the stage's dimensions, then the new ones. Lanes come first in memory.
    std::vector<Nest::Loop> loops = Nest(stage.definitions[0]).loops();
    for (const std::string &made : {parts.lane, parts.task}) {
        if (!made.empty()) {
            loops.push_back(parts.partial_update.find(made));
        }
    }
    parts.partial = Nest(loops);
    std::vector<std::string> storage;
    for (const std::string &arg : stage.function.args()) {
        storage.push_back(plain_variable(arg));
    }
    if (!parts.lane.empty() && !storage.empty()) {
        storage.insert(storage.begin(), parts.lane);
        parts.partial.add("reorder_storage", storage);
    }
    return parts;
}

}  // namespace sylvite
