#pragma once

#include <gtest/gtest.h>

/// The seed of a random test's case `i`: `i` itself in ctest, so that it can never fail by chance, and another one in
/// each `./dev fuzz`, which runs the tests that have Random or Fuzz in their names.
inline unsigned seed_of(unsigned i) { return i + 100000u * static_cast<unsigned>(GTEST_FLAG_GET(random_seed)); }
