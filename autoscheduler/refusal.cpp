#include "autoscheduler/refusal.h"

#include "frontend/graph.h"
#include "schedules/refusal.h"
#include "targets/kernel.h"

namespace sylvite {

std::string why_refused(const Schedule &schedule, const Kernel &kernel, const TargetRow &target) {
    const KernelPipeline pipeline = instantiate(kernel);
    const auto names = stage_names(pipeline.stages);
    try {
        apply(schedule, kernel.name, pipeline);
        lower_scheduled(kernel, pipeline, "kernel", target, target.halide_target());
        return "";
    } catch (const Halide::Error &error) {
        const std::string said = with_plain_names(error.what(), names);
        return said.empty() ? "Halide refuses it without a word." : said;
    }
}

}  // namespace sylvite
