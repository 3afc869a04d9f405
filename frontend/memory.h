#pragma once

#include "frontend/array.h"

#include <functional>

namespace sylvite {

/// What a step of a loop does, or undoes: states to states.
using LoopBody = std::function<Arrays(Expr step, const Arrays &state)>;

/// How the reverse derivative of a loop gets the states that its steps started from: `.memory = Memory::binomial(8)`.
///
/// Nothing else is ever kept: values within a step, histories of loops inside it included, are computed again from its
/// states, once, under every policy. States that the derivative does not read are not kept, and where it reads none no
/// step is run again. A loop of which the program itself reads a history or stack, as a scan with outputs, keeps all.
/// Costs below are for n steps and S bytes of states. All policies compute the same in the same order, `reversible` up to
/// its inverse; bits can differ only where Halide's compiler rounds another way in a kernel that is nested another way.
struct Memory {
    enum class Way { unsaid, store_all, sqrt, binomial, budget, reversible };

    /// Of a loop that does not say: as store_all, or, within a loop that has a budget, whatever that chooses.
    Way way = Way::unsaid;
    int snapshots = 0;  ///< binomial
    Expr bytes;         ///< budget
    LoopBody inverse;   ///< reversible

    /// Keeps all: n S bytes, no step is run again.
    static const Memory store_all;
    /// Keeps the heads of segments, and the states of one segment: about 2 sqrt(n) S bytes; n steps are run again.
    static const Memory sqrt;
    /// Keeps nothing but the initial states: each step's are computed from them; n (n - 1) / 2 steps are run again.
    /// That is binomial(1).
    static const Memory recompute;

    /// Keeps `snapshots` states at a time, the initial ones among them, and runs as few steps again as is possible then:
    /// again_with(n, snapshots). 1 to 16; n may be known at run time only, and from arrays, without LoopOptions::capacity.
    /// Each snapshot is a loop around the reverse loop, a kernel more. (Griewank, Walther: Algorithm 799: Revolve, 2000)
    static Memory binomial(int snapshots);

    /// Takes of store_all, sqrt and binomial what runs the fewest steps again among those whose states fit into `bytes`,
    /// together with those of the loops inside which do not say how they keep theirs. `bytes` may be an Expr of sizes:
    /// what fits must be provable when the derivative is made. Throws Halide::CompileError then, where nothing is known to
    /// fit. Counted are the states that are kept and two buffers for each that steps run again work on, those of loops
    /// inside included, not adjoints.
    static Memory budget(int64_t bytes);
    static Memory budget(const Expr &bytes);

    /// Keeps nothing and runs backwards: `inverse` gives the states before step `step` from those after it; n steps of it
    /// are run. It may read outer arrays. Gradients are exact to the bit where it is, as with integers or where one adds
    /// what the other subtracts without rounding; else the states, and what is read of them, drift by its rounding errors.
    static Memory reversible(LoopBody inverse);
};

inline const Memory Memory::store_all{Way::store_all, 0, Expr(), nullptr};
inline const Memory Memory::sqrt{Way::sqrt, 0, Expr(), nullptr};
inline const Memory Memory::recompute{Way::binomial, 1, Expr(), nullptr};

/// How many steps binomial(snapshots) runs beyond the n of the program itself: r n - C(s + r, s + 1) for the smallest r
/// with C(s + r, s) >= n. For n = 100 and s = 5 that is 316.
int64_t again_with(int64_t steps, int snapshots);

}  // namespace sylvite
