#include "autoscheduler/placement.h"

#include "autoscheduler/array_count.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace sylvite {

namespace {

// What it costs to keep a value and to read it again, in operations of a lane; dearer where each kept Func is a launch
// of its own and passes through device memory.
struct MemoryCost {
    double store, load;
};
constexpr MemoryCost on_cpu{2, 1}, on_gpu{6, 3};

// Operations in one definition above which nothing more is inlined into it: beyond, compilers get slow.
constexpr double largest_definition = 3000;

// A producer is computed in strips of its reader where the strips' overlap adds at most this part.
constexpr double largest_overlap = 0.15;

class Placing {
public:
    Placing(const std::vector<StageInfo> &stages, const TargetRow &target, const Estimates &estimates,
            const std::set<std::string> &plain, const std::map<std::string, bool> &kept) :
        stages_(stages),
        target_(target), estimates_(estimates), plain_(plain), kept_(kept) {
        for (size_t i = 0; i < stages.size(); i++) {
            index_[stages[i].function.name()] = i;
        }
        plan_.placements.resize(stages.size());
    }

    Plan plan() {
        inline_cheap();
        add_up_operations();
        if (!target_.is_gpu()) {
            place_in_strips();
        }
        return std::move(plan_);
    }

private:
    const std::vector<StageInfo> &stages_;
    const TargetRow &target_;
    const Estimates &estimates_;
    const std::set<std::string> &plain_;
    const std::map<std::string, bool> &kept_;
    std::map<std::string, size_t> index_;
    std::map<std::pair<size_t, int64_t>, std::map<std::string, std::vector<int64_t>>> needed_;
    Plan plan_;

    bool is_inlined(size_t i) const { return plan_.placements[i].kind == Placement::Kind::inlined; }

    // Calls visit(producer, number of distinct reads) for what a definition reads.
    template<typename Visit>
    void for_each_producer(size_t reader, const DefinitionInfo &definition, const Visit &visit) const {
        std::map<size_t, double> reads;
        for (const Read &read : definition.cost.reads) {
            const auto producer = index_.find(read.name);
            if (producer != index_.end() && producer->second != reader) {
                reads[producer->second] += 1;
            }
        }
        for (const auto &[producer, count] : reads) {
            visit(producer, count);
        }
    }

    // Readers first, so that it is known how often a stage is evaluated when it is inlined.
    void inline_cheap() {
        const MemoryCost memory = target_.is_gpu() ? on_gpu : on_cpu;
        const int most = target_.machine.max_arrays;
        std::optional<ArrayCount> arrays;
        if (most > 0) {
            arrays.emplace(stages_);
        }
        std::vector<double> evaluations(stages_.size()), size(stages_.size());
        for (size_t i = stages_.size(); i-- > 0;) {
            const StageInfo &stage = stages_[i];
            const double cost = stage.definitions[0].cost.operations, points = stage.points();
            const bool cheaper = evaluations[i] * cost <= points * (cost + memory.store) + evaluations[i] * memory.load;
            bool inlined = stage.can_be_inlined() && cheaper && size[i] + cost <= largest_definition &&
                           (!arrays || arrays->when_inlined(i) <= most);
            if (const auto kept = kept_.find(stage.name); kept != kept_.end()) {
                inlined = kept->second;
            }
            plan_.placements[i].kind = inlined ? Placement::Kind::inlined : Placement::Kind::root;
            if (arrays) {
                arrays->decide(i, inlined);
            }
            for (const DefinitionInfo &definition : stage.definitions) {
                for_each_producer(i, definition, [&](size_t producer, double reads) {
                    evaluations[producer] += reads * (inlined ? evaluations[i] : definition.iterations());
                    // How much code there is around a read of the producer.
                    size[producer] = std::max(size[producer], definition.cost.operations + (inlined ? size[i] : 0));
                });
            }
        }
        plan_.arrays = arrays ? arrays->counts() : std::vector<std::vector<int>>(stages_.size());
    }

    void add_up_operations() {
        for (size_t i = 0; i < stages_.size(); i++) {
            std::vector<double> &operations = plan_.operations.emplace_back();
            for (const DefinitionInfo &definition : stages_[i].definitions) {
                double sum = definition.cost.operations;
                for_each_producer(i, definition, [&](size_t producer, double reads) {
                    // An inlined read is no load.
                    sum += is_inlined(producer) ? reads * (plan_.operations[producer][0] - 1) : 0;
                });
                operations.push_back(std::max(sum, 1.0));
            }
        }
    }

