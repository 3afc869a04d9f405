#include "targets/watch.h"

#include "frontend/names.h"
#include "targets/runtime/sylvite_runtime.h"

#include <algorithm>
#include <cmath>

namespace sylvite {

LoopStep::LoopStep(const sylvite_loop_step &step) : loop(step.loop), step(step.step), steps(step.steps), in_c_(step) {}

std::vector<std::string> LoopStep::states() const { return {in_c_.names, in_c_.names + in_c_.states}; }

Halide::Buffer<> LoopStep::state(const std::string &name) const {
    const std::vector<std::string> names = states();
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) {
        throw Halide::RuntimeError(("state() needs a state of loop " + loop + "; it has no " + name +
                                    ", and its states are " + list_of(names) + did_you_mean(name, names))
                                       .c_str());
    }
    const halide_buffer_t *array = sylvite_state(&in_c_, static_cast<int>(found - names.begin()));
    if (!array) {
        throw Halide::RuntimeError(
            ("state " + name + " of loop " + loop + " cannot be copied from its device").c_str());
    }
    return Halide::Runtime::Buffer<>(*array);
}

void Profile::add(const Kernel &kernel) {
    for (Kernel &known : kernels_) {
        if (known.program == kernel.program && known.name == kernel.name) {
            known.calls += kernel.calls;
            known.seconds += kernel.seconds;
            return;
        }
    }
    kernels_.push_back(kernel);
}

std::string Profile::text() const {
    std::vector<sylvite_kernel_time> rows;
    for (const Kernel &kernel : kernels_) {
        rows.push_back({kernel.program.c_str(), kernel.name.c_str(), kernel.calls, std::llround(kernel.seconds * 1e9)});
    }
    const int count = static_cast<int>(rows.size());
    const sylvite_profile profile{rows.data(), count, count, 0};
    std::string text(sylvite_profile_text(&profile, nullptr, 0), ' ');
    sylvite_profile_text(&profile, text.data(), text.size() + 1);
    return text;
}

}  // namespace sylvite
