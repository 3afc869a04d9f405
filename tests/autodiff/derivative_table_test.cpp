// The table of what is checked, operations by modes, types and orders: docs/checked_derivatives.md.

#include "derivative_table.h"
#include "pipelines.h"
#include "rule_check.h"
#include "tests/support/golden.h"

#include <cmath>
#include <iostream>
#include <set>
#include <sstream>

using namespace sylvite;
using namespace sylvite::testing;
using namespace Halide;

namespace {

constexpr int order = 3;
constexpr unsigned seed = 7;

Subject subject_of(const Case &c) {
    const auto drawn_from = [low = c.low, high = c.high](const std::vector<int> &) { return std::pair(low, high); };
    return {c.name, c.in_sizes, c.box, c.build, drawn_from, c.in_min};
}

// One Func of the example's value at three points.
Subject subject_of(const Example &example) {
    constexpr int points = 3;
    const int operands = static_cast<int>(example.tested_on.size());
    const auto build = [operands](const std::function<Expr(const Operands &)> &value) -> std::function<Func(Func)> {
        return [value, operands](const Func &in) {
            Var s("s");
            Operands a;
            for (int k = 0; k < operands; k++) {
                a.push_back(in(k, s));
            }
            Func f("f");
            f(s) = value(a);
            return f;
        };
    };
    Subject subject{example.name,
                    {operands, points},
                    {{0, points}},
                    build(example.value),
                    [on = example.tested_on](const std::vector<int> &place) { return on[place[0]]; }};
    subject.error = example.error;
    // The others are smooth functions when nothing is rounded: differences of themselves are exact.
    static const std::set<std::string> look_at_the_bits_of_a_float = {"reinterpret", "fast_pow"};
    if (look_at_the_bits_of_a_float.count(example.name)) {
        subject.exact = build(example.exact);
    }
    return subject;
}

struct Group {
    std::string title;
    std::vector<Subject> subjects;
};

std::vector<Group> groups() {
    std::vector<Group> groups{{"Operations of the rule table", {}},
                              {"Compound functions", {}},
                              {"Pipelines: reads, reductions, scatters, updates, Tuples", {}},
                              {"Updates that read what they wrote: scans, recurrences, products, selections", {}},
                              {"Updates that store several values at once: scatter() and gather()", {}}};
    for (const Example &example : examples_of(rules())) {
        groups[0].subjects.push_back(subject_of(example));
    }
    for (const Example &example : compound_functions()) {
        groups[1].subjects.push_back(subject_of(example));
    }
    for (const Case &c : pipelines()) {
        groups[2].subjects.push_back(subject_of(c));
    }
    for (const Case &c : recurrences()) {
        groups[3].subjects.push_back(subject_of(c));
    }
    for (const Case &c : packets()) {
        groups[4].subjects.push_back(subject_of(c));
    }
    return groups;
}

struct Column {
    Type type;
    double tolerance;  // of rounding errors
};
const std::vector<Column> columns{{Float(16), 2e-2}, {Float(32), 2e-5}, {Float(64), 1e-8}};

// How many nestings of order 1, 2 and 3 are right: "2 4 8"; or why none was checked.
std::string checked(const Subject &subject, const Column &column) {
    std::vector<Cell> cells;
    try {
        cells = differentiate_in_every_way(subject, column.type, order, seed);
    } catch (const Halide::Error &error) {
        return error.what();
    } catch (const std::exception &error) {
        return error.what();
    }
    std::vector<int> right(order);
    for (const Cell &cell : cells) {
        const size_t k = cell.nesting.size() - 1;
        const double growth[] = {1, 10, 30};  // of what an approximation is wrong by, from order to order
        const double approximate = subject.error * growth[k];
        const auto agrees = [&](long double derivative, double tolerance) {
            return std::abs(derivative - cell.difference) <= tolerance * cell.size;  // not if it is NaN
        };
        const bool is_right = agrees(cell.unrounded, std::max(1e-9, subject.exact ? approximate : 0)) &&
                              agrees(cell.derivative, std::max(column.tolerance, approximate));
        EXPECT_TRUE(is_right) << subject.name << " in " << column.type << ", nesting " << cell.nesting << ": "
                              << cell.derivative << ", unrounded " << cell.unrounded << ", by differences "
                              << cell.difference << ", seed " << seed;
        right[k] += is_right;
    }
    return std::to_string(right[0]) + " " + std::to_string(right[1]) + " " + std::to_string(right[2]);
}

TEST(DerivativeTable, IsRightInEveryCell) {
    std::ostringstream page;
    page << "# Derivatives that are checked\n\n"
            "Made by the tests, which compute each cell; `./dev update-golden` writes it anew. A cell says how many "
            "nestings of order 1, 2\n"
            "and 3 are right: there are 2 (forward, reverse), 4 (forward over forward, forward over reverse, ...) and "
            "8. Where a cell was\n"
            "not checked it says why.\n\n"
            "Each nesting is evaluated twice, with every operation rounded to its type and with nothing rounded, and "
            "compared with central\n"
            "differences of eighth and sixth order in long double, along a random direction for each order: to 1e-9 "
            "unrounded; to 1e-8 in\n"
            "f64, 2e-5 in f32 and 2e-2 in f16, whose sums are in f32. The evaluator of the tests shares no code with "
            "Halide's compiler or\n"
            "the derivatives; compiled code is compared in other tests.\n";
    int rows = 0, checks = 0, unchecked = 0;
    for (const Group &group : groups()) {
        page << "\n| " << group.title << " | f16 | f32 | f64 |\n|---|---|---|---|\n";
        for (const Subject &subject : group.subjects) {
            page << "| " << subject.name << " |";
            rows++;
            for (const Column &column : columns) {
                const std::string cell = checked(subject, column);
                cell == "2 4 8" ? checks += 14 : unchecked++;
                page << " " << cell << " |";
            }
            page << "\n";
        }
    }
    std::cout << "counted: derivative table: " << rows << " rows x 3 types x 14 nestings of orders 1 to 3 = " << checks
              << " right, " << unchecked << " cells not checked or not right\n";
    EXPECT_EQ(unchecked, 0);
    expect_document("docs/checked_derivatives.md", page.str());
}

}  // namespace
