#pragma once

#include "apps/support/minimise.h"

namespace sylvite::apps {

/// All are in the list of each, which takes 4 bytes: 100 MB.
constexpr int largest_cluster = 5000;

/// The energy of a few atoms in empty space, in units of epsilon, and its gradient; places are (atoms, 3) in units of
/// sigma. Computed in f64; one call after another, for it keeps its arrays.
class Cluster {
public:
    explicit Cluster(int atoms);

    double energy(const Point &place, Point &gradient);

private:
    int atoms_;
    std::vector<int> found_;  // each atom has all others in its list
    std::vector<double> place_, field_;
};

/// Where the search for the lowest energy of so many atoms begins: near the truncated octahedron for the first start with 38
/// atoms, which random starts rarely find (Wales and Doye, J. Phys. Chem. A 101, 5111, 1997), at random in a ball else.
Point cluster_start(int atoms, unsigned start);

/// The lowest of the minima that are found from so many starts; its losses are those of its own search. `report` is told how
/// many starts are done and the lowest energy, and may end the search; so may `goes_on`, which is asked at each step from a
/// start.
Minimum lowest_cluster(
    int atoms, int starts, const std::function<bool(int done, double lowest)> &report,
    const std::function<bool()> &goes_on = [] { return true; });

}  // namespace sylvite::apps
