#include "autoscheduler/nest.h"

#include <algorithm>

namespace sylvite {

Nest::Nest(const DefinitionInfo &definition) {
    for (const LoopInfo &loop : definition.loops) {
        loops_.push_back({loop.variable.name, loop.extent, loop.constant, loop.independent(), loop.dimension});
        used_.insert(loop.variable.name);
    }
}

Nest::Nest(std::vector<Loop> loops) : loops_(std::move(loops)) {
    for (const Loop &loop : loops_) {
        used_.insert(loop.name);
    }
}

const Nest::Loop &Nest::find(const std::string &name) const {
    return *std::find_if(loops_.begin(), loops_.end(), [&](const Loop &loop) { return loop.name == name; });
}

bool Nest::has(const std::string &name) const {
    return std::any_of(loops_.begin(), loops_.end(), [&](const Loop &loop) { return loop.name == name; });
}

std::string Nest::fresh(const std::string &loop, const std::string &suffix) {
    std::string base = loop;
    base.erase(std::remove(base.begin(), base.end(), '.'), base.end());
    std::string name = base + suffix;
    for (int n = 2; !used_.insert(name).second; n++) {
        name = base + suffix + std::to_string(n);
    }
    return name;
}

std::pair<std::string, std::string> Nest::split(const std::string &loop, int64_t factor, const std::string &tail) {
    const std::string outer = fresh(loop, "o"), inner = fresh(loop, "i");
    add("split", {loop, outer, inner, std::to_string(factor)});
    if (!tail.empty()) {
        directives_.back().arguments.push_back(tail);
    }
    for (size_t i = 0; i < loops_.size(); i++) {
        if (loops_[i].name == loop) {
            const Loop old = loops_[i];
            // Neither part is an index by itself any more; together they keep the old loop's independence.
            loops_[i] = {outer, (old.extent + factor - 1) / factor, old.constant, old.independent, old.dimension};
            loops_.insert(loops_.begin() + static_cast<std::ptrdiff_t>(i),
                          Loop{inner, factor, true, old.independent, old.dimension});
            break;
        }
    }
    return {outer, inner};
}

void Nest::reorder(const std::vector<std::string> &order) {
    std::vector<size_t> places;
    std::vector<Loop> moved;
    for (const std::string &name : order) {
        moved.push_back(find(name));
        places.push_back(static_cast<size_t>(&find(name) - loops_.data()));
    }
    if (std::is_sorted(places.begin(), places.end())) {
        return;
    }
    std::sort(places.begin(), places.end());
    for (size_t i = 0; i < places.size(); i++) {
        loops_[places[i]] = moved[i];
    }
    add("reorder", order);
}

std::string Nest::fuse(const std::string &inner, const std::string &outer) {
    const std::string fused = fresh(inner + outer, "");
    const Loop a = find(inner), b = find(outer);
    add("fuse", {inner, outer, fused});
    loops_.erase(loops_.begin() + (&find(outer) - loops_.data()));
    loops_[static_cast<size_t>(&find(inner) - loops_.data())] = {fused, a.extent * b.extent, a.constant && b.constant,
                                                                 a.independent && b.independent, -1};
    return fused;
}

void Nest::add(const std::string &directive, std::vector<std::string> arguments) {
    directives_.push_back({directive, std::move(arguments)});
}

Nest Nest::rfactor(const std::string &partial, const std::vector<std::pair<std::string, std::string>> &kept) {
    Nest inside;
    inside.used_ = used_;
    std::vector<std::string> arguments{partial};
    for (const auto &[loop, variable] : kept) {
        arguments.insert(arguments.end(), {loop, variable});
    }
    add("rfactor", arguments);
    std::vector<Loop> left;
    for (Loop loop : loops_) {
        const auto row = std::find_if(kept.begin(), kept.end(), [&](const auto &k) { return k.first == loop.name; });
        if (row != kept.end()) {
            left.push_back(loop);
            loop.name = row->second;
            loop.independent = true;
            loop.dimension = -1;
            inside.used_.insert(loop.name);
        } else if (loop.independent) {
            left.push_back(loop);
        }
        inside.loops_.push_back(loop);
    }
    loops_ = left;
    return inside;
}

std::string tail_for(const Nest::Loop &loop, int64_t factor, bool output_or_update) {
    if (loop.constant && loop.extent % factor == 0) {
        return "";
    }
    // Shifting the last part inwards computes some points twice. An output computed so cannot share the memory of an
    // input, and a size smaller than the factor would be refused when the program runs.
    return output_or_update || !loop.constant || loop.extent < factor ? "guard_with_if" : "shift_inwards";
}

int64_t piece_of(const Nest::Loop &loop, int64_t pieces) {
    const int64_t least = std::max<int64_t>((loop.extent + pieces - 1) / pieces, 1);
    for (int64_t length = least; loop.constant && length <= 2 * least && length <= loop.extent; length++) {
        if (loop.extent % length == 0) {
            return length;
        }
    }
    return least;
}

}  // namespace sylvite
