#pragma once

#include "autodiff/rules.h"

#include <array>
#include <functional>
#include <string>
#include <vector>

namespace sylvite::testing {

/// An expression to differentiate, at random points.
struct Example {
    std::string name;
    std::function<Expr(const Operands &)> value;
    std::vector<std::pair<double, double>> tested_on;  ///< where each operand is drawn from
    /// What `value` approximates, if it does; differences are taken from it. `error` is that of the approximation.
    std::function<Expr(const Operands &)> exact = nullptr;
    double error = 0;
    double step = 1.0 / 1024;  ///< of the differences
};

/// The examples of the rule table, in its order.
std::vector<Example> examples_of(const std::vector<Rule> &table);

/// Halide's functions that are no single operation, and operations in forms that the rows do not show.
const std::vector<Example> &compound_functions();

/// Derivatives of one example at one point, by central differences or by sylvite.
struct OperationPartials {
    std::vector<double> first;
    std::vector<std::vector<double>> second;
};

/// Points for each example, and central differences there in double precision, of fourth order.
class Differences {
public:
    static constexpr int points = 8;
    /// Points are numbers of 11 bits, so that all types of floats hold them.
    Differences(const std::vector<Example> &examples, unsigned seed);

    OperationPartials at(size_t example, int point) const;
    /// The points themselves, for use in Exprs: in(point, operand, example).
    const Halide::Buffer<double> &operands() const { return operands_; }

private:
    std::vector<Example> examples_;
    Halide::Buffer<double> operands_;
    std::vector<Halide::Buffer<double>> values_;  // of the exact functions, at all points of the stencils

    double value(size_t example, int point, std::array<int, 2> which, std::array<int, 2> steps) const;
};

enum class Mode { forward, reverse };

/// Derivatives of all examples in floats of type `type`, as [example][point], at operands(point, operand, example): by jvp, and jvp of jvp; or
/// by vjp, and vjp of vjp. Those of order 2 are left out if `order` is 1. One pipeline for all.
std::vector<std::vector<OperationPartials>> differentiate(const std::vector<Example> &examples,
                                                          const Halide::Buffer<double> &operands, Halide::Type type,
                                                          Mode mode, int order);

/// First partials of each example by the rules of several tables, in f64, as [example][table][point][operand].
/// Approximate operations are computed exactly: what is tested is the rule.
using FirstPartials = std::vector<std::vector<std::vector<std::vector<double>>>>;
FirstPartials first_partials(const std::vector<Example> &examples, const std::vector<std::vector<RuleLookup>> &tables,
                             const Differences &points);

/// Whether a derivative equals a difference, up to `tolerance` relative to their size or 1.
bool agree(double derivative, double difference, double tolerance);

}  // namespace sylvite::testing
