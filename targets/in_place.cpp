#include "targets/in_place.h"

#include "frontend/graph.h"

#include <algorithm>
#include <map>
#include <optional>

using namespace Halide::Internal;
using Halide::LoopLevel;
using Halide::TailStrategy;

namespace sylvite {

namespace {

// How an Expr reads one image and the Functions around it.
class ReadsAt : public IRGraphVisitor {
public:
    ReadsAt(const std::string &image, const std::vector<std::string> &point) : image_(image), point_(point) {}

    bool reads_image = false;
    bool reads_elsewhere = false;           ///< the image, at another point
    std::map<std::string, bool> functions;  ///< called, and whether at the point only
    std::map<std::string, FunctionPtr> pointers;

private:
    const std::string &image_;
    const std::vector<std::string> &point_;

    using IRGraphVisitor::visit;

    void visit(const Call *op) override {
        IRGraphVisitor::visit(op);
        bool here = op->args.size() == point_.size();
        for (size_t i = 0; here && i < point_.size(); i++) {
            const auto *var = op->args[i].as<Variable>();
            here = var && var->name == point_[i];
        }
        if (op->call_type == Call::Image && op->param.defined() && op->name == image_) {
            reads_image = true;
            reads_elsewhere |= !here;
        } else if (op->call_type == Call::Halide) {
            functions.emplace(op->name, true).first->second &= here;
            pointers[op->name] = op->func;
        }
    }
};

// Halide lets a level be read only once it can no longer be changed.
LoopLevel level_of(const Function &function) {
    LoopLevel level = function.schedule().compute_level();
    return level.lock();
}

class InPlace {
public:
    InPlace(const std::vector<Function> &stages, const std::string &image) : stages_(stages), image_(image) {}

    // Whether `output` reads the image at its own point only and nobody else reads it.
    bool may_be(const Function &output) {
        visited_.clear();
        if (!reads_at_its_point(output)) {
            return false;
        }
        for (const Function &stage : stages_) {
            if (visited_.count(stage.name())) {
                continue;
            }
            const Reads reads = reads_of(stage);
            for (const Halide::Parameter &parameter : reads.parameters) {
                if (parameter.is_buffer() && parameter.name() == image_) {
                    return false;
                }
            }
            for (const Function &callee : reads.functions) {
                // The output itself is complete when others read it; what is inlined into them is not.
                if (visited_.count(callee.name()) && callee.name() != output.name()) {
                    return false;
                }
            }
        }
        return true;
    }

private:
    const std::vector<Function> &stages_;
    const std::string &image_;
    std::set<std::string> visited_;

    // `function` must be pure where it reads the image, directly or through inlined Functions.
    bool reads_at_its_point(const Function &function) {
        if (function.has_extern_definition()) {
            return false;
        }
        ReadsAt pure(image_, function.args());
        for (const Expr &value : function.values()) {
            value.accept(&pure);
        }
        ReadsAt updates(image_, function.args());
        for (const Definition &update : function.updates()) {
            update.accept(&updates);
        }
        if (pure.reads_elsewhere || updates.reads_image) {
            return false;
        }
        visited_.insert(function.name());
        for (const auto &[name, pointer] : pure.pointers) {
            if (const Function callee(pointer); name != function.name() && depends(callee)) {
                const bool inlined = callee.can_be_inlined() && level_of(callee).is_inlined();
                if (!inlined || !pure.functions.at(name) || !reads_at_its_point(callee)) {
                    return false;
                }
            }
        }
        for (const auto &[name, pointer] : updates.pointers) {
            if (name != function.name() && depends(Function(pointer))) {
                return false;
            }
        }
        return true;
    }

    bool depends(const Function &function) const {
        for (const Function &producer : functions_of(std::vector<Function>{function})) {
            for (const Halide::Parameter &parameter : reads_of(producer).parameters) {
                if (parameter.is_buffer() && parameter.name() == image_) {
                    return true;
                }
            }
        }
        return false;
    }
};

// Whether the loops of the output's pure definition compute each point once.
bool computes_once(const Func &output) {
    const Function function = output.function();
    const Definition &definition = function.definition();
    LoopLevel fused = definition.schedule().fuse_level().level;
    if (!definition.specializations().empty() || !fused.lock().is_inlined()) {
        return false;
    }
    std::map<std::string, std::optional<int64_t>> extents;
    for (int d = 0; d < function.dimensions(); d++) {
        const Expr bound = output.output_buffer().parameter().extent_constraint(d);
        const Expr extent = bound.defined() ? simplify(bound) : bound;
        const auto constant = extent.defined() ? as_const_int(extent) : std::nullopt;
        extents[function.args()[d]] = constant ? std::optional<int64_t>(*constant) : std::nullopt;
    }
    const auto product = [](std::optional<int64_t> a, std::optional<int64_t> b) {
        return a && b ? std::optional<int64_t>(*a * *b) : std::nullopt;
    };
    for (const Split &split : definition.schedule().splits()) {
        if (split.split_type == Split::FuseVars) {
            extents[split.old_var] = product(extents[split.inner], extents[split.outer]);
        } else if (split.split_type == Split::RenameVar) {
            extents[split.outer] = extents[split.old_var];
        } else {
            const auto factor = as_const_int(simplify(split.factor));
            const std::optional<int64_t> old = extents[split.old_var];
            const bool divides = factor && old && *factor > 0 && *old % *factor == 0;
            if (!divides && split.tail != TailStrategy::GuardWithIf && split.tail != TailStrategy::Predicate) {
                return false;
            }
            extents[split.inner] = factor ? std::optional<int64_t>(*factor) : std::nullopt;
            extents[split.outer] =
                old && factor ? std::optional<int64_t>((*old + *factor - 1) / *factor) : std::nullopt;
        }
    }
    return true;
}

}  // namespace

std::set<std::pair<int, int>> in_place_pairs(const KernelPipeline &pipeline) {
    std::set<std::pair<int, int>> pairs;
    // With those that the schedule made, by rfactor or join. The proof goes by what Funcs read as they are defined; Halide
    // redirects reads to wrappers later.
    const std::vector<Function> stages = functions_of(pipeline.outputs);
    for (const Function &stage : stages) {
        if (!stage.wrappers().empty()) {
            return pairs;
        }
    }
    for (size_t o = 0; o < pipeline.outputs.size(); o++) {
        const Func &output = pipeline.outputs[o];
        if (output.outputs() > 1 || !output.function().has_pure_definition() || !computes_once(output)) {
            continue;
        }
        for (size_t i = 0; i < pipeline.images.size(); i++) {
            if (InPlace(stages, pipeline.images[i].name()).may_be(output.function())) {
                pairs.insert({static_cast<int>(pipeline.first_outputs[o]), static_cast<int>(i)});
            }
        }
    }
    return pairs;
}

}  // namespace sylvite
