// Differentiates random graphs and checks the results: ./dev fuzz N [SEED]. What is wrong is made as small as possible
// and stored as a text that --replay reads.

#include "apart.h"
#include "tests/autodiff/random_graph.h"
#include "tests/autodiff/random_program.h"
#include "tests/autodiff/random_shrink.h"

#include <CLI/CLI.hpp>

#include <iostream>

namespace {

using namespace sylvite::testing;

struct Options {
    int graphs = 100, shrinks = 600;
    unsigned seed = 1, seconds = 60;
    bool compiled = false, programs = false;
    std::string target, replay, store = ".";
};

// Makes the choices of a graph or program. Those are valid, as a rule; what cannot be made at all was stored as it is.
void make(bool program, Choices &choices) {
    try {
        program ? (void)random_program(choices) : (void)random_graph(choices);
    } catch (const Halide::Error &) {
    }
}

std::vector<std::string> target_names() {
    std::vector<std::string> names;
    for (const sylvite::TargetRow &row : sylvite::all_targets()) {
        names.push_back(row.name);
    }
    return names;
}

class Fuzz {
public:
    explicit Fuzz(const Options &options) : options_(options) {}

    int replay() {
        const StoredCase stored = load_case(options_.replay);
        Choices choices(stored.choices);
        const Finding finding = check(choices, stored.values, statistics_);
        std::cout << finding.text << statistics_.text();
        return is_bad(finding) ? 1 : 0;
    }

    int run() {
        for (int i = 0; i < options_.graphs; i++) {
            one(options_.seed + static_cast<unsigned>(i));
        }
        std::cout << "fuzz: from seed " << options_.seed << ", " << statistics_.text();
        return found_ == 0 ? 0 : 1;
    }

private:
    Options options_;
    GraphStatistics statistics_;
    int found_ = 0;

    static bool is_bad(const Finding &finding) {
        return finding.verdict != Verdict::right && finding.verdict != Verdict::uncheckable;
    }

    Finding check(Choices &choices, unsigned values, GraphStatistics &statistics) const {
        if (!options_.target.empty()) {
            return check_random_program_on(options_.target, choices, values, statistics);
        }
        return options_.programs   ? check_random_program(choices, values, statistics)
               : options_.compiled ? check_compiled_graph(choices, values, statistics)
                                   : check_random_graph(choices, values, statistics);
    }

    void one(unsigned seed) {
        const Finding finding = run_apart(
            [&](GraphStatistics &counted) {
                Choices choices(seed);
                return check(choices, seed, counted);
            },
            options_.seconds, statistics_);
        if (!is_bad(finding)) {
            return;
        }
        found_++;
        std::cout << "seed " << seed << ": " << finding.cause << std::endl;
        StoredCase smallest{seed, choices_of(seed)};
        Finding last = finding;
        smallest.choices = shrink(
            smallest.choices,
            [&](std::vector<int> &choices) {
                GraphStatistics counted;
                const Finding again = run_apart(
                    [&](GraphStatistics &inner) {
                        Choices played(choices);
                        return check(played, seed, inner);
                    },
                    options_.seconds, counted);
                const bool is_same = again.verdict == finding.verdict && again.cause == finding.cause;
                if (is_same) {
                    Choices played(choices);
                    make(options_.programs, played);
                    choices = played.made();
                    last = again;
                }
                return is_same;
            },
            finding.cause.rfind("not done", 0) == 0 ? 0 : options_.shrinks);
        const std::filesystem::path file =
            std::filesystem::path(options_.store) / ("seed-" + std::to_string(seed) + ".txt");
        store_case(file, smallest, last.text);
        std::cout << last.text << "stored as " << file.string() << std::endl;
    }

    std::vector<int> choices_of(unsigned seed) const {
        Choices choices(seed);
        make(options_.programs, choices);
        return choices.made();
    }
};

}  // namespace

int main(int argc, char **argv) {
    CLI::App app("Differentiates random graphs and checks the results.");
    Options options;
    app.add_option("graphs", options.graphs, "how many")->check(CLI::PositiveNumber);
    app.add_option("seed", options.seed, "of the first; the others follow");
    app.add_flag("--compiled", options.compiled, "compile and run the derivatives, instead of interpreting them");
    app.add_flag("--programs", options.programs, "programs with loops, compiled, in place of graphs");
    app.add_option("--target", options.target, "these on a target, with schedules that are found for it")
        ->needs("--programs")
        ->check(CLI::IsMember(target_names()));
    app.add_option("--replay", options.replay, "check a stored graph again")->check(CLI::ExistingFile);
    app.add_option("--store", options.store, "the folder for graphs that are wrong");
    app.add_option("--shrinks", options.shrinks, "how many runs it may take to make one of them small");
    app.add_option("--seconds", options.seconds, "how many seconds of processor time one graph may take");
    CLI11_PARSE(app, argc, argv);
    try {
        Fuzz fuzz(options);
        return options.replay.empty() ? fuzz.run() : fuzz.replay();
    } catch (const std::exception &error) {
        std::cerr << "fuzz: " << error.what() << "\n";
        return 2;
    }
}
