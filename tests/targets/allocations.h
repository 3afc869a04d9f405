#pragma once

#include <Halide.h>

#include <cstdint>

// What programs take of memory, counted where it is asked for: by kernels from the handlers of a process, and by the run
// time of programs from malloc(), in whose place the linker puts a count (tests/CMakeLists.txt).

namespace sylvite::test {

/// Counts as long as it lives. One at a time.
class Allocations {
public:
    /// The allocation at which `until_failure` is 0 fails, which is counted down where it is not negative.
    Allocations();
    Allocations(const Allocations &) = delete;
    Allocations &operator=(const Allocations &) = delete;
    ~Allocations();

    void fail_after(int allocations);
    /// Bytes that were asked for and not given back, and the most since the last call of reset_peak().
    int64_t live() const;
    int64_t peak() const;
    void reset_peak();

private:
    Halide::JITHandlers before_;
};

}  // namespace sylvite::test
