#pragma once

#include "autodiff/transpose.h"

namespace sylvite {

/// Joins scatters that add the same data, weighted differently, to elements a constant apart, as the corners of a cell in
/// interpolation are:
///
///     f(i(r)) += (1 - w(r)) * v(r)                      f(i(r) + k) += select(k == 0, 1 - w(r), w(r)) * v(r)
///     f(i(r) + 1) += w(r) * v(r)            becomes     for k in [0, 2), the innermost loop
///
/// One sweep over the data then serves them all. Only scatters with the same domain that read the same elements are
/// joined; gathers stay as they are. The sums are the same but for the order of their terms.
std::vector<Contribution> join_scatters(std::vector<Contribution> contributions);

}  // namespace sylvite
