#include "autoscheduler/loops.h"
#include "autoscheduler/nest.h"
#include "autoscheduler/reduction.h"

#include <algorithm>
#include <cmath>

namespace sylvite {

namespace {

// Operations below which a definition keeps Halide's serial loops: any other would cost more to set up.
constexpr double least_work = 1000;

// Simple operations that a core does in a cycle, in all lanes; measured on stencils of the wave equation.
constexpr double operations_per_cycle = 3;

// Cycles of one core that are worth handing to others, and the least that one task should have.
constexpr double least_parallel_cycles = 150000, least_task_cycles = 30000;

// A register is accumulated into in each iteration of a reduction; several hide the latency of an addition.
constexpr int64_t accumulators = 4;

// Where two loops can be had, so many vectors of so many rows: 16 registers hold them and what they are computed from.
constexpr int64_t tile_vectors = 2, tile_rows = 4;

class CpuLoops {
public:
    explicit CpuLoops(LoopsWanted &wanted) : wanted_(wanted), stage_(wanted.stage) {}

    std::vector<StageSchedule> all() {
        for (size_t d = 0; d < stage_.definitions.size(); d++) {
            definition(static_cast<int>(d));
        }
        return std::move(result_);
    }

private:
    LoopsWanted &wanted_;
    const StageInfo &stage_;
    std::vector<StageSchedule> result_;

    int64_t native_lanes() const {
        return std::max<int64_t>(wanted_.target.machine.lanes * 4 / std::max(stage_.bytes, 1), 1);
    }

    // As many lanes as fit a loop, a power of two; 1 when vectors are not worth it.
    int64_t lanes_for(const Nest::Loop &loop) const {
        int64_t lanes = native_lanes();
        while (lanes > loop.extent) {
            lanes /= 2;
        }
        return lanes * stage_.bytes >= 16 ? lanes : 1;
    }

    static const Nest::Loop *vector_loop(const Nest &nest) {
        for (const Nest::Loop &loop : nest.loops()) {
            if (loop.independent && loop.dimension == 0) {
                return &loop;
            }
        }
        return nullptr;
    }

    // The number of pieces that so many operations are worth; 1: no more than one.
    int64_t tasks_for(double operations, int64_t lanes) const {
        const double cycles = operations / static_cast<double>(lanes) / operations_per_cycle;
        const int cores = wanted_.target.machine.cores;
        const bool root = wanted_.placement.kind == Placement::Kind::root;
        if (!root || cores < 2 || cycles < least_parallel_cycles) {
            return 1;
        }
        return static_cast<int64_t>(std::min(cycles / least_task_cycles, 4.0 * cores));
    }

    void definition(int d) {
        const DefinitionInfo &info = stage_.definitions[d];
        const bool has_strips = d == 0 && wanted_.placement.rows > 0;
        const double work =
            info.iterations() * wanted_.operations[d] + (has_strips ? wanted_.placement.operations_at : 0);
        if (work < least_work && !has_strips) {
            return;
        }
        if (d > 0 && reduction(d, work)) {
            return;
        }
        Nest nest(info);
        const bool guard = stage_.output || d > 0;
        const Nest::Loop *found = vector_loop(nest);
        int64_t lanes = found ? lanes_for(*found) : 1;
        std::string vector = lanes > 1 ? found->name : "";
        int64_t tasks = tasks_for(work, lanes);
        if (tasks > 1 && !vector.empty() && independent_loops(nest) == 1) {
            // One dimension: long pieces of it, each of whole vectors.
            const Nest::Loop loop = nest.find(vector);
            const int64_t unit = lanes * accumulators, chunk = round_up((loop.extent + tasks - 1) / tasks, unit);
            const auto [outer, inner] = nest.split(vector, chunk, tail_for(loop, chunk, guard));
            parallel_pieces(nest, outer);
            vector = inner;
            tasks = 1;
        }
        vectorize(nest, vector, lanes, guard);
        if (has_strips) {
            const Nest::Loop outermost = nest.loops().back();
            const int64_t rows = wanted_.placement.rows;
            wanted_.strip_loop = nest.split(outermost.name, rows, tail_for(outermost, rows, guard)).first;
        }
        if (tasks > 1 && has_strips) {
            parallel_pieces(nest, wanted_.strip_loop);
        } else if (tasks > 1) {
            parallelize(nest, tasks, guard);
        }
        if (!nest.directives().empty()) {
            result_.push_back({stage_.name, d - 1, nest.directives()});
        }
    }

    static int64_t round_up(int64_t value, int64_t unit) { return (value + unit - 1) / unit * unit; }

    static int64_t independent_loops(const Nest &nest) {
        return std::count_if(nest.loops().begin(), nest.loops().end(),
                             [](const Nest::Loop &loop) { return loop.independent; });
    }

