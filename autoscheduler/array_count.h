#pragma once

#include "autoscheduler/analysis.h"

#include <set>

namespace sylvite {

/// How many arrays the definitions of stages read and write, while it is decided, readers first, which stages are inlined.
/// Every value of a Tuple counts, read or not; what only the edges of a boundary condition read does not.
class ArrayCount {
public:
    /// Of stages of which none is inlined yet. They must outlive the object.
    explicit ArrayCount(const std::vector<StageInfo> &stages);

    /// The arrays of the definition that has the most, among those that would evaluate stage `i` if it were inlined. What
    /// reads it must be decided.
    int when_inlined(size_t i) const;

    /// Takes stage `i` for inlined, or for an array. Takes time in proportion to the number of stages.
    void decide(size_t i, bool inlined);

    /// By stage and definition; what stands for an inlined stage means nothing.
    std::vector<std::vector<int>> counts() const;

private:
    using Names = std::set<std::string>;

    const std::vector<StageInfo> &stages_;
    std::map<std::string, int> values_;                           // how many arrays a name stands for
    std::vector<std::vector<Names>> read_;                        // by stage and definition
    std::vector<std::set<std::pair<size_t, size_t>>> evaluated_;  // by stage: the definitions that read it

    int count(size_t stage, const Names &names) const;
    Names with_inlined(const Names &names, size_t i) const;
};

}  // namespace sylvite
