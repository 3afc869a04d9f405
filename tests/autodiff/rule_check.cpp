#include "rule_check.h"

#include "autodiff/autodiff.h"
#include "autodiff/linear_form.h"
#include "derivative_check.h"

#include <cmath>
#include <random>

namespace sylvite::testing {

using namespace Halide;
using Halide::Internal::Call;

namespace {

// A stencil has the point itself, +-1 and +-2 steps along each operand, and +-1 and +-2 along the diagonals of each two.
const std::array<std::array<int, 2>, 8> diagonal = {
    {{1, 1}, {1, -1}, {-1, 1}, {-1, -1}, {2, 2}, {2, -2}, {-2, 2}, {-2, -2}}};

int stencil_size(int operands) { return 1 + 4 * operands + 8 * (operands * (operands - 1) / 2); }

// The place in a stencil of the point that is `steps` away along the operands `which`.
int place(int operands, std::array<int, 2> which, std::array<int, 2> steps) {
    if (steps[0] == 0 && steps[1] == 0) {
        return 0;
    }
    if (steps[1] == 0) {
        return 1 + 4 * which[0] + (steps[0] > 0 ? steps[0] - 1 : 1 - steps[0]);
    }
    int pair = 0;
    for (int j = 0; j < which[0]; j++) {
        pair += operands - 1 - j;
    }
    pair += which[1] - which[0] - 1;
    const auto it = std::find(diagonal.begin(), diagonal.end(), steps);
    return 1 + 4 * operands + 8 * pair + static_cast<int>(it - diagonal.begin());
}

Target without_checks() { return quick_target().with_feature(Target::NoAsserts).with_feature(Target::NoBoundsQuery); }

// Makes Funcs from Exprs of point number s, one Func of many values an example, and computes them all at once.
std::vector<std::vector<Buffer<double>>> compute(const std::vector<std::vector<Expr>> &values, const Var &s,
                                                 const std::vector<int> &sizes) {
    std::vector<Func> outputs;
    std::vector<Buffer<>> buffers;
    std::vector<std::vector<Buffer<double>>> result(values.size());
    for (size_t e = 0; e < values.size(); e++) {
        Func output("out");
        std::vector<Expr> doubles;
        for (const Expr &value : values[e]) {
            doubles.push_back(cast<double>(value));
            result[e].emplace_back(sizes[e]);
            buffers.push_back(result[e].back());
        }
        output(s) = doubles.size() == 1 ? Tuple(doubles[0]) : Tuple(doubles);
        outputs.push_back(output);
    }
    Pipeline(outputs).realize(Realization(buffers), without_checks());
    return result;
}

// Examples that are too inexact for differences, and what they approximate.
struct Approximation {
    const char *operation;
    Expr (*exact)(const Operands &);
    double error;
};
const Approximation approximations[] = {
    {"fast_inverse", [](const Operands &a) { return 1 / a[0]; }, 2e-3},
    {"fast_inverse_sqrt", [](const Operands &a) { return 1 / sqrt(a[0]); }, 2e-3},
    {"reinterpret", [](const Operands &a) { return log(a[0]); }, 3e-5},  // by fast_log
};

const Approximation *approximation(const std::string &operation) {
    const auto *it = std::find_if(std::begin(approximations), std::end(approximations),
                                  [&](const Approximation &a) { return a.operation == operation; });
    return it == std::end(approximations) ? nullptr : it;
}

// What Halide's approximate functions approximate.
class Exactly : public Internal::IRGraphMutator {
    using Internal::IRGraphMutator::visit;
    Expr visit(const Call *op) override {
        const Operation operation = operation_of(op);
        const Approximation *found = approximation(operation.name);
        return found && op->is_extern() ? found->exact({mutate(op->args[0])}) : Internal::IRGraphMutator::visit(op);
    }
};

// Whether something is computed in fewer bits than f64 by a function that has no version in f64.
bool rounds_to_single(const Example &example) {
    class Find : public Internal::IRGraphVisitor {
    public:
        bool found = false;
        using Internal::IRGraphVisitor::visit;
        void visit(const Call *op) override {
            found = found || (op->type.is_float() && op->type.bits() < 64 && !op->args.empty());
            Internal::IRGraphVisitor::visit(op);
        }
    } find;
    Operands a;
    for (size_t k = 0; k < example.tested_on.size(); k++) {
        a.push_back(Internal::Variable::make(Float(64), "a" + std::to_string(k)));
    }
    example.value(a).accept(&find);
    return find.found;
}

}  // namespace

std::vector<Example> examples_of(const std::vector<Rule> &table) {
    std::vector<Example> examples;
    for (const Rule &rule : table) {
        Example example{rule.operation, rule.example, rule.tested_on};
        if (const Approximation *found = approximation(rule.operation)) {
            example.exact = found->exact;
            example.error = found->error;
        } else if (rounds_to_single(example)) {
            // Rounding errors are divided by the step; they and what the stencil leaves out are about equal then.
            example.step = 1.0 / 64;
            example.error = 5e-5;
        }
        examples.push_back(example);
    }
    return examples;
}

Differences::Differences(const std::vector<Example> &examples, unsigned seed) :
    examples_(examples), operands_(points, 4, static_cast<int>(examples.size())) {
    std::mt19937 random(seed);
    operands_.fill(0);
    Buffer<double> stencils(points * stencil_size(4), 4, static_cast<int>(examples.size()));
    stencils.fill(0);
    Var s("s");
    std::vector<std::vector<Expr>> values;
    std::vector<int> sizes;
    for (size_t e = 0; e < examples.size(); e++) {
        const int n = static_cast<int>(examples[e].tested_on.size()), example = static_cast<int>(e);
        Operands a;
        for (int k = 0; k < n; k++) {
            const auto [low, high] = examples[e].tested_on[k];
            for (int p = 0; p < points; p++) {
                const double x = std::uniform_real_distribution<double>(low, high)(random);
                operands_(p, k, example) = static_cast<double>(static_cast<float>(float16_t(x)));
            }
            a.push_back(stencils(s, k, example));
        }
        for (int p = 0; p < points; p++) {
            const auto put = [&](std::array<int, 2> which, std::array<int, 2> steps) {
                const int at = p * stencil_size(n) + place(n, which, steps);
                for (int k = 0; k < n; k++) {
                    const int moved = (k == which[0] ? steps[0] : 0) + (k == which[1] ? steps[1] : 0);
                    stencils(at, k, example) = operands_(p, k, example) + moved * examples[e].step;
                }
            };
            put({-1, -1}, {0, 0});
            for (int k = 0; k < n; k++) {
                for (int steps : {1, -1, 2, -2}) {
                    put({k, -1}, {steps, 0});
                }
                for (int j = k + 1; j < n; j++) {
                    for (const auto &steps : diagonal) {
                        put({k, j}, steps);
                    }
                }
            }
        }
        values.push_back({examples[e].exact ? examples[e].exact(a) : examples[e].value(a)});
        sizes.push_back(points * stencil_size(n));
    }
    for (const auto &computed : compute(values, s, sizes)) {
        values_.push_back(computed[0]);
    }
}

double Differences::value(size_t example, int point, std::array<int, 2> which, std::array<int, 2> steps) const {
    const int n = static_cast<int>(examples_[example].tested_on.size());
    return values_[example](point * stencil_size(n) + place(n, which, steps));
}

OperationPartials Differences::at(size_t example, int point) const {
    const int n = static_cast<int>(examples_[example].tested_on.size());
    const double step = examples_[example].step;
    OperationPartials d{std::vector<double>(n), std::vector<std::vector<double>>(n, std::vector<double>(n))};
    for (int k = 0; k < n; k++) {
        const auto f = [&](int steps) { return value(example, point, {k, -1}, {steps, 0}); };
        d.first[k] = (8 * (f(1) - f(-1)) - (f(2) - f(-2))) / (12 * step);
        d.second[k][k] = (16 * (f(1) + f(-1)) - (f(2) + f(-2)) - 30 * f(0)) / (12 * step * step);
        for (int j = k + 1; j < n; j++) {
            const auto cross = [&](int h) {
                const auto g = [&](int a, int b) { return value(example, point, {k, j}, {a, b}); };
                return (g(h, h) - g(h, -h) - g(-h, h) + g(-h, -h)) / (4 * h * h * step * step);
            };
            d.second[k][j] = d.second[j][k] = (4 * cross(1) - cross(2)) / 3;
        }
    }
    return d;
}

std::vector<std::vector<OperationPartials>>
differentiate(const std::vector<Example> &examples, const Buffer<double> &operands, Type type, Mode mode, int order) {
    Var s("s");
    const int points = operands.dim(0).extent();
    std::vector<std::vector<Expr>> values;
    for (size_t e = 0; e < examples.size(); e++) {
        const size_t n = examples[e].tested_on.size();
        std::vector<Func> x(n);
        Operands a;
        for (size_t k = 0; k < n; k++) {
            x[k] = Func("x");
            x[k](s) = cast(type, operands(s, static_cast<int>(k), static_cast<int>(e)));
            a.push_back(x[k](s));
        }
        Func y("y"), one("one");
        y(s) = examples[e].value(a);
        one(s) = Internal::make_one(type);
        const auto derivative = [&](const Func &f, size_t k) {
            return mode == Mode::forward ? jvp(f, {{x[k], one}}) : vjp(f, one, {{0, points}})(x[k]);
        };
        std::vector<Expr> all;
        for (size_t k = 0; k < n; k++) {
            const Func d = derivative(y, k);
            all.push_back(d(s));
            for (size_t j = 0; j < n && order > 1; j++) {
                all.push_back(derivative(d, j)(s));
            }
        }
        values.push_back(all);
    }
    const auto computed = compute(values, s, std::vector<int>(examples.size(), points));
    std::vector<std::vector<OperationPartials>> result(examples.size(), std::vector<OperationPartials>(points));
    for (size_t e = 0; e < examples.size(); e++) {
        for (int p = 0; p < points; p++) {
            auto value = computed[e].begin();
            for (size_t k = 0; k < examples[e].tested_on.size(); k++) {
                result[e][p].first.push_back((*value++)(p));
                result[e][p].second.emplace_back();
                for (size_t j = 0; j < examples[e].tested_on.size() && order > 1; j++) {
                    result[e][p].second[k].push_back((*value++)(p));
                }
            }
        }
    }
    return result;
}

FirstPartials first_partials(const std::vector<Example> &examples, const std::vector<std::vector<RuleLookup>> &tables,
                             const Differences &points) {
    Var s("s");
    std::vector<std::vector<Expr>> values;
    for (size_t e = 0; e < examples.size(); e++) {
        Operands a;
        for (size_t k = 0; k < examples[e].tested_on.size(); k++) {
            a.push_back(points.operands()(s, static_cast<int>(k), static_cast<int>(e)));
        }
        const Expr value = Internal::substitute_in_all_lets(examples[e].value(a));
        const auto active = [](const ReadTarget &) { return true; };
        values.emplace_back();
        for (const RuleLookup &table : tables[e]) {
            const auto terms = linear_form({value}, {Internal::make_one(Float(64))}, active, examples[e].name, table);
            for (const Expr &operand : a) {
                Expr partial = Internal::make_zero(Float(64));
                for (const Term &term : terms) {
                    if (Internal::equal(term.read, operand)) {
                        partial = guarded(term.guard, term.coefficient);
                    }
                }
                values.back().push_back(Exactly().mutate(partial));
            }
        }
    }
    const auto computed = compute(values, s, std::vector<int>(examples.size(), Differences::points));
    FirstPartials result(examples.size());
    for (size_t e = 0; e < examples.size(); e++) {
        auto value = computed[e].begin();
        for (size_t t = 0; t < tables[e].size(); t++) {
            result[e].emplace_back(Differences::points);
            for (size_t k = 0; k < examples[e].tested_on.size(); k++, value++) {
                for (int p = 0; p < Differences::points; p++) {
                    result[e][t][p].push_back((*value)(p));
                }
            }
        }
    }
    return result;
}

bool agree(double derivative, double difference, double tolerance) {
    return std::abs(derivative - difference) <= tolerance * std::max(1.0, std::abs(difference));
}

}  // namespace sylvite::testing