    // Vector lanes innermost, then what depends on the order, then the rest: an element's sum stays in a register.
    void vectorize(Nest &nest, const std::string &loop, int64_t lanes, bool guard) {
        std::vector<std::string> dependent, others;
        double steps = 1;
        for (const Nest::Loop &l : nest.loops()) {
            if (l.name != loop) {
                (l.independent ? others : dependent).push_back(l.name);
                steps *= l.independent ? 1.0 : static_cast<double>(l.extent);
            }
        }
        if (loop.empty()) {
            dependent.insert(dependent.end(), others.begin(), others.end());
            nest.reorder(dependent);
            return;
        }
        const Nest::Loop vector = nest.find(loop);
        if (dependent.empty()) {
            std::vector<std::string> arguments{loop, std::to_string(lanes)};
            if (const std::string tail = tail_for(vector, lanes, guard); !tail.empty()) {
                arguments.push_back(tail);
            }
            nest.add("vectorize", arguments);
            return;
        }
        // A second loop joins the tile of elements that is summed up in registers: what is read then serves several.
        const auto row = std::find_if(others.begin(), others.end(), [&](const std::string &name) {
            const Nest::Loop l = nest.find(name);
            return !stage_.output && steps >= 4 && l.dimension > 0 && l.constant && l.extent % tile_rows == 0;
        });
        const int64_t vectors = row == others.end() ? accumulators : tile_vectors;
        const int64_t wide = steps >= 4 && vector.extent >= 2 * vectors * lanes ? vectors * lanes : lanes;
        const auto [outer, inner] = nest.split(loop, wide, tail_for(vector, wide, guard));
        std::vector<std::string> order{inner};
        std::string unrolled;
        if (row != others.end()) {
            std::tie(*row, unrolled) = nest.split(*row, tile_rows, "");
            order.push_back(unrolled);
        }
        order.insert(order.end(), dependent.begin(), dependent.end());
        order.push_back(outer);
        order.insert(order.end(), others.begin(), others.end());
        nest.reorder(order);
        nest.add("vectorize", {inner});
        if (!unrolled.empty()) {
            nest.add("unroll", {unrolled});
        }
    }

    // The outermost loops that do not depend on order, joined until there are tasks enough.
    void parallelize(Nest &nest, int64_t tasks, bool guard) {
        const auto may_run_together = [&](size_t from_outside) {
            const size_t n = nest.loops().size();
            return n > from_outside && nest.loops()[n - 1 - from_outside].independent &&
                   !is_vector(nest, n - 1 - from_outside);
        };
        if (!may_run_together(0)) {
            return;
        }
        while (nest.loops().back().extent < tasks && may_run_together(1)) {
            nest.fuse(nest.loops()[nest.loops().size() - 2].name, nest.loops().back().name);
        }
        const Nest::Loop loop = nest.loops().back();
        if (loop.extent < 2) {
            return;
        }
        const int64_t chunk = piece_of(loop, tasks);
        if (chunk == 1) {
            nest.add("parallel", {loop.name});
        } else {
            parallel_pieces(nest, nest.split(loop.name, chunk, tail_for(loop, chunk, guard)).first);
        }
    }

    // Pieces of a loop for the cores. Halide would give the first and the last piece code with the tests of a boundary
    // condition all through, which takes several times as long; so the loop within is what is cut into edges and interior.
    void parallel_pieces(Nest &nest, const std::string &pieces) const {
        nest.add("parallel", {pieces});
        if (wanted_.has_edges) {
            nest.add("partition", {pieces, "never"});
        }
    }

    // Whether `vectorize x 16` was said of the loop, so that it is a loop of vectors.
    static bool is_vector(const Nest &nest, size_t i) {
        return std::any_of(nest.directives().begin(), nest.directives().end(), [&](const Directive &directive) {
            return directive.name == "vectorize" && directive.arguments[0] == nest.loops()[i].name;
        });
    }

    bool reduction(int d, double work) {
        ReductionLimits limits;
        limits.lanes = native_lanes();
        limits.smallest_lanes = std::max<int64_t>(16 / stage_.bytes, 2);
        limits.accumulators = accumulators;
        limits.tasks = tasks_for(work, native_lanes());
        const auto split = split_reduction(stage_, d, limits, wanted_.taken);
        if (!split) {
            return false;
        }
        SplitReduction parts = *split;
        // Lanes innermost, then the loops that are added up along, then elements, and pieces for the cores.
        std::vector<std::string> summed, elements;
        for (const Nest::Loop &loop : parts.partial_update.loops()) {
            if (loop.name != parts.lane && loop.name != parts.task) {
                (loop.independent ? elements : summed).push_back(loop.name);
            }
        }
        std::vector<std::string> order;
        for (const auto &group : {std::vector<std::string>{parts.lane}, summed, elements, {parts.task}}) {
            std::copy_if(group.begin(), group.end(), std::back_inserter(order),
                         [](const std::string &name) { return !name.empty(); });
        }
        parts.partial_update.reorder(order);
        if (!parts.lane.empty()) {
            parts.partial.add("vectorize", {parts.lane});
            parts.partial_update.add("vectorize", {parts.lane});
            if (stage_.definitions[d].adds_up_vectors) {
                parts.rest.add("atomic", {});
                parts.rest.add("vectorize", {parts.lane_sum});
            }
        }
        if (!parts.task.empty()) {
            parts.partial_update.add("parallel", {parts.task});
        } else if (parts.per_element) {
            if (limits.tasks > 1) {
                parallelize(parts.rest, limits.tasks, true);
            }
            const auto &loops = parts.rest.loops();
            parts.at = std::find_if(loops.begin(), loops.end(), [](const auto &l) { return l.independent; })->name;
        }
        for (StageSchedule &stage : parts.stages()) {
            result_.push_back(std::move(stage));
        }
        return true;
    }
};

}  // namespace

std::vector<StageSchedule> cpu_loops(LoopsWanted &wanted) { return CpuLoops(wanted).all(); }

}  // namespace sylvite
