#pragma once

#include "autodiff/stages.h"

namespace sylvite {

/// An update with Halide's scatter() and gather() stores several values at once, f(scatter(a, b)) = gather(u, v): all
/// that they are made of is read first, then they are stored, from left to right. What holds for a packet holds for
/// each element by itself.

/// The stage for each element of its packets, in the order in which they are stored; the stage itself where it has none.
/// Throws Halide::CompileError, which names `where`, if packets are nested or differ in length, or stand in a condition.
std::vector<StageForm> elements_of(const StageForm &form, const std::string &where);

/// Whether an Expr has a packet in it.
bool has_packet(const Expr &e);

/// The packet of these elements; of one element, or where all are the same, that element.
Expr packet_of(const std::vector<Expr> &elements);

}  // namespace sylvite
