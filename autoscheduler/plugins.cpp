#include "autoscheduler/analysis.h"
#include "autoscheduler/autoschedule.h"
#include "autoscheduler/refusal.h"
#include "frontend/graph.h"
#include "frontend/names.h"
#include "schedules/read_back.h"
#include "schedules/refusal.h"

#include <charconv>
#include <dlfcn.h>
#include <filesystem>

namespace sylvite {

namespace {

// What a parameter must be: a plugin ends the process when it cannot read one.
enum class Value { flag, integer, large, real, word };
const char *const value_texts[] = {"0 or 1", "an integer of 32 bits", "an integer of 64 bits", "a number",
                                   "a word without spaces"};

bool is_value(const std::string &text, Value kind) {
    const auto reads = [&](auto number) {
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        return error == std::errc() && end == text.data() + text.size();
    };
    switch (kind) {
    case Value::flag:
        return text == "0" || text == "1";
    case Value::integer:
        return reads(int32_t());
    case Value::large:
        return reads(int64_t());
    case Value::real:
        return reads(double());
    case Value::word:
        return !text.empty() && text.find_first_of(" \t\n") == std::string::npos;
    }
    return false;
}

// Halide's own, and their parameters. All are told the number of cores, as `parallelism`.
struct PluginRow {
    const char *name, *library;
    std::vector<std::pair<std::string, Value>> parameters;
};
const PluginRow plugins[] = {
    {"Mullapudi2016",
     "libautoschedule_mullapudi2016.so",
     {{"parallelism", Value::integer},
      {"last_level_cache_size", Value::large},
      {"balance", Value::real},
      {"experimental_gpu_schedule", Value::flag}}},
    {"Adams2019",
     "libautoschedule_adams2019.so",
     {{"parallelism", Value::integer},
      {"beam_size", Value::integer},
      {"random_dropout", Value::integer},
      {"random_dropout_seed", Value::integer},
      {"weights_path", Value::word},
      {"disable_subtiling", Value::flag},
      {"disable_memoized_features", Value::flag},
      {"disable_memoized_blocks", Value::flag},
      {"memory_limit", Value::large}}},
    {"Li2018", "libautoschedule_li2018.so", {{"parallelism", Value::integer}}},
    {"Anderson2021",
     "libautoschedule_anderson2021.so",
     {{"parallelism", Value::integer},
      {"beam_size", Value::integer},
      {"random_dropout", Value::integer},
      {"random_dropout_seed", Value::large},
      {"weights_path", Value::word},
      {"disable_subtiling", Value::flag},
      {"randomize_tilings", Value::flag},
      {"search_space_options", Value::word},
      {"freeze_inline_compute_root", Value::flag},
      {"partial_schedule_path", Value::word},
      {"num_passes", Value::integer},
      {"stack_factor", Value::real},
      {"shared_memory_limit_kb", Value::integer},
      {"shared_memory_sm_limit_kb", Value::integer},
      {"active_block_limit", Value::integer},
      {"active_warp_limit", Value::integer}}},
};

void check_parameters(const PluginRow &plugin, const std::map<std::string, std::string> &parameters) {
    for (const auto &[name, value] : parameters) {
        std::vector<std::string> known;
        const Value *kind = nullptr;
        for (const auto &[parameter, its_kind] : plugin.parameters) {
            known.push_back(parameter);
            kind = parameter == name ? &its_kind : kind;
        }
        _halide_user_assert(kind) << "autoschedule_with() needs parameters that " << plugin.name << " knows; " << name
                                  << " is none of " << list_of(known) << did_you_mean(name, known);
        _halide_user_assert(is_value(value, *kind))
            << "autoschedule_with() needs " << value_texts[static_cast<int>(*kind)] << " for " << name << " of "
            << plugin.name << "; it has \"" << value << "\".";
    }
}

// Applies the autoscheduler; one that is unknown is refused with the names of Halide's.
void apply_autoscheduler(const std::string &kernel, const KernelPipeline &pipeline, const Halide::Target &target,
                         const Halide::AutoschedulerParams &params) {
    try {
        Halide::Pipeline(pipeline.outputs).apply_autoscheduler(target, params);
    } catch (const Halide::CompileError &error) {
        const std::string said = with_plain_names(error.what(), stage_names(pipeline.stages));
        if (said.find("Unknown autoscheduler name") == std::string::npos) {
            _halide_user_error << "autoschedule_with() needs a kernel that " << params.name << " can schedule; "
                               << kernel << " is none: " << (said.empty() ? "it says no more." : said);
        }
        std::vector<std::string> known;
        for (const PluginRow &plugin : plugins) {
            known.push_back(plugin.name);
        }
        _halide_user_error << "autoschedule_with() needs an autoscheduler whose plugin is loaded; " << params.name
                           << " is none, nor one of Halide's, " << list_of(known) << did_you_mean(params.name, known);
    }
}

// The plugins lie beside Halide's library.
std::string path_of(const PluginRow &plugin) {
    Dl_info info;
    const auto function = reinterpret_cast<void *>(&Halide::load_plugin);
    const std::filesystem::path halide = dladdr(function, &info) ? info.dli_fname : "";
    return (halide.parent_path() / plugin.library).string();
}

void set_estimates(const Kernel &kernel, const KernelPipeline &pipeline, const Estimates &estimates) {
    for (size_t i = 0; i < pipeline.outputs.size(); i++) {
        Func output = pipeline.outputs[i];
        for (int d = 0; d < output.dimensions(); d++) {
            const Expr extent = estimates(kernel.outputs[pipeline.first_outputs[i]].extents()[d]);
            output.set_estimate(output.args()[d], 0, extent);
            for (Halide::OutputImageParam &buffer : output.output_buffers()) {
                buffer.dim(d).set_estimate(0, extent);
            }
        }
    }
    for (size_t i = 0; i < kernel.inputs.size(); i++) {
        Halide::ImageParam image = pipeline.images[i];
        for (int d = 0; d < image.dimensions(); d++) {
            image.dim(d).set_estimate(0, estimates(kernel.inputs[i].extents()[d]));
        }
    }
}

// Scalar parameters, and buffers of a kernel that is alone, are not copies, so what they are expected to be is put back
// in the end.
class ScalarEstimates {
public:
    ScalarEstimates(const Kernel &kernel, const Estimates &estimates) {
        for (Halide::Parameter scalar : kernel.scalars) {
            if (scalar.is_buffer()) {
                expect_place(scalar, estimates);
                continue;
            }
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
        for (Place &place : places_) {
            place.buffer.set_min_constraint_estimate(place.dimension, place.min);
            place.buffer.set_extent_constraint_estimate(place.dimension, place.extent);
        }
    }
    ScalarEstimates(const ScalarEstimates &) = delete;
    ScalarEstimates &operator=(const ScalarEstimates &) = delete;

private:
    struct Place {
        Halide::Parameter buffer;
        int dimension;
        Expr min, extent;
    };
    std::vector<std::pair<Halide::Parameter, Expr>> before_;
    std::vector<Place> places_;

    void expect_place(Halide::Parameter buffer, const Estimates &estimates) {
        for (int d = 0; d < buffer.dimensions(); d++) {
            const Place before{buffer, d, buffer.min_constraint_estimate(d), buffer.extent_constraint_estimate(d)};
            places_.push_back(before);
            const Expr extent = buffer.extent_constraint(d).defined() ? buffer.extent_constraint(d) : before.extent;
            const int64_t size =
                extent.defined() ? estimates.value(extent, estimates.other_sizes()) : estimates.other_sizes();
            buffer.set_min_constraint_estimate(d, before.min.defined() ? before.min : 0);
            buffer.set_extent_constraint_estimate(d, static_cast<int>(size));
        }
    }
};

Schedule schedule_all(const std::string &autoscheduler, const std::vector<Kernel> &kernels, const TargetRow &target,
                      const AutoscheduleOptions &options, const std::map<std::string, std::string> &parameters) {
    _halide_user_assert(options.keep.kernels.empty() && options.keep.loops.empty())
        << "autoschedule_with() needs a program of which nothing is decided; " << options.keep.file
        << " decides something: Halide's autoschedulers cannot fill in the rest.";
    Halide::AutoschedulerParams params(autoscheduler, parameters);
    for (const PluginRow &plugin : plugins) {
        if (autoscheduler == plugin.name) {
            check_parameters(plugin, parameters);
            Halide::load_plugin(path_of(plugin));
            params.extra.emplace("parallelism", std::to_string(target.machine.cores));
        }
    }
    const Estimates estimates(options);
    Schedule schedule;
    schedule.comments.beside = "target " + target.name + ", by " + params.to_string();
    for (const Kernel &kernel : kernels) {
        const KernelPipeline pipeline = instantiate(kernel);
        set_estimates(kernel, pipeline, estimates);
        const ScalarEstimates scalars(kernel, estimates);
        apply_autoscheduler(kernel.name, pipeline, target.halide_target(), params);
        schedule.kernels.push_back(read_back(kernel.name, pipeline, instantiate(kernel)));
        const std::string refusal = why_refused(schedule, kernel, target);
        _halide_user_assert(refusal.empty())
            << "autoschedule_with() needs a schedule that Halide accepts; that of " << autoscheduler << " for kernel "
            << kernel.name << " is none: " << refusal;
    }
    return schedule;
}

}  // namespace

Schedule autoschedule_with(const std::string &autoscheduler, const Program &program, const TargetRow &target,
                           const AutoscheduleOptions &options, const std::map<std::string, std::string> &parameters) {
    return schedule_all(autoscheduler, kernels_of(program), target, options, parameters);
}

Schedule autoschedule_with(const std::string &autoscheduler, const Kernel &kernel, const TargetRow &target,
                           const AutoscheduleOptions &options, const std::map<std::string, std::string> &parameters) {
    return schedule_all(autoscheduler, {kernel}, target, options, parameters);
}

}  // namespace sylvite
