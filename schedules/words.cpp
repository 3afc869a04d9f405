#include "schedules/words.h"

#include "schedules/directives.h"

namespace sylvite {

using Halide::DeviceAPI;
using Halide::MemoryType;
using Halide::TailStrategy;

const Words<TailStrategy> &tail_words() {
    static const Words<TailStrategy> words = {
        {"auto", TailStrategy::Auto},
        {"guard_with_if", TailStrategy::GuardWithIf},
        {"predicate", TailStrategy::Predicate},
        {"predicate_loads", TailStrategy::PredicateLoads},
        {"predicate_stores", TailStrategy::PredicateStores},
        {"shift_inwards", TailStrategy::ShiftInwards},
        {"shift_inwards_and_blend", TailStrategy::ShiftInwardsAndBlend},
        {"round_up", TailStrategy::RoundUp},
        {"round_up_and_blend", TailStrategy::RoundUpAndBlend},
    };
    return words;
}

const Words<MemoryType> &memory_words() {
    static const Words<MemoryType> words = {
        {"auto", MemoryType::Auto},
        {"heap", MemoryType::Heap},
        {"stack", MemoryType::Stack},
        {"register", MemoryType::Register},
        {"gpu_shared", MemoryType::GPUShared},
    };
    return words;
}

const Words<DeviceAPI> &device_words() {
    static const Words<DeviceAPI> words = {
        {"default", DeviceAPI::Default_GPU},
        {"cuda", DeviceAPI::CUDA},
        {"vulkan", DeviceAPI::Vulkan},
    };
    return words;
}

const Words<Halide::Partition> &partition_words() {
    static const Words<Halide::Partition> words = {
        {"auto", Halide::Partition::Auto},
        {"always", Halide::Partition::Always},
        {"never", Halide::Partition::Never},
    };
    return words;
}

std::vector<std::string> words_for(ArgumentKind kind) {
    std::vector<std::string> words;
    auto add = [&](const auto &table) {
        for (const auto &[word, value] : table) {
            words.push_back(word);
        }
    };
    switch (kind) {
    case ArgumentKind::Tail:
        add(tail_words());
        break;
    case ArgumentKind::Memory:
        add(memory_words());
        break;
    case ArgumentKind::Device:
        add(device_words());
        break;
    case ArgumentKind::Partition:
        add(partition_words());
        break;
    default:
        break;
    }
    return words;
}

}  // namespace sylvite
