#pragma once

#include "frontend/loop.h"

namespace sylvite {

/// A step of a loop backwards: the adjoints before step `step` from those after it and the states that it started from,
/// `now`, where they are defined.
using ReverseStep = std::function<Arrays(const Expr &step, const Arrays &now, const Arrays &adjoints)>;

/// The adjoints before the first step of `loop` from those after the last: its steps backwards, in a loop of these
/// `options`. What gives the states that steps started from is `memory`: a history, the inverse, or loops that run steps
/// again, in which case there are as many loops around the one with the steps as there are further snapshots. `needed` says
/// which states the steps ask for. Throws Halide::CompileError where the inverse does not give one of them.
Arrays run_backwards(const std::shared_ptr<const LoopNode> &loop, const Memory &memory, const std::vector<bool> &needed,
                     const Arrays &adjoints, const ReverseStep &step, const LoopOptions &options);

/// The states of `loop` whose histories `arrays` depend on.
std::vector<bool> states_with_history(const std::shared_ptr<const LoopNode> &loop, const Arrays &arrays);

/// Result `index` of `loop`.
Array result_of(const std::shared_ptr<const LoopNode> &loop, size_t index);

}  // namespace sylvite
