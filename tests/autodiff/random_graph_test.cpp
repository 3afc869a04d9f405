#include "random_graph_check.h"
#include "random_graph_inputs.h"
#include "random_shrink.h"

#include "tests/support/folder.h"
#include "tests/support/seeds.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <iostream>

namespace sylvite::testing {
namespace {

void expect_right(Finding (*check)(Choices &, unsigned, GraphStatistics &), unsigned first, int graphs) {
    GraphStatistics statistics;
    for (int i = 0; i < graphs; i++) {
        const unsigned seed = seed_of(first + static_cast<unsigned>(i));
        Choices choices(seed);
        const Finding finding = check(choices, seed, statistics);
        const bool is_right = finding.verdict == Verdict::right || finding.verdict == Verdict::uncheckable;
        EXPECT_TRUE(is_right) << "seed " << seed << ": " << finding.text;
    }
    std::cout << statistics.text();
    EXPECT_GT(statistics.hessians, 0);
    EXPECT_GT(statistics.elements, 100 * (statistics.infinite + statistics.cancelled));
    EXPECT_GT(statistics.graphs, 50 * statistics.verdicts[Verdict::uncheckable]);
}

TEST(RandomGraphs, HaveRightDerivatives) { expect_right(check_random_graph, 1, 5000); }

TEST(RandomGraphs, HaveRightDerivativesWhenCompiled) { expect_right(check_compiled_graph, 1, 300); }

TEST(RandomPrograms, HaveRightDerivatives) { expect_right(check_random_program, 1, 12); }

TEST(RandomPrograms, ComputeTheSameWhenScheduled) {
    GraphStatistics statistics;
    for (unsigned seed = seed_of(1), i = 0; i < 6; i++, seed++) {
        Choices choices(seed);
        const Finding finding = check_random_program_on("x86-64", choices, seed, statistics);
        EXPECT_EQ(finding.verdict, Verdict::right) << "seed " << seed << ": " << finding.text;
    }
}

// A graph whose adjoint adds up blocks of an array by loops and scatters a diagonal: Halide 21 left out iterations of loops
// that were cut at the ends of the blocks.
TEST(RandomGraphs, LoopsBesideADiagonalAreWhole) {
    GraphStatistics statistics;
    const StoredCase stored = load_case(SYLVITE_SOURCE_DIR "/tests/autodiff/cut_loops_graph.txt");
    Choices choices(stored.choices);
    EXPECT_EQ(check_compiled_graph(choices, stored.values, statistics).verdict, Verdict::right);
}

// Two equal values of 4.8e9 with tangents of 3e10 cancel in the output, and leave 2e-6 of the tangents.
TEST(RandomGraphs, RoundingIsNoWrongDerivative) {
    GraphStatistics statistics;
    const StoredCase stored = load_case(SYLVITE_SOURCE_DIR "/tests/autodiff/cancelling_graph.txt");
    Choices choices(stored.choices);
    EXPECT_EQ(check_random_graph(choices, stored.values, statistics).verdict, Verdict::right);
    EXPECT_GT(statistics.cancelled, 0);
}

// Names of Funcs are numbered by Halide, through the whole process.
std::string without_numbers(std::string text) {
    text.erase(std::remove_if(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; }), text.end());
    return text;
}

TEST(RandomGraphs, AreMadeAgainFromTheirChoices) {
    Choices drawn(seed_of(7));
    const std::string text = print_graph(random_graph(drawn));
    Choices played(drawn.made());
    EXPECT_EQ(without_numbers(print_graph(random_graph(played))), without_numbers(text));
    EXPECT_EQ(played.made(), drawn.made());
}

TEST(RandomGraphs, CanBeMadeFromAnyChoices) {
    for (const std::vector<int> &choices : {std::vector<int>{}, std::vector<int>(500, 1), std::vector<int>(500, 7)}) {
        Choices played(choices);
        GraphStatistics statistics;
        EXPECT_EQ(check_random_graph(played, 1, statistics).text, "");
    }
}

TEST(Shrink, FindsTheSimplestChoicesThatFail) {
    const std::vector<int> start{3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3, 2, 3, 8, 4, 6};
    int runs = 0;
    const auto fails = [&](std::vector<int> &choices) {  // a 4 or more somewhere before a 6 or more
        runs++;
        const auto first = std::find_if(choices.begin(), choices.end(), [](int c) { return c >= 4; });
        return first != choices.end() && std::any_of(first + 1, choices.end(), [](int c) { return c >= 6; });
    };
    EXPECT_EQ(shrink(start, fails, 1000), (std::vector<int>{4, 6}));
    EXPECT_LT(runs, 300);
    runs = 0;
    shrink(start, fails, 10);
    EXPECT_EQ(runs, 10);
}

TEST(Shrink, StoresCases) {
    const test::Folder folder;
    const std::filesystem::path file = folder.path() / "case.txt";
    store_case(file, {17, {3, 0, 5}}, "what is wrong\nin two lines\n");
    const StoredCase loaded = load_case(file);
    EXPECT_EQ(loaded.values, 17u);
    EXPECT_EQ(loaded.choices, (std::vector<int>{3, 0, 5}));
    std::filesystem::remove(file);
    EXPECT_THROW(load_case(file), std::runtime_error);
}

}  // namespace
}  // namespace sylvite::testing
