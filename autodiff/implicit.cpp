#include "autodiff/implicit.h"

#include "autodiff/activity.h"
#include "autodiff/autodiff.h"
#include "autodiff/custom_rule.h"
#include "frontend/substitute.h"

#include <set>

using namespace Halide::Internal;

namespace sylvite {

namespace {

std::vector<Halide::Var> coordinates(const Array &like) {
    std::vector<Halide::Var> at;
    for (int d = 0; d < like.dimensions(); d++) {
        at.emplace_back("i" + std::to_string(d));
    }
    return at;
}

// An Array that is computed element by element.
Array pointwise(const std::string &name, const Array &like,
                const std::function<Expr(const std::vector<Expr> &)> &value) {
    Func f(name);
    const std::vector<Halide::Var> at = coordinates(like);
    f(at) = Halide::cast(like.type(), value(std::vector<Expr>(at.begin(), at.end())));
    return Array(f, like.extents());
}

Array sum(const std::string &name, const Array &a, const Array &b) {
    return pointwise(name, a, [&](const std::vector<Expr> &at) { return a(at) + b(at); });
}

Array difference(const std::string &name, const Array &a, const Array &b) {
    return pointwise(name, a, [&](const std::vector<Expr> &at) { return a(at) - b(at); });
}

// <a, b>, without dimensions.
Array dot(const std::string &name, const Array &a, const Array &b) {
    Func product(name);
    product() = make_zero(a.type());
    const Halide::RDom r(a.dimensions() > 0 ? a.box() : Region{{0, 1}}, "r");
    std::vector<Expr> at;
    for (int d = 0; d < a.dimensions(); d++) {
        at.push_back(r[d]);
    }
    product() += a(at) * b(at);
    return Array(product, {});
}

// a / b, 0 where both are: there is nothing left to do.
Expr quotient(const Expr &a, const Expr &b) { return select(b == 0, make_zero(a.type()), a / b); }

// The Array that `func`, made for one or in the place of one, reads.
Array array_of(const Func &func) {
    const Function function = func.function();
    return Array::from_node(array_node(function), func);
}

// A map at placeholders, whose derivatives do not see what the places themselves depend on.
class MapAt {
public:
    MapAt(const ArrayMap &map, const Array &x, const Arrays &parameters) : x_(placeholder(x)) {
        places_.replace(x_, x);
        for (const Array &parameter : parameters) {
            parameters_.push_back(placeholder(parameter));
            places_.replace(parameters_.back(), parameter);
        }
        value_ = map(x_, parameters_);
    }

    // How the value moves with x, or with the parameters.
    Array forward(const Array &dx) { return moved({{x_, dx}}); }
    Array forward(const std::vector<Func> &d_parameters) {
        std::vector<Tangent> tangents;
        for (size_t i = 0; i < parameters_.size(); i++) {
            if (parameters_[i].type().is_float()) {
                tangents.push_back({parameters_[i], d_parameters[i]});
            }
        }
        return moved(tangents);
    }
    // The transposed derivative by x, and those by the parameters.
    Array reverse(const Array &adjoint) { return at_places(adjoints(adjoint)(Input(x_, SourceLine())), x_.extents()); }
    std::vector<Func> reverse_by_parameters(const Array &adjoint) {
        const Adjoints all = adjoints(adjoint);
        std::vector<Func> by_parameters;
        for (const Array &parameter : parameters_) {
            by_parameters.push_back(parameter.type().is_float()
                                        ? at_places(all(Input(parameter, SourceLine())), parameter.extents()).func()
                                        : zeros("d_" + parameter.name(), parameter.type(), parameter.extents()).func());
        }
        return by_parameters;
    }

private:
    Array x_, value_;
    Arrays parameters_;
    Substitution places_;

