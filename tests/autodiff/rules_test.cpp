// Every row of the rule table, tested from the table itself.

#include "autodiff/rules.h"
#include "rule_check.h"
#include "tests/support/golden.h"

#include <gtest/gtest.h>

#include <cmath>
#include <iostream>
#include <set>

using namespace sylvite;
using namespace sylvite::testing;
using namespace Halide;

namespace {

// The rows of the table and the compound functions.
const std::vector<Example> &examples() {
    static const std::vector<Example> all = [] {
        std::vector<Example> examples = examples_of(rules());
        examples.insert(examples.end(), compound_functions().begin(), compound_functions().end());
        return examples;
    }();
    return all;
}

constexpr unsigned seed = 7;

const Differences &differences() {
    static const Differences all(examples(), seed);
    return all;
}

struct Precision {
    Type type;
    double first, second;  // tolerances; second partials are not checked if that is 0
};

TEST(Rules, EveryRowIsRightInBothModes) {
    int checks = 0;
    const std::vector<Precision> precisions{{Float(64), 1e-8, 1e-5}, {Float(32), 2e-5, 2e-4}, {Float(16), 2e-2, 0}};
    for (const auto &[type, first, second] : precisions) {
        for (const Mode mode : {Mode::forward, Mode::reverse}) {
            const auto derivatives =
                differentiate(examples(), differences().operands(), type, mode, second > 0 ? 2 : 1);
            for (size_t e = 0; e < examples().size(); e++) {
                int wrong = 0;
                const auto check = [&](double derivative, double difference, double tolerance,
                                       const std::string &what) {
                    if (!agree(derivative, difference, std::max(tolerance, examples()[e].error)) && wrong++ == 0) {
                        ADD_FAILURE() << examples()[e].name << " in " << type
                                      << (mode == Mode::forward ? " forward: " : " reverse: ") << what << " is "
                                      << derivative << ", by differences " << difference << ", seed " << seed;
                    }
                };
                for (int p = 0; p < Differences::points; p++) {
                    const OperationPartials &d = derivatives[e][p];
                    const OperationPartials wanted = differences().at(e, p);
                    for (size_t k = 0; k < wanted.first.size(); k++) {
                        check(d.first[k], wanted.first[k], first, "partial " + std::to_string(k));
                        for (size_t j = 0; j < wanted.first.size() && second > 0 && examples()[e].error < 1e-5; j++) {
                            check(d.second[k][j], wanted.second[k][j], second,
                                  "partial " + std::to_string(k) + " " + std::to_string(j));
                        }
                    }
                }
                checks++;
            }
        }
    }
    std::cout << "counted: rules: " << rules().size() << " rows and " << compound_functions().size()
              << " compound functions x 2 modes x 3 "
              << "types = " << checks << " checked at " << Differences::points << " points\n";
    EXPECT_EQ(checks, static_cast<int>((rules().size() + compound_functions().size()) * 6));
}

// A wrong rule: one partial of a row, spoiled.
struct Plant {
    Rule rule;
    std::string what;
};

std::vector<Plant> plants_of(const Rule &row, const Example &example) {
    // The example shows how many operands there are and which of them are floats.
    Operands a;
    for (size_t k = 0; k < example.tested_on.size(); k++) {
        a.push_back(Internal::Variable::make(Float(64), "a" + std::to_string(k)));
    }
    Operation operation;
    class Find : public Internal::IRGraphVisitor {
    public:
        Find(const std::string &name, Operation &found, Expr &node) : name_(name), found_(found), node_(node) {}
        void include(const Expr &e) override {
            const Operation operation = operation_of(e);
            if (operation.name == name_ && e.type().is_float()) {
                found_ = operation;
                node_ = e;
            }
            Internal::IRGraphVisitor::include(e);
        }

    private:
        const std::string &name_;
        Operation &found_;
        Expr &node_;
    };
    Expr node;
    Find find(row.operation, operation, node);
    find.include(Internal::substitute_in_all_lets(example.value(a)));
    if (!node.defined()) {
        ADD_FAILURE() << "the example of " << row.operation << " does not use it";
        return {};
    }
    const std::vector<Partial> right = row.partials(operation.operands, node);
    std::vector<Plant> plants;
    const auto plant = [&](size_t k, const std::string &what,
                           const std::function<Partial(const Partial &, Type)> &spoil) {
        Rule wrong = row;
        wrong.partials = [=](const Operands &a, const Expr &y) {
            std::vector<Partial> partials = row.partials(a, y);
            partials.resize(std::max(partials.size(), k + 1));
            partials[k] = spoil(partials[k], y.type());
            return partials;
        };
        plants.push_back({wrong, row.operation + ": partial " + std::to_string(k) + " " + what});
    };
    for (size_t k = 0; k < operation.operands.size(); k++) {
        class UsesVariables : public Internal::IRGraphVisitor {
        public:
            bool found = false;
            using Internal::IRGraphVisitor::visit;
            void visit(const Internal::Variable *op) override { found = found || op->type.is_float(); }
        } uses;
        operation.operands[k].accept(&uses);
        if (!operation.operands[k].type().is_float() || !uses.found) {
            continue;  // nothing is ever asked of this partial
        }
        const bool is_there = k < right.size() && right[k].coefficient.defined();
        plant(k, "slightly larger", [](const Partial &p, Type type) {
            // Not p (1 + s) + s, which leaves p = -1 as it is.
            const Expr small = Internal::make_const(type, 1e-4);
            return p.coefficient.defined() ? Partial(p.coefficient * (1 + small) + 3 * small, p.guard) : Partial(small);
        });
        if (is_there) {
            plant(k, "dropped", [](const Partial &, Type) { return Partial(); });
            plant(k, "of the wrong sign", [](const Partial &p, Type) { return Partial(-p.coefficient, p.guard); });
        }
        if (is_there && right[k].guard.defined()) {
            plant(k, "without its guard", [](const Partial &p, Type) { return Partial(p.coefficient); });
            plant(k, "with the opposite guard",
                  [](const Partial &p, Type) { return Partial(p.coefficient, !p.guard); });
        }
    }
    return plants;
}

// Whether the rules of the table are right and every wrong one that is planted in their place is noticed.
void expect_right_rules_only(const std::vector<Rule> &rules, const std::vector<Example> &rows,
                             const Differences &differences) {
    const RuleLookup known = [&](const std::string &operation) -> const Rule * {
        const auto it =
            std::find_if(rules.begin(), rules.end(), [&](const Rule &rule) { return rule.operation == operation; });
        return it == rules.end() ? rule_for(operation) : &*it;
    };
    std::vector<std::vector<Plant>> plants;
    std::vector<std::vector<RuleLookup>> tables;
    for (size_t row = 0; row < rules.size(); row++) {
        plants.push_back(plants_of(rules[row], rows[row]));
        tables.push_back({known});
        for (const Plant &plant : plants.back()) {
            tables.back().emplace_back([rule = &plant.rule, &known](const std::string &operation) {
                return operation == rule->operation ? rule : known(operation);
            });
        }
    }
    const FirstPartials partials = first_partials(rows, tables, differences);
    const auto is_right = [&](size_t row, size_t table) {
        // What is left of the error of an approximation are the single floats in it.
        const double tolerance = rows[row].exact ? 3e-5 : std::max(1e-8, rows[row].error);
        for (int p = 0; p < Differences::points; p++) {
            for (size_t k = 0; k < rows[row].tested_on.size(); k++) {
                if (!agree(partials[row][table][p][k], differences.at(row, p).first[k], tolerance)) {
                    return false;
                }
            }
        }
        return true;
    };
    int planted = 0, caught = 0;
    for (size_t row = 0; row < rows.size(); row++) {
        EXPECT_TRUE(is_right(row, 0)) << rows[row].name << ", with the rule that is in the table";
        for (size_t i = 0; i < plants[row].size(); i++) {
            planted++;
            caught += !is_right(row, i + 1);
            EXPECT_FALSE(is_right(row, i + 1)) << plants[row][i].what << " was not noticed";
        }
    }
    std::cout << "counted: rules: planted " << planted << ", caught " << caught << "\n";
    EXPECT_GE(planted, 3 * static_cast<int>(rules.size()));
}

TEST(Rules, EveryPlantedWrongRuleIsCaught) {
    const std::vector<Example> rows(examples().begin(), examples().begin() + static_cast<long>(rules().size()));
    expect_right_rules_only(rules(), rows, differences());
}

// A C function that a user adds is one row, also where it computes in fewer bits than the differences are taken in.
TEST(Rules, ARowForAFunctionOfSingleFloatsIsTestedLikeAnyOther) {
    const Rule cube_root{"extern cbrtf",
                         [](const Operands &, const Expr &y) { return std::vector<Partial>{1 / (3 * y * y)}; },
                         [](const Operands &a) {
                             return cast(a[0].type(), Internal::Call::make(Float(32), "cbrtf", {cast<float>(a[0])},
                                                                           Internal::Call::PureExtern));
                         },
                         {{0.5, 3}},
                         ""};
    const std::vector<Example> rows = examples_of({cube_root});
    expect_right_rules_only({cube_root}, rows, Differences(rows, seed));
}

TEST(Rules, Manual) { expect_document("docs/rules.md", rules_as_markdown()); }

}  // namespace
