#pragma once

#include "random_choices.h"

#include <map>
#include <string>

namespace sylvite::testing {

/// What became of a graph.
enum class Verdict {
    right,
    wrong,       ///< a number differs, or something is read that must not be
    refused,     ///< a derivative that exists was refused
    failed,      ///< an error that is no refusal
    uncheckable  ///< the interpreter does not know an operation or would take too long, or Halide cannot run the graph
};

struct Finding {
    Verdict verdict = Verdict::right;
    std::string text;   ///< what is wrong, and the graph; empty if it is right
    std::string cause;  ///< the first of it, without names and numbers, to tell findings apart
};

/// What was checked on random graphs.
struct GraphStatistics {
    int graphs = 0, hessians = 0;
    long elements = 0;   ///< elements of jvp compared
    long infinite = 0;   ///< left out because the oracle says that the derivative is not finite
    long cancelled = 0;  ///< differ by no more than the rounding of larger numbers that cancel on the way
    std::map<Verdict, int> verdicts;
    std::map<std::string, int> causes;  ///< of what is not right

    void count(const Finding &finding);
    /// All figures in a line, and a line for each cause.
    std::string text() const;
};

/// Makes a graph, with its derivatives, and evaluates all of them with the interpreter, in doubles; the oracle is the
/// interpreter on the graph itself, in dual numbers. Checks jvp by elements; <u, Jv> = <J'u, v> over all inputs; that
/// nothing outside of what the graph reads is read, and that adjoints are zero there; for some graphs the Hessian, forward
/// over reverse, and reverse over reverse or forward over forward. Half of the graphs have values with many ties.
Finding check_random_graph(Choices &choices, unsigned values, GraphStatistics &statistics);

/// The same for derivatives that are compiled and run, scheduled in two ways, in arrays with NaN around what is read.
Finding check_compiled_graph(Choices &choices, unsigned values, GraphStatistics &statistics);

/// The same for programs with loops (random_program.h), compiled: jvp by central differences, vjp by <u, Jv> = <J'u, v>,
/// and of some the derivative of vjp by differences of it.
Finding check_random_program(Choices &choices, unsigned values, GraphStatistics &statistics);

/// Both derivatives of a program with loops, run on `target` with schedules that are found for it, against the baseline
/// target without schedules.
Finding check_random_program_on(const std::string &target, Choices &choices, unsigned values,
                                GraphStatistics &statistics);

}  // namespace sylvite::testing
