#include "autoscheduler/loops.h"
#include "autoscheduler/nest.h"
#include "autoscheduler/reduction.h"

#include <algorithm>

namespace sylvite {

namespace {

// Elements from which threads are worth it, and steps in order up to which one thread of the GPU is better than copying
// everything to the host and back.
constexpr double least_points = 32, most_steps_alone = 4096;

// Threads of a block, for stages of one and of more dimensions. Thread extents are always constants: Halide 21 runs
// others with one thread in y and z on Vulkan.
constexpr int host_cores = 4;  // beside a GPU
constexpr int64_t line = 128, width = 32, height = 8;

class GpuLoops {
public:
    explicit GpuLoops(LoopsWanted &wanted) : wanted_(wanted), stage_(wanted.stage) {}

    // A Func is computed either on the device or on the host: between definitions it would be copied.
    std::vector<StageSchedule> all() {
        if (has_too_many_arrays()) {
            return on_host();
        }
        bool on_device = !stores_bools();  // Halide 21 crashes on device buffers of bools on Vulkan
        for (size_t d = 0; d < stage_.definitions.size(); d++) {
            if (d == 0 || !reduction(static_cast<int>(d))) {
                on_device = definition(static_cast<int>(d)) && on_device;
            }
        }
        if (!parts_.empty()) {
            return std::move(parts_);  // what the parts add up to is small, and on the host
        }
        return on_device ? std::move(on_device_) : on_host();
    }

private:
    LoopsWanted &wanted_;
    const StageInfo &stage_;
    std::vector<StageSchedule> on_device_, parts_;

    std::vector<StageSchedule> on_host() {
        TargetRow host = wanted_.target;
        host.machine.cores = host_cores;
        host.machine.lanes = host.halide_target().natural_vector_size<float>();
        host.machine.max_threads = 0;
        LoopsWanted wanted{stage_,        wanted_.placement, host, wanted_.operations, wanted_.arrays,
                           wanted_.taken, wanted_.has_edges, ""};
        return cpu_loops(wanted);
    }

    bool stores_bools() const {
        const auto &types = stage_.function.output_types();
        return std::any_of(types.begin(), types.end(), [](const Halide::Type &type) { return type.is_bool(); });
    }

    bool has_too_many_arrays() const {
        const int most = wanted_.target.machine.max_arrays;
        return most > 0 && std::any_of(wanted_.arrays.begin(), wanted_.arrays.end(), [&](int n) { return n > most; });
    }

    // Whether a definition can be on the device, and how.
    bool definition(int d) {
        Nest nest(stage_.definitions[d]);
        std::vector<std::string> dependent, independent;
        double points = 1;
        for (const Nest::Loop &loop : nest.loops()) {
            (loop.independent && loop.dimension >= 0 ? independent : dependent).push_back(loop.name);
            points *= independent.empty() || independent.back() != loop.name ? 1.0 : static_cast<double>(loop.extent);
        }
        if (independent.empty() || points < least_points) {
            if (stage_.points() < least_points || stage_.definitions[d].iterations() > most_steps_alone) {
                return false;
            }
            nest.add("gpu_single_thread", {});
            on_device_.push_back({stage_.name, d - 1, nest.directives()});
            return true;
        }
        std::vector<std::string> order = dependent;
        order.insert(order.end(), independent.begin(), independent.end());
        nest.reorder(order);
        tile(nest, independent);
        on_device_.push_back({stage_.name, d - 1, nest.directives()});
        return true;
    }

    // A power of two, no more than the loop has.
    static int64_t threads_for(const Nest::Loop &loop, int64_t most) {
        int64_t threads = most;
        while (loop.constant && threads > 1 && threads / 2 >= loop.extent) {
            threads /= 2;
        }
        return threads;
    }

    void tile(Nest &nest, std::vector<std::string> loops) {
        while (loops.size() > 3) {
            const std::string fused = nest.fuse(loops[loops.size() - 2], loops.back());
            loops.pop_back();
            loops.back() = fused;
        }
        const bool flat = loops.size() == 1;
        const size_t tiled = flat ? 1 : 2;
        std::vector<std::string> arguments(loops.begin(), loops.begin() + static_cast<std::ptrdiff_t>(tiled));
        std::vector<std::string> blocks, threads, sizes;
        std::string tail;
        for (size_t i = 0; i < tiled; i++) {
            const Nest::Loop &loop = nest.find(loops[i]);
            const int64_t size = threads_for(loop, flat ? line : i == 0 ? width : height);
            blocks.push_back(nest.fresh(loop.name, "o"));
            threads.push_back(nest.fresh(loop.name, "i"));
            sizes.push_back(std::to_string(size));
            tail = tail_for(loop, size, true).empty() ? tail : "guard_with_if";
        }
        for (const auto *more : {&blocks, &threads, &sizes}) {
            arguments.insert(arguments.end(), more->begin(), more->end());
        }
        if (!tail.empty()) {
            arguments.push_back(tail);
        }
        nest.add("gpu_tile", arguments);
        if (loops.size() == 3) {
            nest.add("gpu_blocks", {loops[2]});
        }
    }

    // Threads add up along one loop, blocks along another; the host adds what is left.
    bool reduction(int d) {
        const DefinitionInfo &info = stage_.definitions[d];
        double independent = 1;
        for (const LoopInfo &loop : info.loops) {
            independent *= loop.independent() ? static_cast<double>(loop.extent) : 1.0;
        }
        if (independent >= 4.0 * line) {
            return false;  // enough threads without
        }
        const auto &machine = wanted_.target.machine;
        ReductionLimits limits;
        limits.lanes = std::min<int64_t>(line, machine.max_threads);
        limits.smallest_lanes = limits.lanes;
        limits.tasks = static_cast<int64_t>(std::min(2.0 * machine.cores, info.iterations() / (32.0 * line)));
        const auto split = split_reduction(stage_, d, limits, wanted_.taken);
        if (!split || split->lane.empty() || split->task.empty()) {
            return false;
        }
        SplitReduction parts = *split;
        for (Nest *nest : {&parts.partial, &parts.partial_update}) {
            std::vector<std::string> order;
            for (const Nest::Loop &loop : nest->loops()) {
                if (loop.name != parts.lane && loop.name != parts.task) {
                    order.push_back(loop.name);
                }
            }
            order.insert(order.end(), {parts.lane, parts.task});
            nest->reorder(order);
            const std::string size = std::to_string(limits.lanes);
            nest->add("gpu_tile",
                      {parts.lane, nest->fresh(parts.lane, "o"), nest->fresh(parts.lane, "i"), size, "guard_with_if"});
            nest->add("gpu_blocks", {parts.task});
        }
        for (StageSchedule &stage : parts.stages()) {
            parts_.push_back(std::move(stage));
        }
        return true;
    }
};

}  // namespace

std::vector<StageSchedule> gpu_loops(LoopsWanted &wanted) { return GpuLoops(wanted).all(); }

}  // namespace sylvite
