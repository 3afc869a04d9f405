#include "autoscheduler/analysis.h"
#include "autoscheduler/autoschedule.h"
#include "autoscheduler/refusal.h"
#include "schedules/read_back.h"

#include <dlfcn.h>
#include <filesystem>

namespace sylvite {

namespace {

// Halide's own, and the parameter in which each is told the number of cores.
struct PluginRow {
    const char *name, *library, *cores;
};
const PluginRow plugins[] = {
    {"Mullapudi2016", "libautoschedule_mullapudi2016.so", "parallelism"},
    {"Adams2019", "libautoschedule_adams2019.so", "parallelism"},
    {"Li2018", "libautoschedule_li2018.so", "parallelism"},
    {"Anderson2021", "libautoschedule_anderson2021.so", "parallelism"},
};

// The plugins lie beside Halide's library.
std::string path_of(const PluginRow &plugin) {
    Dl_info info;
    const auto function = reinterpret_cast<void *>(&Halide::load_plugin);
    const std::filesystem::path halide = dladdr(function, &info) ? info.dli_fname : "";
    return (halide.parent_path() / plugin.library).string();
}

void set_estimates(const Kernel &kernel, const KernelPipeline &pipeline, const Estimates &estimates) {
    for (size_t i = 0; i < kernel.outputs.size(); i++) {
        Func output = pipeline.outputs[i];
        for (int d = 0; d < output.dimensions(); d++) {
            const Expr extent = estimates(kernel.outputs[i].extents()[d]);
            output.set_estimate(output.args()[d], 0, extent);
            output.output_buffer().dim(d).set_estimate(0, extent);
        }
    }
    for (size_t i = 0; i < kernel.inputs.size(); i++) {
        Halide::ImageParam image = pipeline.images[i];
        for (int d = 0; d < image.dimensions(); d++) {
            image.dim(d).set_estimate(0, estimates(kernel.inputs[i].extents()[d]));
        }
    }
}

// Scalar parameters belong to the program, so what they are expected to be is put back in the end.
class ScalarEstimates {
public:
    ScalarEstimates(const Kernel &kernel, const Estimates &estimates) {
        for (Halide::Parameter scalar : kernel.scalars) {
            before_.emplace_back(scalar, scalar.estimate());
            const Expr value = Halide::Internal::Variable::make(scalar.type(), scalar.name(), scalar);
            const Expr expected = estimates(value);
            scalar.set_estimate(Halide::Internal::is_const(expected) ? expected
                                                                     : Halide::Internal::make_one(scalar.type()));
        }
    }
    ~ScalarEstimates() {
        for (auto &[scalar, estimate] : before_) {
            scalar.set_estimate(estimate);
        }
    }
    ScalarEstimates(const ScalarEstimates &) = delete;
    ScalarEstimates &operator=(const ScalarEstimates &) = delete;

private:
    std::vector<std::pair<Halide::Parameter, Expr>> before_;
};

}  // namespace

Schedule autoschedule_with(const std::string &autoscheduler, const Program &program, const TargetRow &target,
                           const AutoscheduleOptions &options, const std::map<std::string, std::string> &parameters) {
    _halide_user_assert(options.keep.kernels.empty())
        << "autoschedule_with() needs a program of which nothing is decided; " << options.keep.file
        << " decides something: Halide's autoschedulers cannot fill in the rest.";
    Halide::AutoschedulerParams params(autoscheduler, parameters);
    for (const PluginRow &plugin : plugins) {
        if (autoscheduler == plugin.name) {
            Halide::load_plugin(path_of(plugin));
            params.extra.emplace(plugin.cores, std::to_string(target.machine.cores));
        }
    }
    const Estimates estimates(options);
    Schedule schedule;
    schedule.comments.beside = "target " + target.name + ", by " + params.to_string();
    for (const Kernel &kernel : kernels_of(program)) {
        const KernelPipeline pipeline = instantiate(kernel);
        set_estimates(kernel, pipeline, estimates);
        const ScalarEstimates scalars(kernel, estimates);
        Halide::Pipeline(pipeline.outputs).apply_autoscheduler(target.halide_target(), params);
        schedule.kernels.push_back(read_back(kernel.name, pipeline, instantiate(kernel)));
        const std::string refusal = why_refused(schedule, kernel, target);
        _halide_user_assert(refusal.empty())
            << "autoschedule_with() needs a schedule that Halide accepts; that of " << autoscheduler << " for kernel "
            << kernel.name << " is none: " << refusal;
    }
    return schedule;
}

}  // namespace sylvite
