#include "schedules/read_back.h"

#include "frontend/graph.h"
#include "frontend/names.h"
#include "frontend/print.h"
#include "schedules/words.h"

#include <algorithm>
#include <set>

using namespace Halide::Internal;
using Halide::LoopLevel;

namespace sylvite {

namespace {

template<typename T>
std::string word_of(const Words<T> &words, T value) {
    for (const auto &[word, known] : words) {
        if (known == value) {
            return word;
        }
    }
    return "";
}

// The loop around all others, and the parts of it that gpu_single_thread() makes.
bool is_outermost(const std::string &loop) { return loop.starts_with(Halide::Var::outermost().name()); }

std::string last_part(const std::string &name) { return name.substr(name.rfind('.') + 1); }

// The loops of one definition: replays the splits, and gives loops that were made names of its own.
class ReadLoops {
public:
    ReadLoops(std::string stage, const Halide::Internal::StageSchedule &plain) : stage_(std::move(stage)) {
        for (const LoopVariable &loop : loop_variables(plain)) {
            loops_.push_back(loop.halide_name);
            names_[loop.halide_name] = loop.name;
            used_.insert(loop.name);
        }
    }

    std::vector<Directive> read(const Halide::Internal::StageSchedule &schedule) {
        need(!schedule.allow_race_conditions(), "allow_race_conditions()");
        need(schedule.prefetches().empty(), "prefetch()");
        LoopLevel fused = schedule.fuse_level().level;
        need(fused.lock().is_inlined(), "compute_with()");
        if (schedule.atomic()) {
            need(!schedule.override_atomic_associativity_test(), "atomic() without a proof");
            add("atomic", {});
        }
        for (const Split &split : schedule.splits()) {
            if (!is_outermost(split.old_var)) {
                read(split);
            }
        }
        std::vector<std::string> order, halide_order;
        for (const Dim &dim : schedule.dims()) {
            if (!is_outermost(dim.var)) {
                need(names_.count(dim.var), "a loop " + dim.var + " of unknown origin");
                halide_order.push_back(dim.var);
                order.push_back(names_.at(dim.var));
            }
        }
        if (halide_order != loops_) {
            add("reorder", order);
        }
        for (const Dim &dim : schedule.dims()) {
            if (!is_outermost(dim.var)) {
                read(dim);
            } else if (dim.for_type == ForType::GPUThread) {
                add("gpu_single_thread", {});
                add_device(dim);
            }
        }
        return std::move(directives_);
    }

    /// The new names of loops, by the last part of Halide's.
    std::map<std::string, std::string> names_by_last_part() const {
        std::map<std::string, std::string> names;
        for (const std::string &loop : loops_) {
            names[last_part(loop)] = names_.at(loop);
        }
        return names;
    }

private:
    const std::string stage_;
    std::vector<std::string> loops_;            // Halide's names, innermost first
    std::map<std::string, std::string> names_;  // by Halide's names
    std::set<std::string> used_;
    std::vector<Directive> directives_;

    void need(bool said, const std::string &what) const {
        _halide_user_assert(said) << "A schedule as text needs directives for all that is done; " << what
                                  << " in stage " << stage_ << " has none.";
    }

    void add(const std::string &name, std::vector<std::string> arguments) {
        directives_.push_back({name, std::move(arguments)});
    }

    std::string fresh(const std::string &base, const std::string &suffix) {
        std::string name = base + suffix;
        name.erase(std::remove(name.begin(), name.end(), '.'), name.end());
        const std::string first = name;
        for (int n = 2; !used_.insert(name).second; n++) {
            name = first + std::to_string(n);
        }
        return name;
    }

    size_t index_of(const std::string &loop) const {
        const auto found = std::find(loops_.begin(), loops_.end(), loop);
        need(found != loops_.end(), "a loop " + loop + " of unknown origin");
        return static_cast<size_t>(found - loops_.begin());
    }