    static Array placeholder(const Array &like) { return input(like.type(), like.name(), like.extents()); }
    Array at_places(const Func &func, const std::vector<Expr> &extents) { return places_(Array(func, extents)); }
    Array moved(const std::vector<Tangent> &tangents) {
        return at_places(tangents_of({value_.func()}, tangents)[0], value_.extents());
    }
    Adjoints adjoints(const Array &adjoint) const { return vjp(value_.func(), adjoint.func(), value_.box()); }
};

void require_like(const std::string &function, const Array &value, const Array &x) {
    _halide_user_assert(value.defined() && value.type() == x.type() && same_extents(value.extents(), x.extents()))
        << function << " needs a map to Arrays of the type and extents of its argument, " << x.name() << "; it returns "
        << (value.defined() ? "another kind of Array, " + value.name() : "one that is not defined") << ".";
}

// `solution` with the rule, whose inputs are `first` and then the parameters. Parameters that the solution does not
// read, as a linear map does not read where it was linearised, are no inputs of custom_rule(): the rule gets them as they
// are, and what it says of them is left out.
Array with_rule(const Array &solution, const Array &first, const Arrays &parameters, const FuncRule &rule) {
    std::set<std::string> read;
    walk_deep(Arrays{solution}, [&](const Function &function) { return read.insert(function.name()).second; });
    std::vector<Func> all{first.func()}, inputs;
    for (const Array &parameter : parameters) {
        all.push_back(parameter.func());
    }
    std::vector<bool> is_input;
    for (const Func &func : all) {
        is_input.push_back(read.count(func.name()) > 0);
        if (is_input.back()) {
            inputs.push_back(func);
        }
    }
    const auto complete = [=](const std::vector<Func> &given, bool as_zeros) {
        std::vector<Func> funcs;
        size_t next = 0;
        for (size_t i = 0; i < all.size(); i++) {
            const Array array = array_of(all[i]);
            funcs.push_back(is_input[i] ? given[next++]
                            : as_zeros  ? zeros("d_" + array.name(), array.type(), array.extents()).func()
                                        : all[i]);
        }
        return funcs;
    };
    FuncRule selected;
    selected.jvp = [=](const std::vector<Func> &in, const Func &y, const std::vector<Func> &tangents) {
        return rule.jvp(complete(in, false), y, complete(tangents, true));
    };
    selected.vjp = [=](const std::vector<Func> &in, const Func &y, const Func &adjoint, const Region &box) {
        const std::vector<Func> adjoints = rule.vjp(complete(in, false), y, adjoint, box);
        std::vector<Func> wanted;
        for (size_t i = 0; i < adjoints.size(); i++) {
            if (is_input[i]) {
                wanted.push_back(adjoints[i]);
            }
        }
        return wanted;
    };
    return Array(custom_rule(solution.func(), inputs, selected), solution.extents());
}

Arrays arrays_of(const std::vector<Func> &funcs, size_t first) {
    Arrays arrays;
    for (size_t i = first; i < funcs.size(); i++) {
        arrays.push_back(array_of(funcs[i]));
    }
    return arrays;
}

Arrays joined(const Array &first, Arrays rest, const Array &last) {
    rest.insert(rest.begin(), first);
    rest.push_back(last);
    return rest;
}

}  // namespace

Array fixed_point(const ArrayMap &map, const Array &start, const Arrays &parameters, const FixedPointOptions &options) {
    _halide_user_assert(start.defined() && map) << "fixed_point() needs a map and a defined start.";
    // The start and the parameters are read by the loop, whether the map needs them all or not.
    const Arrays result = loop(options.steps, Arrays{start}, LoopBody([&](const Expr &, const Arrays &x) {
                                   const Array next = map(x[0], parameters);
                                   require_like("fixed_point()", next, start);
                                   return Arrays{next};
                               }),
                               {.name = options.name});
    FixedPointOptions derived = options;
    derived.name += "_derivative";
    FuncRule rule;
    // dx = J dx + df, with x, the parameters and df for parameters.
    rule.jvp = [=](const std::vector<Func> &inputs, const Func &output, const std::vector<Func> &tangents) {
        const Arrays parameters = arrays_of(inputs, 1);
        const Array x(output, array_of(inputs[0]).extents());
        const Array df = MapAt(map, x, parameters).forward({tangents.begin() + 1, tangents.end()});
        const auto step = [=](const Array &dx, const Arrays &at) {
            return sum("dx", MapAt(map, at[0], {at.begin() + 1, at.end() - 1}).forward(dx), at.back());
        };
        return fixed_point(step, df, joined(x, parameters, df), derived).func();
    };
    // l = J' l + adjoint, then the transposed derivatives by the parameters at l.
    rule.vjp = [=](const std::vector<Func> &inputs, const Func &output, const Func &adjoint, const Region &) {
        const Arrays parameters = arrays_of(inputs, 1);
        const Array start = array_of(inputs[0]), x(output, start.extents());
        const Array seed(adjoint, start.extents());
        const auto step = [=](const Array &l, const Arrays &at) {
            return sum("adjoint", MapAt(map, at[0], {at.begin() + 1, at.end() - 1}).reverse(l), at.back());
        };
        const Array l = fixed_point(step, seed, joined(x, parameters, seed), derived);
        std::vector<Func> adjoints = MapAt(map, x, parameters).reverse_by_parameters(l);
        adjoints.insert(adjoints.begin(), zeros("d_" + start.name(), start.type(), start.extents()).func());
        return adjoints;
    };
    return with_rule(result[0], start, parameters, rule);
}

Array conjugate_gradients(const std::function<Array(const Array &)> &map, const Array &b, const Expr &steps,
                          const std::string &name) {
    // The solution so far, its residual, the direction of search, and the square of the residual.
    const Arrays init{zeros("x", b.type(), b.extents()), b, b, dot("rr", b, b)};
    return loop(steps, init, LoopBody([&](const Expr &, const Arrays &state) {
                    const Array &x = state[0], &r = state[1], &p = state[2], &rr = state[3];
                    const Array image = map(p);
                    require_like("conjugate_gradients()", image, b);
                    const Array curvature = dot("pAp", p, image);
                    const Expr alpha = quotient(rr(), curvature());
                    const Array next_x = pointwise("x", b, [&](const auto &at) { return x(at) + alpha * p(at); });
                    const Array next_r = pointwise("r", b, [&](const auto &at) { return r(at) - alpha * image(at); });
                    const Array next_rr = dot("rr", next_r, next_r);
                    const Expr beta = quotient(next_rr(), rr());
                    const Array next_p = pointwise("p", b, [&](const auto &at) { return next_r(at) + beta * p(at); });
                    return Arrays{next_x, next_r, next_p, next_rr};
                }),
                {.name = name})[0];
}

Array linear_solve(const ArrayMap &map, const Array &b, const Arrays &parameters, const LinearSolveOptions &options) {
    _halide_user_assert(b.defined() && map) << "linear_solve() needs a map and a defined right-hand side.";
    const auto at_parameters = [&](const Array &x) {
        const Array image = map(x, parameters);
        require_like("linear_solve()", image, x);
        return image;
    };
    const ArrayMap transposed = [=](const Array &x, const Arrays &p) { return MapAt(map, x, p).reverse(x); };
    const auto solve = [&]() -> Array {
        if (options.solver) {
            return options.solver(at_parameters, b);
        }
        if (options.symmetric) {
            return conjugate_gradients(at_parameters, b, options.steps, options.name);
        }
        const auto normal = [&](const Array &x) { return transposed(at_parameters(x), parameters); };
        return conjugate_gradients(normal, transposed(b, parameters), options.steps, options.name);
    };
    const Array solution = solve();
    require_like("linear_solve()", solution, b);
    FuncRule rule;
    rule.jvp = [=](const std::vector<Func> &inputs, const Func &output, const std::vector<Func> &tangents) {
        const Arrays parameters = arrays_of(inputs, 1);
        const Array b = array_of(inputs[0]), x(output, b.extents());
        const Array moved = MapAt(map, x, parameters).forward({tangents.begin() + 1, tangents.end()});
        return linear_solve(map, difference("db", Array(tangents[0], b.extents()), moved), parameters, options).func();
    };
    rule.vjp = [=](const std::vector<Func> &inputs, const Func &output, const Func &adjoint, const Region &) {
        const Arrays parameters = arrays_of(inputs, 1);
        const Array b = array_of(inputs[0]), x(output, b.extents()), seed(adjoint, b.extents());
        const Array l = linear_solve(options.symmetric ? map : transposed, seed, parameters, options);
        const Array minus = pointwise("minus", l, [&](const auto &at) { return -l(at); });
        std::vector<Func> adjoints = MapAt(map, x, parameters).reverse_by_parameters(minus);
        adjoints.insert(adjoints.begin(), l.func());
        return adjoints;
    };
    return with_rule(solution, b, parameters, rule);
}

}  // namespace sylvite
