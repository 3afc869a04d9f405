#include "autoscheduler/refusal.h"

#include "frontend/graph.h"
#include "schedules/refusal.h"
#include "targets/gpu_rules.h"

namespace sylvite {

std::string why_refused(const Schedule &schedule, const Kernel &kernel, const TargetRow &target) {
    const KernelPipeline pipeline = instantiate(kernel);
    const auto names = stage_names(pipeline.stages);
    try {
        apply(schedule, kernel.name, pipeline);
        Halide::Pipeline halide(pipeline.outputs);
        const auto rules = gpu_rules(kernel.name, target.machine.max_threads);
        if (target.is_gpu()) {
            halide.add_custom_lowering_pass(rules.get(), nullptr);
        }
        halide.compile_to_module(pipeline.arguments(kernel), "kernel", target.halide_target());
        return "";
    } catch (const Halide::Error &error) {
        return with_plain_names(error.what(), names);
    }
}

}  // namespace sylvite
