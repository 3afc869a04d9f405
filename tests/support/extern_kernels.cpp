// The C functions for tests, which JIT code calls in test programs.

extern "C" {
#include "tests/support/extern_kernels.c"  // NOLINT(bugprone-suspicious-include)
}
