#include "autoscheduler/autoschedule.h"

#include "autoscheduler/loops.h"
#include "autoscheduler/placement.h"
#include "autoscheduler/refusal.h"
#include "frontend/graph.h"
#include "frontend/print.h"
#include "schedules/directives.h"
#include "targets/kernel.h"

#include <algorithm>

namespace sylvite {

namespace {

// Stages that are tried one by one when a schedule is refused and the refusal does not say whose fault it is.
constexpr size_t most_suspects = 8;

class KernelScheduler {
public:
    KernelScheduler(const Kernel &kernel, const TargetRow &target, const AutoscheduleOptions &options) :
        kernel_(kernel), target_(target), estimates_(options), pipeline_(instantiate(kernel)),
        stages_(analyse(kernel, pipeline_, estimates_)), keep_(options.keep), kept_(options.keep.find(kernel.name)) {}

    // The best schedule that Halide accepts. Stages are made plain until it does.
    KernelSchedule schedule() {
        KernelSchedule best = plan({});
        const std::string refusal = refusal_of(best);
        if (refusal.empty()) {
            return best;
        }
        if (kept_) {
            need_what_is_kept();
        }
        std::vector<std::string> suspects, all;
        for (const StageSchedule &stage : best.stages) {
            if (std::none_of(all.begin(), all.end(), [&](const auto &name) { return name == stage.stage; })) {
                all.push_back(stage.stage);
            }
        }
        // A stage that the refusal names comes first.
        suspects = all;
        std::stable_partition(suspects.begin(), suspects.end(),
                              [&](const std::string &name) { return refusal.find(name) != std::string::npos; });
        suspects.resize(std::min(suspects.size(), most_suspects));
        for (const std::string &suspect : suspects) {
            KernelSchedule without = plan({suspect});
            if (refusal_of(without).empty()) {
                return with_comment(without, {suspect}, refusal);
            }
        }
        const std::set<std::string> everything(all.begin(), all.end());
        KernelSchedule plain = plan(everything);
        const std::string still = refusal_of(plain);
        _halide_user_assert(still.empty())
            << "autoschedule() needs a kernel that can be compiled for " << target_.name << "; " << kernel_.name
            << " cannot" << (kept_ ? " with what is decided" : ", whatever its schedule") << ": " << still;
        return with_comment(plain, everything, refusal);
    }

private:
    const Kernel &kernel_;
    const TargetRow &target_;
    const Estimates estimates_;
    const KernelPipeline pipeline_;
    const std::vector<StageInfo> stages_;
    const Schedule &keep_;
    const KernelSchedule *kept_;

    // What the caller has decided must be all right without what is added to it; else the error is at the directive.
    void need_what_is_kept() const {
        try {
            const KernelPipeline pipeline = instantiate(kernel_);
            apply(keep_, kernel_.name, pipeline);
            lower_scheduled(kernel_, pipeline, "kernel", target_, target_.halide_target());
        } catch (const Halide::CompileError &error) {
            rethrow_at_directive(error, keep_, kernel_, target_, target_.halide_target());
        }
    }

    // The stages that the caller has decided, and whether they are inlined.
    std::map<std::string, bool> kept_stages() const {
        std::map<std::string, bool> kept;
        for (const StageSchedule &stage : kept_ ? kept_->stages : std::vector<StageSchedule>()) {
            const bool placed =
                std::any_of(stage.directives.begin(), stage.directives.end(), [](const Directive &directive) {
                    return directive.name == "compute_root" || directive.name == "compute_at";
                });
            const auto info =
                std::find_if(stages_.begin(), stages_.end(), [&](const StageInfo &s) { return s.name == stage.stage; });
            const bool inlined = info != stages_.end() && info->can_be_inlined() && !placed;
            const auto [entry, is_new] = kept.emplace(stage.stage, inlined);
            entry->second &= inlined;
        }
        return kept;
    }

    // A set of a first-level cache has so many places, and elements that are this far apart share a set. (x86-64, AArch64)
    static constexpr size_t cache_ways = 8;
    static constexpr int64_t cache_stride = 4096, cache_line = 64;

    // Arrays whose rows are multiples of that distance lie in memory such that what a definition reads at a point is all in
    // one set. Where that is more than the set holds, rows get two lines more.
    bool arrays_collide() const {
        return !target_.is_gpu() && std::any_of(stages_.begin(), stages_.end(), [](const StageInfo &stage) {
            return std::any_of(stage.definitions.begin(), stage.definitions.end(), [](const DefinitionInfo &d) {
                std::set<std::string> arrays;
                for (const Read &read : d.cost.reads) {
                    arrays.insert(read.name);
                }
                return arrays.size() > cache_ways;
            });
        });
    }

    bool has_edges() const {
        return std::any_of(stages_.begin(), stages_.end(), [](const StageInfo &stage) {
            return std::any_of(stage.definitions.begin(), stage.definitions.end(),
                               [](const DefinitionInfo &d) { return d.cost.has_edges; });
        });
    }

