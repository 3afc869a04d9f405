#include "tests/targets/allocations.h"

#include <atomic>
#include <cstdlib>
#include <map>
#include <mutex>

namespace {

struct Count {
    std::mutex mutex;
    bool counting = false;
    int until_failure = -1;
    int64_t live = 0, peak = 0;
    std::map<void *, int64_t> blocks;
};

Count &count() {
    static Count one;
    return one;
}

template<typename Allocate>
void *counted(size_t bytes, Allocate allocate) {
    Count &c = count();
    const std::lock_guard lock(c.mutex);
    if (!c.counting) {
        return allocate();
    }
    if (c.until_failure >= 0 && c.until_failure-- == 0) {
        return nullptr;
    }
    void *memory = allocate();
    c.blocks[memory] = static_cast<int64_t>(bytes);
    c.live += static_cast<int64_t>(bytes);
    c.peak = std::max(c.peak, c.live);
    return memory;
}

void forget(void *memory) {
    Count &c = count();
    const std::lock_guard lock(c.mutex);
    if (const auto found = c.blocks.find(memory); found != c.blocks.end()) {
        c.live -= found->second;
        c.blocks.erase(found);
    }
}

}  // namespace

extern "C" {                         // the linker puts these in place of malloc and free
void *__real_malloc(size_t bytes);   // NOLINT
void __real_free(void *memory);      // NOLINT
void *__wrap_malloc(size_t bytes) {  // NOLINT
    return counted(bytes, [&] { return __real_malloc(bytes); });
}
void __wrap_free(void *memory) {  // NOLINT
    forget(memory);
    __real_free(memory);
}
}

namespace sylvite::test {

Allocations::Allocations() {
    Halide::JITHandlers handlers;
    handlers.custom_malloc = [](Halide::JITUserContext *, size_t bytes) {
        return counted(bytes, [&] { return std::aligned_alloc(128, (bytes + 255) / 128 * 128); });
    };
    handlers.custom_free = [](Halide::JITUserContext *, void *memory) {
        forget(memory);
        __real_free(memory);
    };
    before_ = Halide::Internal::JITSharedRuntime::set_default_handlers(handlers);
    Count &c = count();
    c.blocks.clear();
    c.live = c.peak = 0;
    c.until_failure = -1;
    c.counting = true;
}

Allocations::~Allocations() {
    count().counting = false;
    Halide::Internal::JITSharedRuntime::set_default_handlers(before_);
}

void Allocations::fail_after(int allocations) { count().until_failure = allocations; }
int64_t Allocations::live() const { return count().live; }
int64_t Allocations::peak() const { return count().peak; }
void Allocations::reset_peak() { count().peak = count().live; }

}  // namespace sylvite::test
