#pragma once

#include "evaluate.h"

#include <string>
#include <vector>

namespace sylvite::testing {

/// A wrong stage of a derivative, as a mistake in a transform would make it.
struct Fault {
    std::string kind;  ///< such as "guard dropped"
    Halide::Internal::Function function;
    int stage = 0;
    StageExprs exprs;  ///< in place of the stage's own
};

/// Every single fault of every kind that fits anywhere in the Funcs that `derivatives` have and `primal` has not: terms
/// and factors dropped, signs, guards, predicates and bounds spoiled, indices and loops off by one, scans turned round,
/// values of another stage or of another component read, updates left out.
std::vector<Fault> faults_in(const std::vector<Func> &derivatives, const std::vector<Func> &primal);

}  // namespace sylvite::testing
