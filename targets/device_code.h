#pragma once

#include <Halide.h>

#include <string>
#include <vector>

namespace sylvite {

/// Device code of a lowered program: the PTX text of a kernel, or the SPIR-V of one of its GPU functions.
struct DeviceCode {
    enum class Kind { ptx, spirv };
    Kind kind;
    std::string
        name;  ///< of the kernel's function in the module; of several GPU functions, with `.1`, `.2`, ... behind
    std::string bytes;
};

/// The device code in a module, in the order of the module.
std::vector<DeviceCode> device_code(const Halide::Module &module);

/// What ptxas says of the GPU functions in one PTX text, for one architecture.
struct PtxFigures {
    std::string function;
    int registers = 0;     ///< of a thread
    int stack_bytes = 0;   ///< of a thread
    int spill_bytes = 0;   ///< stored to memory for want of registers
    int shared_bytes = 0;  ///< of a block, static
};

/// Assembles PTX for `architecture` ("sm_90") with the program `ptxas`, a path, and returns the figures of each function.
/// Throws Halide::RuntimeError with the output of ptxas when it refuses.
std::vector<PtxFigures> assemble_ptx(const std::string &ptx, const std::string &architecture, const std::string &ptxas);

/// Checks SPIR-V with the program `spirv_val` for Vulkan 1.1. Throws Halide::RuntimeError with its output when it
/// refuses.
void validate_spirv(const std::string &spirv, const std::string &spirv_val);

}  // namespace sylvite
