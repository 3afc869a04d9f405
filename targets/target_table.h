#pragma once

#include <Halide.h>

#include <string>
#include <vector>

namespace sylvite {

/// How code for a target is checked on a machine that may not be one.
enum class Verified {
    run,       ///< it runs on the machine itself
    qemu,      ///< cross-compiled, linked and run under qemu-user
    lavapipe,  ///< run by Mesa's Vulkan implementation for CPUs
    ptxas,     ///< assembled by the CUDA Toolkit's ptxas, and run where there is a GPU
};
const char *to_string(Verified verified);

/// What schedules and cost models need to know of a machine. Sizes in bytes.
struct MachineNumbers {
    int cores;              ///< CPU cores, or streaming multiprocessors
    int lanes;              ///< floats in a CPU vector, or threads in a warp or subgroup
    int64_t l1, l2, l3;     ///< caches: of a core, of a core, shared; l3 is 0 if there is none
    double bandwidth;       ///< of main or device memory, in GB/s; the order of magnitude
    int64_t shared_memory;  ///< of a thread block; 0 on CPUs
    int max_threads;        ///< of a thread block; 0 on CPUs
    int max_arrays;         ///< that a kernel on the device may read and write; 0: any number, and on CPUs
};

/// A target that programs can be compiled for: all that the project knows about it.
struct TargetRow {
    std::string name;
    std::string halide;  ///< Halide's target string
    MachineNumbers machine;
    Verified verified;

    /// Throws Halide::CompileError that names the row when Halide does not know its target string.
    Halide::Target halide_target() const {
        _halide_user_assert(Halide::Target::validate_target_string(halide))
            << "TargetRow needs a target string of Halide's; " << name << " has " << halide << ".";
        return Halide::Target(halide);
    }
    bool is_gpu() const { return machine.max_threads > 0; }
};

/// All targets; `host` comes first.
const std::vector<TargetRow> &all_targets();

/// The machine that this program runs on.
const TargetRow &host();

/// The row of that name. Throws Halide::CompileError with the known names and the nearest one.
const TargetRow &find_target(const std::string &name);

/// Why programs for the target cannot run on this machine, or an empty text when they can.
std::string why_not_here(const TargetRow &row);

}  // namespace sylvite