    // For each stage, those that are not inlined and read it, through inlined ones too.
    std::vector<std::set<size_t>> readers() const {
        std::vector<std::set<size_t>> readers(stages_.size());
        for (size_t j = stages_.size(); j-- > 0;) {
            for (const DefinitionInfo &definition : stages_[j].definitions) {
                for_each_producer(j, definition, [&](size_t producer, double) {
                    if (is_inlined(j)) {
                        readers[producer].insert(readers[j].begin(), readers[j].end());
                    } else {
                        readers[producer].insert(j);
                    }
                });
            }
        }
        return readers;
    }

    // A stage that only one other reads is computed strip by strip with its reader when both together are too large for
    // the second cache: it is then read from there. Readers first, so that chains end up in the loops of the last.
    void place_in_strips() {
        const std::vector<std::set<size_t>> all_readers = readers();
        for (size_t i = stages_.size(); i-- > 0;) {
            const StageInfo &stage = stages_[i];
            if (is_inlined(i) || stage.output || stage.read_by_extern || kept_.count(stage.name)) {
                continue;
            }
            if (all_readers[i].empty()) {
                continue;
            }
            std::set<size_t> roots;
            for (const size_t reader : all_readers[i]) {
                const Placement &p = plan_.placements[reader];
                roots.insert(p.kind == Placement::Kind::at ? p.reader : reader);
            }
            const size_t root = *roots.begin();
            if (roots.size() == 1 && can_have_strips(root)) {
                try_strip(i, root);
            }
        }
        for (size_t i = 0; i < stages_.size(); i++) {
            if (plan_.placements[i].kind == Placement::Kind::at) {
                double &sum = plan_.placements[plan_.placements[i].reader].operations_at;
                for (size_t d = 0; d < stages_[i].definitions.size(); d++) {
                    sum += stages_[i].definitions[d].iterations() * plan_.operations[i][d];
                }
            }
        }
    }

    bool can_have_strips(size_t i) const {
        const StageInfo &stage = stages_[i];
        return stage.pure() && stage.extents.size() >= 2 && !plain_.count(stage.name) && !kept_.count(stage.name);
    }

    // What all stages compute for so many rows of `root`.
    const std::map<std::string, std::vector<int64_t>> &needed_for(size_t root, int64_t rows) {
        const auto [entry, is_new] = needed_.try_emplace({root, rows});
        if (is_new) {
            std::vector<int64_t> box = stages_[root].extents;
            box.back() = rows;
            entry->second = extents_for(Func(stages_[root].function), box, estimates_);
        }
        return entry->second;
    }

    void try_strip(size_t producer, size_t root) {
        const StageInfo &stage = stages_[root];
        const double whole = stages_[producer].points() * stages_[producer].bytes;
        if (whole + stage.points() * stage.bytes < static_cast<double>(target_.machine.l2)) {
            return;
        }
        const int64_t height = stage.extents.back();
        for (int64_t rows = 4; rows <= height / 2; rows *= 2) {
            const auto &needed = needed_for(root, rows);
            const auto extents = needed.find(stages_[producer].function.name());
            if (extents == needed.end()) {
                return;
            }
            double points = 1;
            for (const int64_t extent : extents->second) {
                points *= static_cast<double>(extent);
            }
            const double strips = std::ceil(static_cast<double>(height) / static_cast<double>(rows));
            const double kept = points * stages_[producer].bytes;
            if (kept > static_cast<double>(target_.machine.l2) / 4) {
                return;
            }
            if (points * strips <= stages_[producer].points() * (1 + largest_overlap)) {
                plan_.placements[producer] = {Placement::Kind::at, root, 0};
                plan_.placements[root].rows = std::max(plan_.placements[root].rows, rows);
                return;
            }
        }
    }
};

}  // namespace

Plan place(const std::vector<StageInfo> &stages, const TargetRow &target, const Estimates &estimates,
           const std::set<std::string> &plain, const std::map<std::string, bool> &kept) {
    return Placing(stages, target, estimates, plain, kept).plan();
}

}  // namespace sylvite
