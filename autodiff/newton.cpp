#include "autodiff/newton.h"

#include "autodiff/activity.h"
#include "autodiff/boxes.h"
#include "autodiff/custom_rule.h"
#include "frontend/graph.h"

#include <set>

using namespace Halide::Internal;

namespace sylvite {

namespace {

using Row = std::vector<Expr>;

std::vector<Expr> values_at(const Func &f) {
    std::vector<Expr> values;
    for (int c = 0; c < f.outputs(); c++) {
        const Halide::FuncRef at = f(f.args());
        values.push_back(f.outputs() == 1 ? Expr(at) : Expr(at[c]));
    }
    return values;
}

Func pointwise(const std::string &name, const Func &like, const std::vector<Expr> &values) {
    Func f(name);
    f(like.args()) = Halide::Tuple(values);
    return f;
}

// Zeros, but for a 1 as value `one`.
Func constants(const std::string &name, const Func &like, int one) {
    std::vector<Expr> values;
    for (int c = 0; c < like.outputs(); c++) {
        values.push_back(make_const(like.types()[c], c == one ? 1 : 0));
    }
    return pointwise(name, like, values);
}

void exchange(const Expr &when, Expr &a, Expr &b) {
    const Expr first = select(when, b, a);
    b = select(when, a, b);
    a = first;
}

// x with matrix x = b. Where a row below has the larger pivot it takes the place of the one that is being eliminated.
Row solved(std::vector<Row> matrix, Row b) {
    const size_t n = b.size();
    for (size_t column = 0; column < n; column++) {
        for (size_t row = column + 1; row < n; row++) {
            const Expr larger = abs(matrix[row][column]) > abs(matrix[column][column]);
            for (size_t k = column; k < n; k++) {
                exchange(larger, matrix[column][k], matrix[row][k]);
            }
            exchange(larger, b[column], b[row]);
        }
        for (size_t row = column + 1; row < n; row++) {
            const Expr factor = matrix[row][column] / matrix[column][column];
            for (size_t k = column + 1; k < n; k++) {
                matrix[row][k] -= factor * matrix[column][k];
            }
            b[row] -= factor * b[column];
        }
    }
    for (size_t row = n; row-- > 0;) {
        for (size_t k = row + 1; k < n; k++) {
            b[row] -= matrix[row][k] * b[k];
        }
        b[row] /= matrix[row][row];
    }
    return b;
}

// d residual / d z, a row an equation.
std::vector<Row> jacobian_at(const Func &residual, const Func &z) {
    const int n = z.outputs();
    std::vector<Row> rows(n);
    for (int unknown = 0; unknown < n; unknown++) {
        const Func unit = constants("unit", z, unknown);
        const std::vector<Expr> column = values_at(tangents_of({residual}, {{z, unit}})[0]);
        for (int equation = 0; equation < n; equation++) {
            rows[equation].push_back(column[equation]);
        }
    }
    return rows;
}

Func residual_of(const Equations &equations, const Func &start, const Func &z, const std::vector<Func> &parameters) {
    Func residual = equations(z, parameters);
    _halide_user_assert(residual.defined() && residual.dimensions() == z.dimensions() && residual.types() == z.types())
        << "newton() needs as many equations as unknowns, of their type and dimensions; those for "
        << plain_name(start.name()) << " have others.";
    if (residual.function().args() == start.function().args()) {
        return residual;
    }
    // Its dimensions are those of the start by their order, whatever their names.
    const Halide::FuncRef at = residual(start.args());
    std::vector<Expr> values;
    for (int c = 0; c < residual.outputs(); c++) {
        values.push_back(residual.outputs() == 1 ? Expr(at) : Expr(at[c]));
    }
    return pointwise(plain_name(residual.name()), start, values);
}

// The names of all that `func` depends on.
std::set<std::string> read_by(const Func &func) {
    std::set<std::string> names;
    walk_deep(func.function(), [&](const Function &function) { return names.insert(function.name()).second; });
    return names;
}

bool is_read_by_loops(const Func &unknown, const Func &residual) {
    bool found = false;
    walk_deep(residual.function(), [&](const Function &function) {
        const auto node = array_node(function);
        found = found || (node && node->loop && read_by(Func(function)).count(unknown.name()));
        return !found;
    });
    return found;
}

// Equations that couple points are no few at each of them: the Jacobian at a point would leave out most of it.
void require_own_point(const Equations &equations, const Func &start, const std::vector<Func> &parameters) {
    const Func unknown = constants("unknown", start, -1);
    const Func residual = residual_of(equations, start, unknown, parameters);
    _halide_user_assert(!is_read_by_loops(unknown, residual))
        << "newton() needs equations that read the unknowns at their own point only; those for "
        << plain_name(start.name()) << " read them by a loop: use fixed_point() or linear_solve().";
    Region point;
    std::vector<Expr> here;
    for (const std::string &arg : residual.function().args()) {
        here.push_back(Variable::make(Halide::Int(32), unique_name(arg)));
        point.push_back({here.back(), 1});
    }
    const Bounds bounds = bounds_of({{residual.function(), point}});
    const auto found = bounds.boxes.find(target_of(unknown.function()).key);
    _halide_user_assert(found != bounds.boxes.end())
        << "newton() needs equations that read the unknowns; those for " << plain_name(start.name()) << " do not.";
    for (size_t d = 0; d < here.size(); d++) {
        const Halide::Range &range = found->second[d];
        const bool is_own = range.min.defined() && range.extent.defined() && can_prove(range.min == here[d]) &&
                            can_prove(range.extent == 1);
        _halide_user_assert(is_own)
            << "newton() needs equations that read the unknowns at their own point only; those for "
            << plain_name(start.name()) << " read them elsewhere in dimension " << d
            << ": solve equations that couple points by fixed_point() or linear_solve().";
    }
}

}  // namespace

Root newton(const Equations &equations, const Func &start, const std::vector<Func> &parameters, int iterations) {
    _halide_user_assert(equations && start.defined() && iterations > 0)
        << "newton() needs equations, a defined start and an iteration; iterations are " << iterations << ".";
    for (const Halide::Type &type : start.types()) {
        _halide_user_assert(type.is_float() && type == start.types()[0])
            << "newton() needs unknowns of one float type; a value of " << plain_name(start.name()) << " is " << type
            << ".";
    }
    for (const Func &parameter : parameters) {
        for (const Halide::Type &type : parameter.types()) {
            _halide_user_assert(type.is_float() == parameter.types()[0].is_float())
                << "newton() needs parameters of floats, or of none; " << plain_name(parameter.name())
                << " has both: make two of it.";
        }
    }
    require_own_point(equations, start, parameters);
    Func z = stop_gradient(start), change;
    for (int i = 0; i < iterations; i++) {
        const Func residual = residual_of(equations, start, z, parameters);
        Row correction = solved(jacobian_at(residual, z), values_at(residual)), next = values_at(z);
        for (size_t k = 0; k < next.size(); k++) {
            correction[k] = -correction[k];
        }
        change = pointwise("change", z, correction);
        const std::vector<Expr> changes = values_at(change);
        for (size_t k = 0; k < next.size(); k++) {
            next[k] += changes[k];
        }
        z = pointwise(plain_name(start.name()) + "_root", z, next);
    }

    // The rule is given those parameters that the equations read.
    const std::set<std::string> read = read_by(z);
    std::vector<Func> inputs;
    std::vector<size_t> places;
    for (size_t i = 0; i < parameters.size(); i++) {
        if (read.count(parameters[i].name()) > 0) {
            inputs.push_back(parameters[i]);
            places.push_back(i);
        }
    }
    FuncRule rule;
    rule.jvp = [=](const std::vector<Func> &in, const Func &solution, const std::vector<Func> &tangents) {
        std::vector<Func> at = parameters;
        // The solution depends on the parameters, but the partial derivatives by them are those where it stands still.
        std::vector<Tangent> moving{{solution, constants("zero", solution, -1)}};
        for (size_t i = 0; i < in.size(); i++) {
            at[places[i]] = in[i];
            if (in[i].types()[0].is_float()) {
                moving.push_back({in[i], tangents[i]});
            }
        }
        const Func residual = residual_of(equations, start, solution, at);
        Row by_parameters = values_at(tangents_of({residual}, moving)[0]);
        for (Expr &value : by_parameters) {
            value = -value;
        }
        return pointwise("d_" + plain_name(solution.name()), solution,
                         solved(jacobian_at(residual, solution), by_parameters));
    };
    return {custom_rule(z, inputs, rule), stop_gradient(change)};
}

}  // namespace sylvite
