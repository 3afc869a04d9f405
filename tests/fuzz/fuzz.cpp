// Differentiates random graphs until one is wrong: ./dev fuzz N [SEED].

#include "tests/autodiff/random_graph_check.h"

#include <CLI/CLI.hpp>

#include <iostream>

int main(int argc, char **argv) {
    CLI::App app("Differentiates random graphs and checks the results.");
    int graphs = 100;
    unsigned seed = 1;
    app.add_option("graphs", graphs, "how many")->check(CLI::PositiveNumber);
    app.add_option("seed", seed, "of the first; the others follow");
    CLI11_PARSE(app, argc, argv);

    sylvite::testing::GraphStatistics statistics;
    int wrong = 0;
    for (int i = 0; i < graphs; i++) {
        const std::string problem = check_random_graph(seed + static_cast<unsigned>(i), statistics);
        if (!problem.empty()) {
            std::cout << problem << std::endl;
            wrong++;
        }
    }
    std::cout << "fuzz: " << statistics.graphs << " graphs from seed " << seed << ", " << wrong << " wrong, "
              << statistics.hessians << " Hessians, " << statistics.elements << " elements compared with differences ("
              << statistics.unclear << " at a kink)\n";
    return wrong == 0 ? 0 : 1;
}
