// Scatters that add the same data to elements a constant apart.

#include "derivative_check.h"

#include "frontend/graph.h"

using namespace sylvite;
using namespace sylvite::testing;
using namespace Halide;

namespace {

Var p("p");

// The extents of the loops of each update of the adjoint of `in` by `out` of 6 elements.
std::vector<std::vector<int64_t>> loops_of_adjoint(const Func &out, const Func &in) {
    Func u("u");
    u(p) = 1.f;
    std::vector<std::vector<int64_t>> loops;
    for (const Internal::Function &function : functions_of({vjp(out, u, {{0, 6}})(in)})) {
        if (plain_name(function.name()) == "adjoint_in") {
            for (const Internal::Definition &update : function.updates()) {
                loops.emplace_back();
                for (const Internal::ReductionVariable &r : update.schedule().rvars()) {
                    loops.back().push_back(*Internal::as_const_int(r.extent));
                }
            }
        }
    }
    return loops;
}

Func place(int most, const std::string &name) {
    Func place(name);
    place(p) = clamp((p * 5 + 2) % 4, 0, most);
    return place;
}

// Points read the 3 x 3 nodes around them with quadratic weights.
Func at_points(const Func &in) {
    const Func column = place(3, "column"), row = place(2, "row");
    Func fraction("fraction"), out("out");
    fraction(p) = cast(in.types()[0], p % 3) / 3;
    const Expr f = fraction(p), one = Internal::make_one(f.type());
    const std::vector<Expr> weights = {(one - f) * (one - f) / 2, f * (one - f) + one / 2, f * f / 2};
    Expr sum = Internal::make_zero(f.type());
    for (int j = 0; j < 3; j++) {
        for (int i = 0; i < 3; i++) {
            sum += weights[i] * weights[2 - j] * in(column(p) + i, row(p) + j);
        }
    }
    out(p) = sum;
    return out;
}

TEST(JoinScatters, NodesAroundPointsAreOneSweep) {
    Func in("in");
    Var x("x"), y("y");
    in(x, y) = cast<float>(x + y);
    EXPECT_EQ(loops_of_adjoint(at_points(in), in), (std::vector<std::vector<int64_t>>{{3, 3, 6}}));
}

TEST(JoinScatters, AreRight) {
    const Case points{"points", {6, 5}, {{0, 6}}, at_points};
    check_derivatives(points, Placement::all_roots, 1);
    check_second_order(points, 2);
}

// Joined, each iteration would read more than before.
TEST(JoinScatters, OtherDataIsASweepOfItsOwn) {
    Func in("in"), a("a"), b("b"), out("out");
    Var x("x");
    in(x) = cast<float>(x);
    a(p) = sin(cast<float>(p));
    b(p) = cos(cast<float>(p));
    const Func at = place(3, "at");
    out(p) = a(p) * in(at(p)) + b(p) * in(at(p) + 1);
    EXPECT_EQ(loops_of_adjoint(out, in), (std::vector<std::vector<int64_t>>{{6}, {6}}));
}

// Distances that differ along the way are no loop.
TEST(JoinScatters, UnevenDistancesAreNotJoined) {
    Func in("in"), w("w"), out("out");
    Var x("x");
    in(x) = cast<float>(x);
    w(p) = sin(cast<float>(p));
    const Func at = place(3, "at");
    out(p) = w(p) * in(at(p)) + (1 - w(p)) * in(at(p) + 1) + w(p) * w(p) * in(at(p) + 3);
    EXPECT_EQ(loops_of_adjoint(out, in).size(), 3);
}

}  // namespace
