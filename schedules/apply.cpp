#include "frontend/graph.h"
#include "schedules/directive_call.h"
#include "schedules/refusal.h"
#include "schedules/whole_output.h"

#include <algorithm>

using namespace Halide::Internal;

namespace sylvite {

namespace {

// The scalar parameters and array extents that a condition may speak of.
std::map<std::string, Expr> sizes_of(const KernelPipeline &pipeline) {
    std::map<std::string, Expr> sizes;
    auto add_extents = [&](const std::string &name, const Halide::Parameter &buffer) {
        for (int d = 0; d < buffer.dimensions(); d++) {
            const Expr extent = buffer.extent_constraint(d);
            const std::string dimension = std::to_string(d);
            sizes[name + ".extent(" + dimension + ")"] =
                extent.defined() ? extent
                                 : Variable::make(Halide::Int(32), buffer.name() + ".extent." + dimension, buffer);
        }
    };
    std::vector<Expr> exprs;
    for (const Function &stage : pipeline.stages) {
        for_each_expr(stage, [&](const Expr &e) { exprs.push_back(e); });
    }
    for (const Halide::ImageParam &image : pipeline.images) {
        add_extents(plain_name(image.name()), image.parameter());
    }
    for (const Func &output : pipeline.outputs) {
        for (const Halide::Parameter &buffer : output.function().output_buffers()) {
            add_extents(plain_name(output.name()), buffer);
        }
    }
    for (const auto &[name, extent] : sizes) {
        exprs.push_back(extent);
    }
    for (const Halide::Parameter &parameter : reads_of(exprs).parameters) {
        if (parameter.is_buffer()) {
            add_extents(plain_name(parameter.name()), parameter);
        } else {
            sizes[plain_name(parameter.name())] = Variable::make(parameter.type(), parameter.name(), parameter);
        }
    }
    return sizes;
}

class Applier {
public:
    Applier(const Schedule &schedule, const KernelSchedule &kernel, const KernelPipeline &pipeline) :
        schedule_(schedule), kernel_(kernel), sizes_(sizes_of(pipeline)), names_(stage_names(pipeline.stages)) {
        for (const Function &function : pipeline.stages) {
            add(names_.at(function.name()), function);
        }
        for (const Func &output : pipeline.outputs) {
            outputs_.insert(output.name());
        }
    }

    void apply() {
        std::vector<Later> later;
        for (const StageSchedule &stage : kernel_.stages) {
            int update = -1;
            const Func func = find_stage(stage.name(), stage.place, update);
            const Function &function = func.function();
            for (const Directive &directive : stage.directives) {
                check_position(directive, stage, schedule_.file);
                const DirectiveRow *row = find_directive(directive.name);
                if (row && row->names_loop_of_reader()) {
                    later.push_back({&directive, func, stage.name()});
                } else {
                    apply(directive, Halide::Stage(function, definition(function, update), update + 1), func,
                          stage.name());
                }
            }
        }
        // These name loops that stages further down may make.
        for (const Later &call : later) {
            apply(*call.directive, Halide::Stage(call.func.function(), call.func.function().definition(), 0), call.func,
                  call.stage_name);
        }
        // Says that what is left serial is meant; Halide would print a warning else.
        for (const auto &[name, function] : functions_) {
            for (size_t i = 0; i < function.updates().size(); i++) {
                if (!function.update(i).schedule().touched()) {
                    Halide::Stage(function, function.update(i), static_cast<int>(i) + 1).unscheduled();
                }
            }
        }
    }

private:
    const Schedule &schedule_;
    const KernelSchedule &kernel_;
    const std::map<std::string, Expr> sizes_;
    std::map<std::string, std::string> names_;   // by Halide's names
    std::map<std::string, Function> functions_;  // by stage names
    std::set<std::string> outputs_;              // Halide's names
    std::vector<std::string> known_;

    struct Later {
        const Directive *directive;
        Func func;
        std::string stage_name;
    };

    void add(const std::string &name, const Function &function) {
        functions_.emplace(name, function);
        known_.push_back(name);
    }

    static const Definition &definition(const Function &function, int update) {
        return update < 0 ? function.definition() : function.update(update);
    }

