#pragma once

#include <Halide.h>

#include <vector>

namespace sylvite::testing {

/// What an update stores as one of several values at once, by scatter() and gather().
struct PacketElement {
    std::vector<Halide::Expr> args, values;
};
/// Those of the Exprs of a stage, which have no Lets, in the order in which they are stored; one if it has no packets.
std::vector<PacketElement> packet_elements(const std::vector<Halide::Expr> &args,
                                           const std::vector<Halide::Expr> &values);

}  // namespace sylvite::testing
