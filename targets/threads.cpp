#include "targets/threads.h"

#include <Halide.h>

using Halide::Internal::JITSharedRuntime;

namespace sylvite {

int set_threads(int threads) {
    _halide_user_assert(threads >= 0) << "set_threads() needs a number of threads, or 0 for all; it has " << threads
                                      << ".";
    JITSharedRuntime::get(nullptr, Halide::get_host_target());  // Halide forgets numbers that come before its run time
    return JITSharedRuntime::set_num_threads(threads);
}

}  // namespace sylvite