    Func find_stage(const std::string &name, const Place &place, int &update) const {
        std::string func;
        const bool is_name = read_stage_name(name, func, update);
        const auto found = functions_.find(func);
        if (!is_name || found == functions_.end()) {
            schedule_error(schedule_.file, place,
                           "kernel " + kernel_.kernel + " has no stage " + func + "; its stages are " +
                               list_of(known_) + did_you_mean(func, known_));
        }
        const size_t updates = found->second.updates().size();
        if (update >= 0 && static_cast<size_t>(update) >= updates) {
            schedule_error(schedule_.file, place,
                           "stage " + func + " has " + std::to_string(updates) + " update definitions; there is no " +
                               name + ".");
        }
        if (!found->second.has_pure_definition()) {
            schedule_error(schedule_.file, place, "stage " + func + " is an extern stage, which has no loops.");
        }
        return Func(found->second);
    }

    void define_stage(const std::string &name, const Place &place, const Func &func) {
        if (functions_.count(name)) {
            schedule_error(schedule_.file, place, "there is a stage " + name + " already: choose another name.");
        }
        names_[func.name()] = name;
        add(name, func.function());
    }

    std::vector<Function> all_stages() const {
        std::vector<Function> all;
        for (const auto &[name, function] : functions_) {
            all.push_back(function);
        }
        return all;
    }

    Expr find_size(const std::string &name, int offset) const {
        if (const auto found = sizes_.find(name); found != sizes_.end()) {
            return found->second;
        }
        std::vector<std::string> known;
        for (const auto &[size, expr] : sizes_) {
            known.push_back(size);
        }
        throw FormulaError("kernel " + kernel_.kernel + " has no size " + name + "; it has " + list_of(known) +
                               did_you_mean(name, known),
                           offset);
    }

    void apply(const Directive &directive, const Halide::Stage &stage, const Func &func, const std::string &stage_name,
               bool is_special = false) {
        const DirectiveCall::Scope scope{
            schedule_.file,
            stage_name,
            [this](const std::string &name, const Place &place, int &update) {
                return find_stage(name, place, update);
            },
            [this](const std::string &name, const Place &place, const Func &f) { define_stage(name, place, f); },
            [this] { return all_stages(); },
            [this](const Func &f) { return outputs_.count(f.name()) > 0; },
            [this](const std::string &name, int offset) { return find_size(name, offset); }};
        DirectiveCall call(stage, func, directive, scope);
        try {
            find_directive(directive.name)->apply(call);
        } catch (const Halide::Error &error) {
            const std::string what = error.what();
            if (what.starts_with("Error: " + schedule_.file + ":")) {
                throw;  // an argument was refused here, before Halide saw it
            }
            std::string text = directive.name;
            for (const std::string &argument : directive.arguments) {
                text += " " + argument;
            }
            schedule_error(schedule_.file, directive.place,
                           "Halide refuses `" + text + "` for stage " + stage_name + ": " +
                               with_plain_names(what, names_));
        }
        // The loops under a condition may never run.
        const std::string why = is_special ? "" : why_outside(func.function(), call.stage.get_schedule());
        if (!why.empty()) {
            schedule_error(schedule_.file, directive.place,
                           directive.name + " of stage " + stage_name + " would make every run fail: " + why);
        }
        for (const Directive &inner : directive.inner) {
            apply(inner, call.stage, func, stage_name, true);
        }
    }
};

}  // namespace

void apply(const Schedule &schedule, const std::string &kernel_name, const KernelPipeline &pipeline) {
    static const KernelSchedule nothing;
    const KernelSchedule *kernel = schedule.find(kernel_name);
    Applier(schedule, kernel ? *kernel : nothing, pipeline).apply();
}

void check(const Schedule &schedule, const Program &program) {
    check(schedule, kernels_of(with_fused_steps(program, schedule)), "program " + program.name());
}

void check(const Schedule &schedule, const std::vector<Kernel> &kernels, const std::string &whose) {
    std::vector<std::string> names;
    for (const Kernel &kernel : kernels) {
        names.push_back(kernel.name);
    }
    for (const KernelSchedule &kernel : schedule.kernels) {
        const auto found = std::find(names.begin(), names.end(), kernel.kernel);
        if (found == names.end()) {
            schedule_error(schedule.file, kernel.place,
                           whose + " has no kernel " + kernel.kernel + "; its kernels are " + list_of(names) +
                               did_you_mean(kernel.kernel, names));
        }
        apply(schedule, kernel.kernel, instantiate(kernels[found - names.begin()]));
    }
}

}  // namespace sylvite
