#pragma once

#include "frontend/memory.h"

#include <array>

namespace sylvite {

/// Options of `loop`, `while_loop`, `scan` and `branch`.
struct LoopOptions {
    std::string name = "step";  ///< names the loop's kernels in schedules and prints
    Memory memory = {};         ///< what its reverse derivative keeps of its states
    Expr capacity = Expr();     ///< a bound of the steps that does not change in outer loops; sizes histories; < 0 is 0
};

/// The control flow behind the results of a loop.
struct LoopNode {
    LoopOptions options;
    Expr trips;     ///< number of steps, int32; values below 0 count as 0. Of a while_loop: more than it can make
    Array count;    ///< where arrays decide on the number of steps: the Array without dimensions that `trips` reads
    Expr capacity;  ///< bound of the steps that sizes histories; undefined if there is none
    Expr step;      ///< the number of the current step, 0, 1, ..., a scalar parameter in the body
    Arrays init, state, next;
    int going = -1;  ///< while_loop: the state, an int32 without dimensions, whose value 0 ends the loop
    int steps = -1;  ///< while_loop: the state, an int32 without dimensions, that counts the steps
    /// Memory::reversible: the states `before` a step from placeholders for those `after` it; undefined where the inverse
    /// does not give one. `options.memory` has the function no more.
    Arrays after, before;
    /// How many states, the first ones, the author of the loop gave: a Program is refused one that changes no output. 0 of
    /// copies and of what derivatives make, which may have such states.
    int given = 0;
};

/// Runs `body` `trips` times and returns the final states.
///
/// States may differ in type, rank and extents; a step must return as many Arrays as it was given, of the same types
/// and extents. `body` is called once, to write the step down. It may read outer Arrays. With zero trips the results
/// are the initial states. `trips` may read Arrays; histories, and so reverse derivatives that need them, then ask for
/// LoopOptions::capacity. Throws Halide::CompileError when the body returns other states than it was given.
Arrays loop(const Expr &trips, const Arrays &init, const LoopBody &body, const LoopOptions &options = {});

/// The same with the states as separate parameters: `[&](Expr t, Array u, Array v) { return Arrays{...}; }`; returns
/// a std::array, for structured bindings.
namespace internal {
template<size_t n, typename Body, size_t... i>
std::array<Array, n> unpacked_loop(const Expr &trips, const Array (&init)[n], const Body &body,
                                   const LoopOptions &options, std::index_sequence<i...>) {
    Arrays results = loop(trips, Arrays(init, init + n),
                          LoopBody([&](Expr t, const Arrays &s) -> Arrays { return body(t, s[i]...); }), options);
    return {results[i]...};
}
}  // namespace internal
template<size_t n, typename Body>
requires(!std::is_invocable_r_v<Arrays, Body, Expr, const Arrays &>) std::array<Array, n> loop(
    const Expr &trips, const Array (&init)[n], const Body &body, const LoopOptions &options = {}) {
    return internal::unpacked_loop(trips, init, body, options, std::make_index_sequence<n>());
}

/// What `while_loop` returns.
struct WhileResult {
    Arrays state;  ///< the final states
    Array steps;   ///< how many steps were made, an int32 without dimensions
};

/// Runs `body` as long as `condition`, a scalar bool Expr of the states, holds; it is asked before each step, so there
/// may be none. Otherwise as `loop`.
///
/// Derivatives are those of the steps that were made: the condition itself has none. A reverse derivative that needs
/// states asks for LoopOptions::capacity; a run that makes more steps than that then ends with sylvite_short_history.
/// Throws Halide::CompileError for Memory::sqrt and Memory::budget, which ask for the number of steps beforehand.
using WhileCondition = std::function<Expr(const Arrays &state)>;
WhileResult while_loop(const WhileCondition &condition, const Arrays &init, const LoopBody &body,
                       const LoopOptions &options = {});

/// `then(state)` where `condition`, a scalar bool Expr that may read Arrays, holds, else `otherwise(state)`; only what is
/// chosen is computed, loops in it too. But what is needed outside of the arm too is computed before, whatever is chosen,
/// and so is what both sweeps of a reverse derivative need and does not depend on `state`; what does not change in a loop
/// around the branch is computed before that loop. Both return as many Arrays as `state`, of the same types and
/// extents. Loops and kernels are named `<name>_then` and `<name>_else`. Derivatives are those of what was chosen.
using BranchBody = std::function<Arrays(const Arrays &state)>;
Arrays branch(const Expr &condition, const Arrays &state, const BranchBody &then, const BranchBody &otherwise,
              const LoopOptions &options = {.name = "branch"});

/// What a step of `scan` returns, and what `scan` does.
struct Scanned {
    Arrays state;    ///< next, or final, states
    Arrays outputs;  ///< of a step; or of all steps, with one dimension more, the last one, which counts them
};

/// Runs `body` `trips` times as `loop` does; what it returns beside the states is stacked. `inputs` have one dimension
/// more than what `body` is given of them, the last one, of which step t gets element t.
///
/// Where LoopOptions::capacity is given, outputs have that many elements and are 0 beyond the last step. `trips` must
/// not read Arrays. The cost of a reverse step does not depend on the number of steps, as it would if a body of `loop`
/// read `input(i, t / 2)`. Throws Halide::CompileError for inputs that are known to have fewer elements than steps.
using ScanBody = std::function<Scanned(Expr step, const Arrays &state, const Arrays &inputs)>;
Scanned scan(const Expr &trips, const Arrays &init, const Arrays &inputs, const ScanBody &body,
             const LoopOptions &options = {.name = "scan"});

/// The history of state `index` of the loop that `result` came from: one dimension more than the state, the last one
/// counts the steps; slice t is the state at the start of step t. Slices beyond the last step are undefined.
Array history(const Array &result);
/// The same with the states at the ends of the steps.
Array stack(const Array &result);

/// How many steps a loop makes, for use outside its body.
Expr steps_of(const std::shared_ptr<const LoopNode> &loop);

/// The Arrays that a loop itself reads before its first step: initial states and, if there is one, its count.
Arrays read_before(const LoopNode &loop);

/// A loop that ends as `like` does, with other states and, unless `like` is a while_loop, other `trips`. The states of a
/// while_loop come first.
Arrays loop_like(const LoopNode &like, const Expr &trips, const Arrays &init, const LoopBody &body,
                 const LoopOptions &options);

}  // namespace sylvite
