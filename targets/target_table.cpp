#include "targets/target_table.h"

#include "frontend/names.h"
#include "targets/runtime/sylvite_runtime.h"

#include <dlfcn.h>
#include <thread>
#include <unistd.h>

namespace sylvite {

namespace {

constexpr int64_t KB = 1024, MB = 1024 * KB;  // NOLINT(readability-identifier-naming): units

int64_t cache_bytes(int name, int64_t otherwise) {
    const long bytes = sysconf(name);
    return bytes > 0 ? bytes : otherwise;
}

TargetRow host_row() {
    const Halide::Target target = Halide::get_host_target();
    return {"host",
            target.to_string(),
            {static_cast<int>(std::max(1u, std::thread::hardware_concurrency())), target.natural_vector_size<float>(),
             cache_bytes(_SC_LEVEL1_DCACHE_SIZE, 32 * KB), cache_bytes(_SC_LEVEL2_CACHE_SIZE, 512 * KB),
             cache_bytes(_SC_LEVEL3_CACHE_SIZE, 0), 20, 0, 0, 0},
            Verified::run};
}

// To add a target, add a row. The numbers of a CPU are those of a common machine of the level; of a GPU, of the chip
// named beside it. The host side of the GPU targets needs AVX2.
// clang-format off
std::vector<TargetRow> table() {
    const std::string avx2 = "x86-64-linux-sse41-avx-avx2-f16c-fma";
    const std::string avx512 = avx2 + "-avx512-avx512_skylake", cuda = avx2 + "-cuda-cuda_capability_",
                      vulkan = avx2 + "-vulkan-vk_int8-vk_int16-vk_int64-vk_float16-vk_float64";
    return {
        host_row(),
        // name            Halide target                            cores lanes      L1       L2       L3   GB/s  shared   threads  arrays
        {"x86-64",         "x86-64-linux",                           { 4,    4,  32*KB, 256*KB,   8*MB,   20,      0,      0,      0}, Verified::run},
        {"x86-64-avx2",    avx2,                                     { 8,    8,  32*KB, 512*KB,  16*MB,   40,      0,      0,      0}, Verified::run},
        {"x86-64-avx512",  avx512,                                   {16,   16,  48*KB,   2*MB,  32*MB,  100,      0,      0,      0}, Verified::run},
        {"aarch64",        "arm-64-linux",                           { 8,    4,  64*KB,   1*MB,  16*MB,   50,      0,      0,      0}, Verified::qemu},
        {"cuda-75",        cuda + "75",                               {40,   32,  64*KB,   4*MB,      0,  320,  48*KB,   1024,      0}, Verified::ptxas},    // T4
        {"cuda-80",        cuda + "80",                               {108,  32, 192*KB,  40*MB,      0, 1555,  48*KB,   1024,      0}, Verified::ptxas},    // A100
        {"cuda-86",        cuda + "86",                               {82,   32, 128*KB,   6*MB,      0,  936,  48*KB,   1024,      0}, Verified::ptxas},    // RTX 3090
        {"vulkan",         vulkan,                                   {32,   32,  16*KB,   4*MB,      0,  400,  16*KB,    256,     32}, Verified::lavapipe}, // limits that most devices have
    };
}
// clang-format on

// The library stays loaded: Halide's run time opens it under this name too.
std::string why_no_cuda() {
    void *driver = dlopen("libcuda.so", RTLD_LAZY);
    if (!driver) {
        return "there is no CUDA driver (libcuda.so)";
    }
    const auto initialise = reinterpret_cast<int (*)(unsigned)>(dlsym(driver, "cuInit"));
    const auto count = reinterpret_cast<int (*)(int *)>(dlsym(driver, "cuDeviceGetCount"));
    int devices = 0;
    const bool works = initialise && count && initialise(0) == 0 && count(&devices) == 0 && devices > 0;
    return works ? "" : "the CUDA driver finds no GPU";
}

}  // namespace

const char *to_string(Verified verified) {
    switch (verified) {
    case Verified::run:
        return "run";
    case Verified::qemu:
        return "run under qemu";
    case Verified::lavapipe:
        return "run on lavapipe";
    case Verified::ptxas:
        return "assembled by ptxas, run where there is a GPU";
    }
    return "";
}

const std::vector<TargetRow> &all_targets() {
    static const std::vector<TargetRow> rows = table();
    return rows;
}

const TargetRow &host() { return all_targets().front(); }

const TargetRow &find_target(const std::string &name) {
    std::vector<std::string> names;
    for (const TargetRow &row : all_targets()) {
        if (row.name == name) {
            return row;
        }
        names.push_back(row.name);
    }
    _halide_user_error << "There is no target " << name << "; the targets are " << list_of(names)
                       << did_you_mean(name, names);
    return host();
}

std::string why_not_here(const TargetRow &row) {
    using Halide::Target;
    const Target target = row.halide_target(), here = Halide::get_host_target();
    if (target.arch != here.arch || target.bits != here.bits || target.os != here.os) {
        return "its code is for another processor or operating system";
    }
    static const std::pair<Target::Feature, const char *> levels[] = {
        {Target::AVX2, "AVX2"}, {Target::AVX512_Skylake, "AVX-512"}, {Target::FMA, "FMA"}, {Target::F16C, "F16C"}};
    for (const auto &[feature, name] : levels) {
        if (target.has_feature(feature) && !here.has_feature(feature)) {
            return std::string("this processor has no ") + name;
        }
    }
    if (target.has_feature(Target::CUDA)) {
        return why_no_cuda();
    }
    const char *obstacle = target.has_feature(Target::Vulkan) ? sylvite_why_no_vulkan() : nullptr;
    return obstacle ? obstacle : "";
}

}  // namespace sylvite
