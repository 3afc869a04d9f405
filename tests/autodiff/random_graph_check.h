#pragma once

#include <string>

namespace sylvite::testing {

/// What was checked on random graphs.
struct GraphStatistics {
    int graphs = 0;
    int hessians = 0;
    long elements = 0;  ///< elements of jvp compared with differences
    long unclear = 0;   ///< of them, where differences do not converge: a kink is near
};

/// Makes the graph of the seed, with its derivatives, and checks:
/// <u, Jv> = <J'u, v> to 1e-10; jvp against central differences; the same numbers from another schedule; nothing from
/// outside of what is read, which is NaN, in any derivative, and zeros there; for some graphs that the Hessian is
/// symmetric and agrees with differences. Returns what is wrong, with the graph, or an empty text.
std::string check_random_graph(unsigned seed, GraphStatistics &statistics);

}  // namespace sylvite::testing
