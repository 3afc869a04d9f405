#include "targets/memory_pool.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>

namespace sylvite {
namespace {

constexpr size_t large = 1 << 20;

TEST(MemoryPool, GivesTheSameBlockAgain) {
    MemoryPool pool;
    void *first = pool.take(large);
    ASSERT_NE(first, nullptr);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(first) % 128, 0);
    std::memset(first, 1, large);
    pool.give_back(first);
    EXPECT_EQ(pool.kept(), large);
    void *again = pool.take(large - 4096);
    EXPECT_EQ(again, first);
    EXPECT_EQ(pool.kept(), 0);
    pool.give_back(again);
}

TEST(MemoryPool, LeavesSmallBlocksToMalloc) {
    MemoryPool pool;
    void *small = pool.take(1000);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(small) % 128, 0);
    std::memset(small, 1, 1000);
    pool.give_back(small);
    pool.give_back(pool.take(0));
    pool.give_back(nullptr);
    EXPECT_EQ(pool.kept(), 0);
}

// Runs with other extents each time must not add up.
TEST(MemoryPool, KeepsNoMoreThanTwiceWhatWasInUse) {
    MemoryPool pool;
    size_t most = 0;
    for (size_t bytes = large; bytes < 64 * large; bytes = bytes * 5 / 2) {
        void *a = pool.take(bytes), *b = pool.take(bytes / 3);
        most = bytes + bytes / 3;
        EXPECT_LE(pool.kept() + bytes + bytes / 3, 2 * most + 1);
        pool.give_back(a);
        pool.give_back(b);
        EXPECT_LE(pool.kept(), 2 * most + 1);
    }
}

TEST(MemoryPool, DoesNotSpendALargeBlockOnAMuchSmallerOne) {
    MemoryPool pool;
    void *a = pool.take(8 * large);
    pool.give_back(a);
    void *b = pool.take(large);
    EXPECT_NE(b, a);
    pool.give_back(b);
}

TEST(MemoryPool, SaysWhenThereIsNoMemory) {
    MemoryPool pool;
    EXPECT_EQ(pool.take(SIZE_MAX), nullptr);
    EXPECT_EQ(pool.take(SIZE_MAX / 2), nullptr);
}

}  // namespace
}  // namespace sylvite
