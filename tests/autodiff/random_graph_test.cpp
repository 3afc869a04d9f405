#include "random_graph_check.h"

#include "tests/support/seeds.h"

#include <gtest/gtest.h>

namespace sylvite::testing {
namespace {

TEST(RandomGraphs, HaveRightDerivatives) {
    GraphStatistics statistics;
    for (unsigned i = 1; i <= 20; i++) {
        EXPECT_EQ(check_random_graph(seed_of(i), statistics), "");
    }
    EXPECT_GT(statistics.hessians, 0);
    EXPECT_GT(statistics.elements, 2 * statistics.unclear);
}

}  // namespace
}  // namespace sylvite::testing
