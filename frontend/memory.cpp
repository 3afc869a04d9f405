#include "frontend/memory.h"

namespace sylvite {

Memory Memory::binomial(int snapshots) {
    _halide_user_assert(snapshots >= 1 && snapshots <= 16)
        << "Memory::binomial() needs 1 to 16 snapshots; it was given " << snapshots << ".";
    Memory memory;
    memory.way = Way::binomial;
    memory.snapshots = snapshots;
    return memory;
}

Memory Memory::budget(int64_t bytes) { return budget(Halide::Internal::make_const(Halide::Int(64), bytes)); }

Memory Memory::budget(const Expr &bytes) {
    _halide_user_assert(bytes.defined() && bytes.type().is_scalar() && bytes.type().is_int_or_uint())
        << "Memory::budget() needs an integer number of bytes; it was given another type.";
    Memory memory;
    memory.way = Way::budget;
    memory.bytes = Halide::cast<int64_t>(bytes);
    return memory;
}

Memory Memory::reversible(LoopBody inverse) {
    Memory memory;
    memory.way = Way::reversible;
    memory.inverse = std::move(inverse);
    return memory;
}

int64_t again_with(int64_t steps, int snapshots) {
    // reach = C(s + r, s), so C(s + r, s + 1) = reach r / (s + 1).
    int64_t r = 0, reach = 1;
    while (reach < steps) {
        r++;
        reach = reach * (snapshots + r) / r;
    }
    return r * steps - reach * r / (snapshots + 1);
}

}  // namespace sylvite
