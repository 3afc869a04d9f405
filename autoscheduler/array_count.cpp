#include "autoscheduler/array_count.h"

#include <algorithm>

namespace sylvite {

ArrayCount::ArrayCount(const std::vector<StageInfo> &stages) : stages_(stages), evaluated_(stages.size()) {
    std::map<std::string, size_t> index;
    for (size_t i = 0; i < stages.size(); i++) {
        index[stages[i].function.name()] = i;
    }
    for (size_t i = 0; i < stages.size(); i++) {
        std::vector<Names> &of_stage = read_.emplace_back();
        for (size_t d = 0; d < stages[i].definitions.size(); d++) {
            Names &names = of_stage.emplace_back();
            for (const Read &read : stages[i].definitions[d].cost.reads) {
                if (read.name == stages[i].function.name()) {
                    continue;  // it is counted as what is written
                }
                names.insert(read.name);
                values_[read.name] = read.function.defined() ? Halide::Internal::Function(read.function).outputs() : 1;
                if (const auto producer = index.find(read.name); producer != index.end()) {
                    evaluated_[producer->second].insert({i, d});
                }
            }
        }
    }
}

int ArrayCount::count(size_t stage, const Names &names) const {
    int arrays = stages_[stage].function.outputs();
    for (const std::string &name : names) {
        arrays += values_.at(name);
    }
    return arrays;
}

ArrayCount::Names ArrayCount::with_inlined(const Names &names, size_t i) const {
    Names all = names;
    all.erase(stages_[i].function.name());
    all.insert(read_[i][0].begin(), read_[i][0].end());
    return all;
}

int ArrayCount::when_inlined(size_t i) const {
    int most = 0;
    for (const auto &[stage, definition] : evaluated_[i]) {
        most = std::max(most, count(stage, with_inlined(read_[stage][definition], i)));
    }
    return most;
}

void ArrayCount::decide(size_t i, bool inlined) {
    if (!inlined) {
        return;
    }
    for (const auto &[stage, definition] : evaluated_[i]) {
        read_[stage][definition] = with_inlined(read_[stage][definition], i);
    }
    // What it reads is now evaluated by its readers.
    for (size_t producer = 0; producer < stages_.size(); producer++) {
        if (evaluated_[producer].erase({i, 0}) > 0) {
            evaluated_[producer].insert(evaluated_[i].begin(), evaluated_[i].end());
        }
    }
}

std::vector<std::vector<int>> ArrayCount::counts() const {
    std::vector<std::vector<int>> counts;
    for (size_t i = 0; i < stages_.size(); i++) {
        std::vector<int> &of_stage = counts.emplace_back();
        for (const Names &names : read_[i]) {
            of_stage.push_back(count(i, names));
        }
    }
    return counts;
}

}  // namespace sylvite
