#include "targets/kernel.h"

#include "frontend/graph.h"
#include "frontend/names.h"
#include "schedules/directives.h"
#include "schedules/refusal.h"
#include "targets/given_arrays.h"
#include "targets/gpu_rules.h"
#include "targets/vector_rules.h"

#include <algorithm>
#include <optional>

using namespace Halide::Internal;

namespace sylvite {

namespace {

// What must not be inlined is computed at root where the schedule leaves it open.
void apply_defaults(const KernelPipeline &pipeline) {
    for (const Function &stage : pipeline.stages) {
        Halide::LoopLevel level = stage.schedule().compute_level();
        if (!stage.can_be_inlined() && level.lock().is_inlined()) {
            Func(stage).compute_root();
        }
    }
}

// Outputs lie where the caller wants them. Halide 21 knows that of the stores into them, but not of the loads that updates
// make, which it takes for aligned to a vector: they need the parameter that stores have.
class OutputsAreAnywhere : public IRMutator {
public:
    explicit OutputsAreAnywhere(const std::vector<Func> &outputs) {
        for (const Func &output : outputs) {
            for (int c = 0; c < output.outputs(); c++) {
                const std::string name = output.name() + (output.outputs() > 1 ? "." + std::to_string(c) : "");
                parameters_.emplace(name, Halide::Parameter(output.types()[c], true, output.dimensions(), name));
            }
        }
    }

private:
    std::map<std::string, Halide::Parameter> parameters_;

    using IRMutator::visit;
    Expr visit(const Load *op) override {
        const auto output = parameters_.find(op->name);
        if (output == parameters_.end()) {
            return IRMutator::visit(op);
        }
        return Load::make(op->type, op->name, mutate(op->index), op->image, output->second, mutate(op->predicate),
                          op->alignment);
    }
};

// Arrays that are empty need no memory, which Halide 21 asks of all.
class EmptyNeedsNoMemory : public IRMutator {
    std::set<std::string> lets_;

