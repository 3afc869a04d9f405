#include "autodiff/jacobian.h"

#include "autodiff/adjoint_sum.h"
#include "autodiff/boxes.h"
#include "autodiff/stages.h"
#include "autodiff/vmap.h"
#include "frontend/graph.h"

#include <optional>

using namespace Halide::Internal;

namespace sylvite {

namespace {

using Halide::Var;

std::vector<Var> fresh(const std::string &name, int n) {
    std::vector<Var> vars;
    for (int d = 0; d < n; d++) {
        vars.emplace_back(name + std::to_string(d));
    }
    return vars;
}

std::vector<Var> joined(std::vector<Var> a, const std::vector<Var> &b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

void require_one_float(const std::string &function, const std::string &name, const std::vector<Type> &types) {
    _halide_user_assert(types.size() == 1 && types[0].is_float())
        << function << " needs one float value; " << name << " has " << types.size() << " of type " << types[0]
        << ": take it apart, or cast it.";
}

void require_one_float(const std::string &function, const Func &output) {
    const std::string name = plain_name(output.name());
    _halide_user_assert(output.defined())
        << function << " needs a defined Func; " << name << " is not: define it first.";
    require_one_float(function, name, output.types());
}

// A Func of `n` dimensions in the place of which its values for a whole basis are put.
struct Basis {
    Func element;  ///< what vmap() replaces
    Func all;      ///< of a place, then the place of the one that is 1
};
Basis basis(int n, Type type) {
    Basis basis{Func("direction"), Func("basis")};
    const std::vector<Var> at = fresh("i", n), which = fresh("j", n);
    basis.element(at) = make_zero(type);
    Expr here = const_true();
    for (int d = 0; d < n; d++) {
        here = d == 0 ? at[d] == which[d] : here && at[d] == which[d];
    }
    basis.all(joined(at, which)) = select(here, make_one(type), make_zero(type));
    return basis;
}

// A constant that a - b never exceeds, for a and b that are minima and maxima of sums: the ends of a window that is
// clamped move together, which bounds of each alone do not see.
std::optional<int64_t> bound_of_difference(const Expr &a, const Expr &b) {
    const auto largest = [](std::optional<int64_t> p, std::optional<int64_t> q) {
        return p && q ? std::optional(std::max(*p, *q)) : std::nullopt;
    };
    const auto least = [](std::optional<int64_t> p, std::optional<int64_t> q) {
        return p && q ? std::optional(std::min(*p, *q)) : p ? p : q;
    };
    const auto plus = [](std::optional<int64_t> p, const Expr &q) {
        return p ? std::optional(*p + *as_const_int(q)) : p;
    };
    // Constants and what splits without loss first.
    if (const Add *op = a.as<Add>(); op && is_const(op->b)) {
        return plus(bound_of_difference(op->a, b), op->b);
    }
    if (const Add *op = b.as<Add>(); op && is_const(op->b)) {
        return plus(bound_of_difference(a, op->a), simplify(-op->b));
    }
    if (const Max *op = a.as<Max>()) {
        return largest(bound_of_difference(op->a, b), bound_of_difference(op->b, b));
    }
    if (const Min *op = b.as<Min>()) {
        return largest(bound_of_difference(a, op->a), bound_of_difference(a, op->b));
    }
    std::optional<int64_t> bound;
    if (const Min *op = a.as<Min>()) {
        bound = least(bound_of_difference(op->a, b), bound_of_difference(op->b, b));
    }
    if (const Max *op = b.as<Max>()) {
        bound = least(bound, least(bound_of_difference(a, op->a), bound_of_difference(a, op->b)));
    }
    if (!bound) {
        const Expr constant = find_constant_bound(simplify(a - b), Direction::Upper);
        bound = constant.defined() ? as_const_int(constant) : std::nullopt;
    }
    return bound;
}

}  // namespace

Func jacobian(const Func &output, const Input &x) {
    require_one_float("jacobian()", x.name(), x.types());
    require_one_float("jacobian()", output);
    if (x.dimensions() == 0) {
        Func one("one");
        one() = make_one(x.types()[0]);
        return jvp(output, {{x, one}});
    }
    const Basis tangents = basis(x.dimensions(), x.types()[0]);
    return vmap(jvp(output, {{x, tangents.element}}), {{tangents.element, tangents.all}});
}

Func jacobian(const Func &output, const Region &box, const Input &x) {
    require_one_float("jacobian()", x.name(), x.types());
    require_one_float("jacobian()", output);
    const int n = output.dimensions(), m = x.dimensions();
    const Basis adjoints = basis(n, output.types()[0]);
    Func rows = vjp(output, adjoints.element, box)(x);
    if (n > 0) {
        rows = vmap(rows, {{adjoints.element, adjoints.all}});
    } else {
        Func one("one");
        one() = make_one(output.types()[0]);
        return vjp(output, one, box)(x);
    }
    Func result("d_" + plain_name(output.name()) + "_d_" + x.name());
    const std::vector<Var> out = fresh("i", n), in = fresh("j", m);
    const std::vector<Var> at = joined(in, out);
    Expr inside;
    for (int d = 0; d < n; d++) {
        inside = both(inside, out[d] >= box[d].min && out[d] < box[d].min + box[d].extent);
    }
    result(joined(out, in)) = guarded(inside, rows(std::vector<Expr>(at.begin(), at.end())));
    return result;
}

Func hessian(const Func &loss, const Input &x) {
    require_one_float("hessian()", x.name(), x.types());
    return jacobian(grad(loss, x), x);
}

BandedJacobian banded_jacobian(const Func &output, const Input &x) {
    require_one_float("banded_jacobian()", x.name(), x.types());
    require_one_float("banded_jacobian()", output);
    const int n = output.dimensions(), m = x.dimensions();
    BandedJacobian result;
    result.variables = fresh("i", n);
    Region point;
    for (const Var &var : result.variables) {
        point.emplace_back(var, 1);
    }
    if (m == 0) {
        result.values = jacobian(output, x);
        return result;
    }
    // The window is what a direction is read of, which a rule of the user's own may read otherwise than the output x.
    const Type type = x.types()[0];
    const std::vector<Var> at = fresh("j", m), colour = fresh("c", m);
    Func direction("direction"), colours("colours");
    direction(at) = make_zero(type);
    const Func moved = jvp(output, {{x, direction}});
    const Bounds bounds = bounds_of({{moved.function(), point}});
    const auto box = bounds.boxes.find(target_of(direction.function()).key);
    const std::string what = plain_name(output.name()) + " reads of " + x.name();
    _halide_user_assert(box != bounds.boxes.end() && static_cast<int>(box->second.size()) == m)
        << "banded_jacobian() needs an output that moves with its input; " << plain_name(output.name())
        << " does not move with " << x.name()
        << ": that derivative is zero; name the Func, parameter or buffer that the output reads.";
    for (int d = 0; d < m; d++) {
        std::optional<int64_t> size;
        if (const Halide::Range &range = box->second[d]; range.min.defined()) {
            const Expr min = simplify(remove_likelies(range.min));
            size = bound_of_difference(simplify(remove_likelies(range.min + range.extent)), min);
        }
        _halide_user_assert(size) << "banded_jacobian() needs a window of constant size; what " << what
                                  << " has no constant bound in dimension " << d << ": use jacobian().";
        result.first.push_back(box->second[d].min);
        result.extents.push_back(static_cast<int>(*size));
    }
    // Element j has colour j mod the window: each window has every colour once.
    Expr here = const_true();
    std::map<std::string, Expr> start;
    std::vector<Expr> place(result.variables.begin(), result.variables.end());
    for (int d = 0; d < m; d++) {
        here = here && at[d] % result.extents[d] == colour[d];
        place.push_back((result.first[d] + colour[d]) % result.extents[d]);
    }
    colours(joined(at, colour)) = select(here, make_one(type), make_zero(type));
    const Func compressed = vmap(moved, {{direction, colours}});
    result.values = Func("d_" + plain_name(output.name()) + "_d_" + x.name());
    result.values(joined(result.variables, colour)) = compressed(place);
    return result;
}

}  // namespace sylvite
