#pragma once

#include <cstddef>
#include <map>
#include <mutex>

namespace sylvite {

/// Memory for the intermediate values of a program that runs again and again. Large blocks are kept when they are given
/// back: from malloc() they would come as pages that the system has to clear first, in each run anew. With the blocks in
/// use, those that are kept are at most twice what was ever in use at a time. Any number of threads may use it at once.
class MemoryPool {
public:
    MemoryPool() = default;
    MemoryPool(const MemoryPool &) = delete;
    MemoryPool &operator=(const MemoryPool &) = delete;
    /// All blocks must have been given back.
    ~MemoryPool();

    /// At least that many bytes, aligned for all vectors; null if there are none left.
    void *take(size_t bytes);
    /// Takes null too.
    void give_back(void *memory);

    /// The bytes of the blocks that are kept for the next take().
    size_t kept() const;

private:
    mutable std::mutex mutex_;
    std::multimap<size_t, void *> free_;  // by size
    size_t in_use_ = 0, kept_ = 0, most_in_use_ = 0;
};

}  // namespace sylvite