    void read(const Split &split) {
        if (split.split_type == Split::FuseVars) {
            const size_t inner = index_of(split.inner);
            names_[split.old_var] = fresh(names_.at(split.inner) + names_.at(split.outer), "");
            add("fuse", {names_.at(split.inner), names_.at(split.outer), names_.at(split.old_var)});
            loops_[inner] = split.old_var;
            loops_.erase(loops_.begin() + static_cast<std::ptrdiff_t>(index_of(split.outer)));
            return;
        }
        const size_t old = index_of(split.old_var);
        if (split.split_type == Split::RenameVar) {
            names_[split.outer] = names_.at(split.old_var);
            loops_[old] = split.outer;
            return;
        }
        const auto factor = as_const_int(simplify(split.factor));
        need(factor.has_value(), "a split by " + sylvite::print(split.factor));
        const std::string name = names_.at(split.old_var);
        names_[split.outer] = fresh(name, "o");
        names_[split.inner] = fresh(name, "i");
        add("split", {name, names_.at(split.outer), names_.at(split.inner), std::to_string(*factor)});
        const std::string tail = word_of(tail_words(), split.tail);
        need(!tail.empty(), "a tail strategy");
        directives_.back().arguments.push_back(tail);
        loops_[old] = split.outer;
        loops_.insert(loops_.begin() + static_cast<std::ptrdiff_t>(old), split.inner);
    }

    void add_device(const Dim &dim) {
        if (dim.device_api != Halide::DeviceAPI::Default_GPU) {
            const std::string device = word_of(device_words(), dim.device_api);
            need(!device.empty(), "a device");
            directives_.back().arguments.push_back(device);
        }
    }

    void read(const Dim &dim) {
        const std::string &name = names_.at(dim.var);
        switch (dim.for_type) {
        case ForType::Serial:
            break;
        case ForType::Parallel:
            add("parallel", {name});
            break;
        case ForType::Vectorized:
            add("vectorize", {name});
            break;
        case ForType::Unrolled:
            add("unroll", {name});
            break;
        case ForType::GPUBlock:
            add("gpu_blocks", {name});
            break;
        case ForType::GPUThread:
            add("gpu_threads", {name});
            break;
        default:
            need(false, "a loop that is neither serial, parallel, vector, unrolled nor of a grid");
        }
        if (is_gpu(dim.for_type)) {
            add_device(dim);
        }
        if (dim.partition_policy != Halide::Partition::Auto) {
            add("partition", {name, word_of(partition_words(), dim.partition_policy)});
        }
    }
};

class ReadBack {
public:
    ReadBack(const KernelPipeline &scheduled, const KernelPipeline &plain) :
        stages_(functions_of(scheduled.outputs)), plain_(plain.stages), names_(stage_names(scheduled.stages)) {}

    KernelSchedule read(const std::string &kernel_name) {
        KernelSchedule kernel{kernel_name};
        for (size_t i = 0; i < stages_.size(); i++) {
            const Function &stage = stages_[i];
            need(names_.count(stage.name()), stage, "a Func that was added");
            need(stage.schedule().wrappers().empty(), stage, "in()");
            if (stage.has_pure_definition()) {
                loops_of(stage, kernel);
            }
        }
        // Where a stage is computed names loops of other stages, so it comes when all loops have names.
        for (const Function &stage : stages_) {
            place_of(stage, kernel);
        }
        std::erase_if(kernel.stages, [](const StageSchedule &stage) { return stage.directives.empty(); });
        return kernel;
    }

private:
    const std::vector<Function> stages_, plain_;
    const std::map<std::string, std::string> names_;
    std::map<std::string, std::map<std::string, std::string>> loop_names_;  // of a Func, by the last part

    void need(bool said, const Function &stage, const std::string &what) const {
        const auto name = names_.find(stage.name());
        _halide_user_assert(said) << "A schedule as text needs directives for all that is done; " << what
                                  << " at stage " << (name == names_.end() ? plain_name(stage.name()) : name->second)
                                  << " has none.";
    }

    const Function &plain(const Function &stage) const {
        const std::string &name = names_.at(stage.name());
        for (const Function &other : plain_) {
            if (stage_names(plain_).at(other.name()) == name) {
                return other;
            }
        }
        need(false, stage, "a Func that was added");
        return stage;
    }

