#pragma once

#include "autodiff/activity.h"
#include "autodiff/autodiff.h"
#include "frontend/substitute.h"

namespace sylvite {

/// Forward derivatives of Arrays: each loop that the inputs reach becomes one loop of (states, tangents), which takes
/// the place of the original in `substitution`. Primal and tangent Arrays are then both read off the new program.
class ProgramForward {
public:
    explicit ProgramForward(Substitution &substitution) : substitution_(substitution) {}

    /// `input` moves by `tangent`, an Array of the new program.
    void add(const Input &input, const Array &tangent);

    /// The Arrays in the new program.
    Arrays primals(const Arrays &arrays);
    /// Their tangents; undefined where they are zero.
    Arrays tangents(const Arrays &arrays);

private:
    Substitution &substitution_;
    std::vector<Tangent> inputs_;
    std::map<std::string, Array> tangents_;  // by key
    // Results, and the place of each state's tangent among them.
    std::map<std::shared_ptr<const LoopNode>, std::pair<Arrays, std::vector<int>>> loops_;

    std::set<std::string> keys() const;
    void prepare(const Arrays &arrays);
    void prepare(const std::shared_ptr<const LoopNode> &loop);
};

}  // namespace sylvite