    static std::optional<Directive> longer_rows(const StageInfo &stage) {
        if (stage.extents.empty() || !stage.constant[0] || stage.extents[0] * stage.bytes % cache_stride != 0) {
            return std::nullopt;
        }
        const int64_t row = stage.extents[0] + 2 * cache_line / stage.bytes;
        const std::string first = stage.function.args()[0];
        for (const LoopInfo &loop : stage.definitions[0].loops) {
            if (loop.variable.halide_name == first) {
                return Directive{"align_storage", {loop.variable.name, std::to_string(row)}};
            }
        }
        return std::nullopt;
    }

    KernelSchedule plan(const std::set<std::string> &plain) const {
        const bool collide = arrays_collide(), edges = has_edges();
        const std::map<std::string, bool> kept = kept_stages();
        const Plan plan = place(stages_, target_, estimates_, plain, kept);
        std::set<std::string> taken;
        for (const auto &[halide_name, name] : stage_names(pipeline_.stages)) {
            taken.insert(name);
        }
        for (const auto &[name, inlined] : kept) {
            taken.insert(name);
        }
        // Readers first: they make the loops that others are computed in.
        std::vector<std::vector<StageSchedule>> said(stages_.size());
        std::vector<std::string> strip_loops(stages_.size());
        for (size_t i = stages_.size(); i-- > 0;) {
            const StageInfo &stage = stages_[i];
            const Placement &placement = plan.placements[i];
            if (placement.kind == Placement::Kind::inlined || kept.count(stage.name)) {
                continue;
            }
            if (!plain.count(stage.name)) {
                LoopsWanted wanted{stage, placement, target_, plan.operations[i], plan.arrays[i], taken, edges, ""};
                said[i] = target_.is_gpu() ? gpu_loops(wanted) : cpu_loops(wanted);
                strip_loops[i] = wanted.strip_loop;
            }
            Directive where{"compute_root", {}};
            if (placement.kind == Placement::Kind::at) {
                where = {"compute_at", {stages_[placement.reader].name, strip_loops[placement.reader]}};
            }
            if (said[i].empty() || said[i][0].stage != stage.name || said[i][0].update >= 0) {
                said[i].insert(said[i].begin(), StageSchedule{stage.name, -1});
            }
            if (!stage.output) {
                std::vector<Directive> &directives = said[i][0].directives;
                const auto rows = collide && where.name == "compute_root" ? longer_rows(stage) : std::nullopt;
                if (rows) {
                    directives.insert(directives.begin(), *rows);
                }
                directives.insert(directives.begin(), where);
            } else if (said[i][0].directives.empty() && !plain.count(stage.name)) {
                said[i].erase(said[i].begin());
            }
        }
        KernelSchedule schedule{kernel_.name};
        if (kept_) {
            schedule = *kept_;
        }
        for (std::vector<StageSchedule> &stages : said) {
            schedule.stages.insert(schedule.stages.end(), stages.begin(), stages.end());
        }
        return schedule;
    }

    std::string refusal_of(const KernelSchedule &schedule) const {
        Schedule whole;
        whole.kernels.push_back(schedule);
        return why_refused(whole, kernel_, target_);
    }

    static KernelSchedule with_comment(KernelSchedule schedule, const std::set<std::string> &plain,
                                       std::string refusal) {
        refusal.resize(std::min<size_t>(refusal.size(), 160));
        for (StageSchedule &stage : schedule.stages) {
            if (plain.count(stage.stage) && stage.update < 0) {
                stage.comments.above.push_back("plain loops, since Halide refused others: " + refusal);
            }
        }
        return schedule;
    }
};

// FNV-1a, 64 bits: names the algorithm that a schedule was made for.
std::string hash_of(const std::string &text) {
    uint64_t hash = 14695981039346656037u;
    for (const unsigned char c : text) {
        hash = (hash ^ c) * 1099511628211u;
    }
    std::ostringstream out;
    out << std::hex << hash;
    return out.str();
}

Schedule schedule_all(const std::vector<Kernel> &kernels, const std::string &whose, const std::string &algorithm,
                      const TargetRow &target, const AutoscheduleOptions &options) {
    check(options.keep, kernels, whose);
    check(options.keep, target);
    Schedule schedule;
    schedule.comments = options.keep.comments;
    schedule.loops = options.keep.loops;
    schedule.comments.beside = "target " + target.name + ", algorithm " + hash_of(algorithm);
    for (const Kernel &kernel : kernels) {
        schedule.kernels.push_back(KernelScheduler(kernel, target, options).schedule());
    }
    return schedule;
}

}  // namespace

Schedule autoschedule(const Program &program, const TargetRow &target, const AutoscheduleOptions &options) {
    return schedule_all(kernels_of(with_fused_steps(program, options.keep)), "program " + program.name(),
                        print(program), target, options);
}

Schedule autoschedule(const Kernel &kernel, const TargetRow &target, const AutoscheduleOptions &options) {
    for (const LoopSchedule &loop : options.keep.loops) {
        schedule_error(options.keep.file, loop.place,
                       "the algorithm is one kernel, which has no loop " + loop.loop + ".");
    }
    std::vector<Func> outputs;
    for (const Array &array : kernel.outputs) {
        outputs.push_back(array.node()->value);
    }
    return schedule_all({kernel}, "the algorithm", print(outputs), target, options);
}

}  // namespace sylvite