    using IRMutator::visit;
    Stmt visit(const LetStmt *op) override {
        lets_.insert(op->name);
        return IRMutator::visit(op);
    }
    Stmt visit(const AssertStmt *op) override {
        const auto *message = op->message.as<Call>();
        const auto *has_memory = op->condition.as<NE>();
        const auto *host = has_memory ? has_memory->a.as<Variable>() : nullptr;
        if (!message || message->name != "halide_error_host_is_null" || !host) {
            return op;
        }
        Expr condition = op->condition;
        std::string extent = host->name + ".extent.0";
        for (int d = 1; lets_.count(extent); d++) {
            condition = condition || Variable::make(Halide::Int(32), extent) == 0;
            extent = host->name + ".extent." + std::to_string(d);
        }
        return AssertStmt::make(condition, op->message);
    }
};

// Whether some output of a kernel has elements; undefined where it always has.
Expr has_elements(const Kernel &kernel) {
    Expr some;
    for (const Array &output : kernel.outputs) {
        Expr all = const_true();
        for (const Expr &extent : output.extents()) {
            all = all && extent != 0;
        }
        some = some.defined() ? some || all : all;
    }
    some = simplify(some);
    return is_const_one(some) ? Expr() : some;
}

// Runs a kernel under a condition. Where it computes nothing Halide 21 may ask for elements of what it reads all the same.
class RunsIf : public IRMutator {
public:
    explicit RunsIf(Expr condition) : condition_(std::move(condition)) {}
    const Expr &condition() const { return condition_; }
    using IRMutator::mutate;
    Stmt mutate(const Stmt &kernel) override { return IfThenElse::make(condition_, kernel); }

private:
    const Expr condition_;
};

// The first assertion that can only fail. Halide prints a warning each time that it simplifies one, and compiles it.
class FailingAssertion : public IRVisitor {
public:
    std::string text;

private:
    using IRVisitor::visit;
    void visit(const AssertStmt *op) override {
        const auto *call = op->message.as<Call>();
        if (!text.empty() || !is_const_zero(op->condition) || !call || call->name == "halide_error_specialize_fail") {
            IRVisitor::visit(op);
            return;
        }
        std::ostringstream out;
        const std::string prefix = "halide_error_";
        out << (call->name.starts_with(prefix) ? call->name.substr(prefix.size()) : call->name) << "(";
        bool first = true;
        for (const Expr &argument : call->args) {
            if (argument.type() != Halide::type_of<void *>()) {  // the caller's context
                out << (first ? "" : ", ") << argument;
                first = false;
            } else if (argument.as<StringImm>()) {
                out << (first ? "" : ", ") << argument.as<StringImm>()->value;
                first = false;
            }
        }
        out << ")";
        text = out.str();
    }
};

// Looks for one among lowered code as Halide makes it. What the driver knows of arrays shows more of them, also in kernels
// that never run, as that of a loop of no steps.
class LooksForFailure : public IRMutator {
public:
    FailingAssertion found;
    using IRMutator::mutate;
    Stmt mutate(const Stmt &kernel) override {
        kernel.accept(&found);
        return kernel;
    }
};

// Where a directive stands among the stages of a kernel.
struct Position {
    size_t stage, directive;
};

Schedule without(const Schedule &schedule, const std::string &kernel, const Position &from, bool all_after) {
    Schedule rest = schedule;
    for (KernelSchedule &k : rest.kernels) {
        if (k.kernel != kernel) {
            continue;
        }
        auto &directives = k.stages[from.stage].directives;
        const auto first = directives.begin() + static_cast<std::ptrdiff_t>(from.directive);
        directives.erase(first, all_after ? directives.end() : first + 1);
        if (all_after) {
            k.stages.resize(from.stage + 1);
        }
    }
    return rest;
}

bool compiles(const Schedule &schedule, const Kernel &kernel, const TargetRow &row, const Halide::Target &target) {
    try {
        const KernelPipeline pipeline = instantiate(kernel);
        apply(schedule, kernel.name, pipeline);
        lower_scheduled(kernel, pipeline, "kernel", row, target);
        return true;
    } catch (const Halide::Error &) {
        return false;
    }
}

}  // namespace

void check(const Schedule &schedule, const TargetRow &target) {
    std::vector<std::string> gpus;
    for (const TargetRow &row : all_targets()) {
        if (row.is_gpu()) {
            gpus.push_back(row.name);
        }
    }
    const bool vulkan = target.halide_target().has_feature(Halide::Target::Vulkan);
    const std::function<void(const Directive &)> visit = [&](const Directive &directive) {
        const DirectiveRow *row = find_directive(directive.name);
        if (row && row->gpu && !target.is_gpu()) {
            schedule_error(schedule.file, directive.place,
                           directive.name + " needs a GPU; target " + target.name +
                               " has none: leave it out, or compile for one of " + list_of(gpus) + ".");
        }
        for (size_t i = 0; row && row->gpu && i < directive.arguments.size(); i++) {
            if (directive.arguments[i] == (vulkan ? "cuda" : "vulkan") &&
                match_form(directive, schedule.file).arguments[i].kind == ArgumentKind::Device) {
                schedule_error(schedule.file, directive.place,
                               directive.name + " says " + directive.arguments[i] + ", which target " + target.name +
                                   " is not: leave that word out.");
            }
        }
        std::for_each(directive.inner.begin(), directive.inner.end(), visit);
    };
    for (const KernelSchedule &kernel : schedule.kernels) {
        for (const StageSchedule &stage : kernel.stages) {
            std::for_each(stage.directives.begin(), stage.directives.end(), visit);
        }
    }
}

Halide::Module lower_scheduled(const Kernel &kernel, const KernelPipeline &pipeline, const std::string &symbol,
                               const TargetRow &row, const Halide::Target &target, Halide::LinkageType linkage) {
    apply_defaults(pipeline);
    const auto rules = gpu_rules(kernel.name, row.machine);
    const auto given = kernel.alone ? nullptr : given_arrays(kernel, pipeline);
    OutputsAreAnywhere outputs(pipeline.outputs);
    EmptyNeedsNoMemory empty;
    LooksForFailure failure;
    Halide::Pipeline halide(pipeline.outputs);
    halide.add_custom_lowering_pass(&outputs, nullptr);
    halide.add_custom_lowering_pass(&failure, nullptr);
    halide.add_custom_lowering_pass(&empty, nullptr);
    if (given) {
        halide.add_custom_lowering_pass(given.get(), nullptr);
    }
    if (target.has_gpu_feature()) {
        halide.add_custom_lowering_pass(rules.get(), nullptr);
    }
    RunsIf runs(kernel.alone ? Expr() : has_elements(kernel));
    if (runs.condition().defined()) {
        halide.add_custom_lowering_pass(&runs, nullptr);
    }
    const auto vectors = vector_rules();
    halide.add_custom_lowering_pass(vectors.get(), nullptr);
    Halide::Module module = halide.compile_to_module(pipeline.arguments(kernel), symbol, target, linkage);
    _halide_user_assert(failure.found.text.empty())
        << "Every run of kernel " << kernel.name << " would fail: " << failure.found.text
        << ". Its arrays have other extents than it computes or reads.";
    return module;
}

Halide::Module lower_alone(const Kernel &kernel, const std::string &symbol, const TargetRow &row,
                           const Halide::Target &target, const Schedule &schedule) {
    const KernelPipeline pipeline = instantiate(kernel);
    apply(schedule, kernel.name, pipeline);
    try {
        Halide::Module module =
            lower_scheduled(kernel, pipeline, symbol, row, target, Halide::LinkageType::ExternalPlusMetadata);
        for (size_t i = 0; i < kernel.outputs.size(); i++) {
            const Func &output = pipeline.outputs[i];
            for (int c = 0; c < output.outputs(); c++) {
                const std::string value = output.outputs() > 1 ? "." + std::to_string(c) : "";
                module.remap_metadata_name(output.name() + value, kernel.outputs[i].name() + value);
            }
        }
        return module;
    } catch (const Halide::CompileError &error) {
        rethrow_at_directive(error, schedule, kernel, row, target);
    }
}

void rethrow_at_directive(const Halide::CompileError &error, const Schedule &schedule, const Kernel &kernel,
                          const TargetRow &row, const Halide::Target &target) {
    const KernelPipeline pipeline = instantiate(kernel);
    rethrow_placement(error, schedule, kernel.name, pipeline);
    const KernelSchedule *decided = schedule.find(kernel.name);
    std::vector<Position> positions;
    for (size_t s = 0; decided && s < decided->stages.size(); s++) {
        for (size_t d = 0; d < decided->stages[s].directives.size(); d++) {
            positions.push_back({s, d});
        }
    }
    const auto at = [&](const Position &p) -> const Directive & {
        return decided->stages[p.stage].directives[p.directive];
    };
    const auto compiles_without = [&](const Position &p, bool all_after) {
        return compiles(without(schedule, kernel.name, p, all_after), kernel, row, target);
    };
    if (positions.empty() || !compiles_without(positions[0], true)) {
        throw error;  // whatever the schedule
    }
    // The last one that can be left out alone; where a stage is computed when no other can: without compute_root it is
    // inlined, and nothing that is wrong with its loops matters.
    std::optional<Position> culprit;
    for (const bool places : {true, false}) {
        for (const Position &p : positions) {
            if (at(p).name.starts_with("compute_") == places && compiles_without(p, false)) {
                culprit = p;
            }
        }
    }
    // Where others need it, or where there are several: the first with which those before it are refused.
    for (size_t i = 0; i < positions.size() && !culprit; i++) {
        if (i + 1 == positions.size() || !compiles_without(positions[i + 1], true)) {
            culprit = positions[i];
        }
    }
    const Directive &directive = at(*culprit);
    std::string text = directive.name;
    for (const std::string &argument : directive.arguments) {
        text += " " + argument;
    }
    schedule_error(schedule.file, directive.place,
                   "target " + row.name + " cannot have `" + text + "` for stage " +
                       decided->stages[culprit->stage].name() + ": " +
                       with_plain_names(error.what(), stage_names(pipeline.stages)));
}

}  // namespace sylvite
