#pragma once

#include <Halide.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

struct sylvite_loop_step;

namespace sylvite {

/// A step that is about to be made.
class LoopStep {
public:
    explicit LoopStep(const sylvite_loop_step &step);

    std::string loop;  ///< its name, as in schedules
    int step;          ///< 0, 1, ...
    int steps;         ///< how many the loop makes, or -1 if that is not known

    /// The names of the loop's states: those of the initial ones, `u.2` for a second u.
    std::vector<std::string> states() const;
    /// What the step finds as that state, to be read, and not written to, until the observer returns; copied to the host
    /// if it must be. Throws Halide::RuntimeError that lists the names when there is none of that name.
    Halide::Buffer<> state(const std::string &name) const;

    /// The same for C, and for Trace.
    const sylvite_loop_step &in_c() const { return in_c_; }

private:
    const sylvite_loop_step &in_c_;
};

/// What is called at the start of each step of each loop, in the thread that runs the program. When it returns false the
/// program ends, with sylvite_cancelled and undefined outputs.
using Observer = std::function<bool(const LoopStep &)>;

/// What the calls of each kernel took.
class Profile {
public:
    struct Kernel {
        std::string program, name;
        int64_t calls;
        double seconds;  ///< of all calls together
    };
    const std::vector<Kernel> &kernels() const { return kernels_; }

    /// A table, longest times first, with numbers of calls, sums and means of times, and shares in all kernels' time.
    std::string text() const;

    void add(const Kernel &kernel);

private:
    std::vector<Kernel> kernels_;
};

/// What a caller wants to know of a run: `run(arguments, {.finite = true})`, or only an Observer. Arrays on devices are
/// copied to the host to be looked at, and to be timed a kernel is waited for.
struct Watch {
    Observer observer = nullptr;
    /// Whether to look at all floats that a kernel wrote after it ran: an infinity or a NaN ends the program with
    /// sylvite_not_finite and a text that says where.
    bool finite = false;
    Profile *profile = nullptr;  ///< where the times of kernels are added up
};

}  // namespace sylvite
