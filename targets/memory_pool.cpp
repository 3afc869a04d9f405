#include "targets/memory_pool.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

namespace sylvite {

namespace {

constexpr size_t alignment = 128;         // what Halide's own run time gives
constexpr size_t least_kept = 64 * 1024;  // malloc() itself keeps what is smaller
constexpr size_t most_too_large = 2;      // a block serves requests of at least 1/2 of its size
constexpr size_t most_held = 2;           // times what was in use: blocks of other sizes fit no tighter

// Before each block.
struct Header {
    void *start;  // what malloc() gave
    size_t bytes;
};

Header &header_of(void *memory) { return static_cast<Header *>(memory)[-1]; }

void *allocate(size_t bytes) {
    constexpr size_t room = alignment + sizeof(Header);
    void *start = bytes <= SIZE_MAX - room ? std::malloc(bytes + room) : nullptr;
    if (!start) {
        return nullptr;
    }
    const auto after_header = reinterpret_cast<uintptr_t>(start) + sizeof(Header);
    void *memory = static_cast<char *>(start) + sizeof(Header) + (alignment - after_header % alignment) % alignment;
    header_of(memory) = {start, bytes};
    return memory;
}

}  // namespace

MemoryPool::~MemoryPool() {
    for (const auto &[bytes, memory] : free_) {
        std::free(header_of(memory).start);
    }
}

void *MemoryPool::take(size_t bytes) {
    if (bytes < least_kept) {
        return allocate(bytes);
    }
    const std::lock_guard lock(mutex_);
    void *memory = nullptr;
    if (const auto it = free_.lower_bound(bytes); it != free_.end() && it->first / most_too_large <= bytes) {
        memory = it->second;
        kept_ -= it->first;
        free_.erase(it);
    } else {
        memory = allocate(bytes);
    }
    if (!memory) {
        return nullptr;
    }
    in_use_ += header_of(memory).bytes;
    most_in_use_ = std::max(most_in_use_, in_use_);
    while (!free_.empty() && (in_use_ + kept_) / most_held > most_in_use_) {
        const auto smallest = free_.begin();
        kept_ -= smallest->first;
        std::free(header_of(smallest->second).start);
        free_.erase(smallest);
    }
    return memory;
}

void MemoryPool::give_back(void *memory) {
    if (!memory) {
        return;
    }
    const auto [start, bytes] = header_of(memory);
    if (bytes < least_kept) {
        std::free(start);
        return;
    }
    const std::lock_guard lock(mutex_);
    in_use_ -= bytes;
    kept_ += bytes;
    free_.emplace(bytes, memory);
}

size_t MemoryPool::kept() const {
    const std::lock_guard lock(mutex_);
    return kept_;
}

}  // namespace sylvite
