#include "autodiff/reverse.h"

#include "autodiff/ties.h"
#include "frontend/graph.h"

#include <algorithm>

using namespace Halide::Internal;

namespace sylvite {

void Reverse::update() {
    if (is_current_) {
        return;
    }
    is_current_ = true;
    std::vector<Needed> roots;
    std::vector<Function> functions;
    for (const Cotangent &root : roots_) {
        roots.push_back({root.output.function(), root.box});
        functions.push_back(root.output.function());
    }
    bounds_ = bounds_of(roots);
    const auto is_leaf = [this](const Function &function) { return is_leaf_ && is_leaf_(function); };
    functions = functions_of(functions, [&](const Function &function) {
        return is_leaf(function) ? std::vector<Function>() : differentiable_producers(function);
    });
    functions.erase(std::remove_if(functions.begin(), functions.end(), is_leaf), functions.end());
    // Bounds inference looks into neither extern stages nor loops, which rules may stand for.
    for (auto function = functions.rbegin(); function != functions.rend(); ++function) {
        if (const auto ruled = rule_of(*function)) {
            hide(*function);
            const size_t known = roots.size();
            add_needs(*ruled, bounds_.boxes[target_of(*function).key], roots);
            bounds_ = roots.size() > known ? bounds_of(roots) : bounds_;
        }
    }
    readers_.clear();
    for (const Function &function : functions) {
        if (!counting_.count(function.name())) {
            if (const auto counting = with_counted_ties(function)) {
                counting_.emplace(function.name(), *counting);
            }
        }
        if (const auto it = counting_.find(function.name()); it != counting_.end()) {
            const Function &counting = it->second;
            bounds_.boxes[target_of(counting).key] = bounds_.boxes[target_of(function).key];
            for (int c = 0; c < function.outputs(); c++) {
                Interval values = bounds_.values[{function.name(), c}];
                const Type type = counting.output_types()[c];
                values.min = values.has_lower_bound() ? Halide::cast(type, values.min) : values.min;
                values.max = values.has_upper_bound() ? Halide::cast(type, values.max) : values.max;
                bounds_.values[{counting.name(), c}] = values;
            }
            add_readers(counting);
        }
        add_readers(function);
    }
}

void Reverse::hide(const Function &function) {
    const HiddenByRule hidden = hidden_by_rule(function);
    for (const std::string &key : hidden.leaves) {
        hidden_leaves_.emplace(key, function);
    }
    for (const std::string &key : hidden.functions) {
        hidden_functions_.emplace(key, function);
    }
}

int Reverse::updates_of(const Function &function) const {
    return counting_.count(function.name()) ? 0 : static_cast<int>(function.updates().size());
}

// Notes of everything that `function` reads that it does.
void Reverse::add_readers(const Function &function) {
    if (const auto ruled = rule_of(function)) {
        std::set<std::string> keys;  // an input may be given twice
        for (const Func &input : ruled->inputs) {
            keys.insert(target_of(input.function()).key);
        }
        for (const std::string &key : keys) {
            readers_[key].push_back({function, 0});
        }
        return;
    }
    const int stages = function.has_pure_definition() ? updates_of(function) + 1 : 0;
    for (int stage = 0; stage < stages; stage++) {
        const Reads read = reads_of(form(function, stage).values);
        std::set<std::string> keys;
        for (const Function &callee : read.functions) {
            keys.insert(target_of(callee).key);
        }
        for (const Halide::Parameter &parameter : read.parameters) {
            keys.insert(target_of(parameter).key);
        }
        for (const Halide::Buffer<> &buffer : read.buffers) {
            keys.insert(target_of(buffer).key);
        }
        keys.erase(target_of(function).key);
        for (const std::string &key : keys) {
            readers_[key].push_back({function, stage});
        }
    }
    for (const Halide::ExternFuncArgument &argument : function.extern_arguments()) {
        if (argument.is_func()) {
            readers_[target_of(Function(argument.func)).key].push_back({function, 0});
        } else if (argument.is_image_param()) {
            readers_[target_of(argument.image_param).key].push_back({function, 0});
        } else if (argument.is_buffer()) {
            readers_[target_of(argument.buffer).key].push_back({function, 0});
        }
    }
}

}  // namespace sylvite