    void loops_of(const Function &stage, KernelSchedule &kernel) {
        const Function &original = plain(stage);
        for (int update = -1; update < static_cast<int>(stage.updates().size()); update++) {
            const Definition &definition = update < 0 ? stage.definition() : stage.update(update);
            const Definition &before = update < 0 ? original.definition() : original.update(update);
            need(definition.specializations().empty(), stage, "specialize()");
            StageSchedule said{names_.at(stage.name()), update};
            ReadLoops loops(said.name(), before.schedule());
            said.directives = loops.read(definition.schedule());
            kernel.stages.push_back(std::move(said));
            for (const auto &[last, name] : loops.names_by_last_part()) {
                loop_names_[stage.name()].emplace(last, name);
            }
        }
    }

    Directive level(const std::string &word, LoopLevel level, const Function &stage) const {
        level.lock();
        if (level.is_root()) {
            return {word == "hoist_storage" ? "hoist_storage_root" : word + "_root", {}};
        }
        const std::string at = word == "hoist_storage" ? word : word + "_at";
        const auto reader = loop_names_.find(level.func());
        need(reader != loop_names_.end(), stage, at + " in a Func that is not there");
        const auto loop = reader->second.find(last_part(level.var().name()));
        need(loop != reader->second.end(), stage, at + " in a loop that is not there");
        return {at, {names_.at(level.func()), loop->second}};
    }

    void place_of(const Function &stage, KernelSchedule &kernel) const {
        const FuncSchedule &schedule = stage.schedule();
        need(!schedule.memoized(), stage, "memoize()");
        need(!schedule.async() && !schedule.ring_buffer().defined(), stage, "async()");
        std::vector<Directive> said;
        LoopLevel compute = schedule.compute_level(), store = schedule.store_level(),
                  hoist = schedule.hoist_storage_level();
        compute.lock();
        store.lock();
        hoist.lock();
        if (!compute.is_inlined()) {
            said.push_back(level("compute", compute, stage));
        }
        if (!compute.is_inlined() && !store.is_inlined() && !(store == compute)) {
            said.push_back(level("store", store, stage));
        }
        if (!compute.is_inlined() && !hoist.is_inlined() && !(hoist == store)) {
            said.push_back(level("hoist_storage", hoist, stage));
        }
        if (schedule.memory_type() != Halide::MemoryType::Auto) {
            const std::string memory = word_of(memory_words(), schedule.memory_type());
            need(!memory.empty(), stage, "a kind of memory");
            said.push_back({"store_in", {memory}});
        }
        std::vector<std::string> order, dimensions;
        for (const std::string &arg : stage.args()) {
            dimensions.push_back(plain_variable(arg));
        }
        for (const StorageDim &dim : schedule.storage_dims()) {
            order.push_back(plain_variable(dim.var));
            need(!dim.bound.defined(), stage, "bound_storage()");
            if (dim.alignment.defined()) {
                said.push_back({"align_storage", {order.back(), sylvite::print(simplify(dim.alignment))}});
            }
            if (dim.fold_factor.defined()) {
                need(dim.fold_forward, stage, "a fold_storage() backwards");
                said.push_back({"fold_storage", {order.back(), sylvite::print(simplify(dim.fold_factor))}});
            }
        }
        if (order != dimensions) {
            said.push_back({"reorder_storage", order});
        }
        for (const Bound &bound : schedule.bounds()) {
            const std::string x = plain_variable(bound.var);
            if (bound.modulus.defined()) {
                need(is_const_zero(simplify(bound.remainder)), stage, "align_bounds() with a remainder");
                said.push_back({"align_bounds", {x, sylvite::print(simplify(bound.modulus))}});
            } else {
                need(is_const(simplify(bound.extent)) && (!bound.min.defined() || is_const(simplify(bound.min))), stage,
                     "bound() by what is not a number");
                const std::string extent = sylvite::print(simplify(bound.extent));
                said.push_back(bound.min.defined()
                                   ? Directive{"bound", {x, sylvite::print(simplify(bound.min)), extent}}
                                   : Directive{"bound_extent", {x, extent}});
            }
        }
        for (StageSchedule &stage_schedule : kernel.stages) {
            if (stage_schedule.stage == names_.at(stage.name()) && stage_schedule.update < 0) {
                stage_schedule.directives.insert(stage_schedule.directives.begin(), said.begin(), said.end());
            }
        }
    }
};

}  // namespace

KernelSchedule read_back(const std::string &kernel_name, const KernelPipeline &scheduled, const KernelPipeline &plain) {
    return ReadBack(scheduled, plain).read(kernel_name);
}

}  // namespace sylvite
