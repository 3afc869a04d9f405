#pragma once

#include "autoscheduler/analysis.h"

#include <set>

namespace sylvite {

/// The loops of a definition as directives change them.
class Nest {
public:
    struct Loop {
        std::string name;
        int64_t extent;  ///< expected
        bool constant;
        bool independent;
        int dimension;
    };

    explicit Nest(const DefinitionInfo &definition);
    explicit Nest(std::vector<Loop> loops);

    const std::vector<Loop> &loops() const { return loops_; }  ///< innermost first
    const Loop &find(const std::string &name) const;
    bool has(const std::string &name) const;

    /// A name that no loop has: `y` and "o" make `yo`, `r.x` and "i" make `rxi`.
    std::string fresh(const std::string &loop, const std::string &suffix);

    /// Splits a loop by a factor; `tail` may be empty for Halide's choice. Returns the names of the outer and the inner
    /// loop.
    std::pair<std::string, std::string> split(const std::string &loop, int64_t factor, const std::string &tail);
    /// Puts these loops in this order, innermost first; the others stay where they are.
    void reorder(const std::vector<std::string> &order);
    /// Makes one loop of an inner and an outer one. Returns its name.
    std::string fuse(const std::string &inner, const std::string &outer);
    /// Adds any other directive.
    void add(const std::string &directive, std::vector<std::string> arguments);
    /// The reduction loops `kept` become dimensions of a partial Func, which has the loops that this then returns; this
    /// nest is left with those.
    Nest rfactor(const std::string &partial, const std::vector<std::pair<std::string, std::string>> &kept);

    const std::vector<Directive> &directives() const { return directives_; }

private:
    std::vector<Loop> loops_;
    std::vector<Directive> directives_;
    std::set<std::string> used_;

    Nest() = default;
};

/// The tail strategy for splitting a loop of a first definition or an update by a factor: empty where the factor is
/// known to divide it.
std::string tail_for(const Nest::Loop &loop, int64_t factor, bool output_or_update);

/// How long a piece of a loop is that is cut into about so many: a length that divides it, where there is one near.
int64_t piece_of(const Nest::Loop &loop, int64_t pieces);

}  // namespace sylvite
