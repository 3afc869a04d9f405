#pragma once

#include "frontend/blocks.h"

#include <functional>

namespace sylvite {

/// Where a loop keeps one of the values that its steps make: a ring of buffers of which each step writes the next.
struct RingPlan {
    const ArrayNode *value = nullptr;    ///< the kernel's output that is written there, or null:
    const ArrayNode *copy_of = nullptr;  ///< the Array that is copied there at the end of a step
    int history = -1;                    ///< the state of which the steps keep all values, or -1
    std::vector<int> states;             ///< the states whose next value this is
    int size = 0;                        ///< number of buffers
    bool in_place = false;               ///< a step writes where the oldest value lies that it still reads
};

/// Whether steps of `loop` hand the state on to a loop inside, which begins with it and whose result it becomes, so that it
/// needs no buffers: it lies in those of the loop inside, which go on where they ended in the step before. That needs
/// nobody to read the state once the loop inside has begun, and buffers that are made outside of `loop`.
bool is_carried(const Loop &loop, int state);
/// Whether any state of `outer` is carried by `inner`, a loop of its body.
bool carries(const Loop &outer, const Loop &inner);

/// The rings of a loop. A value that state `now` takes and that then moves on to state `before` is read during two
/// steps, so its ring has three buffers; or two, where `may_work_in_place(kernel, output, input)` says that the kernel
/// which makes it reads `before` only at the very point that it writes, and nothing else reads `before`.
/// States that move in circles, that take an Array from outside the loop, or that is_carried() need no ring.
std::vector<RingPlan> plan_rings(const Loop &loop,
                                 const std::function<bool(const std::string &, int, int)> &may_work_in_place);

}  // namespace sylvite
