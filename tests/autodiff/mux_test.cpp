// Values that a short dimension tells apart.

#include "derivative_check.h"

#include "frontend/graph.h"
#include "frontend/print.h"

using namespace sylvite;
using namespace sylvite::testing;
using namespace Halide;

namespace {

Var x("x"), i("i"), j("j");

// A matrix at each point, of four values that are read there, each for an element of its own.
Func arms(const Func &in) {
    Func out("out");
    const Expr nothing = Internal::make_zero(in.types()[0]);
    const Expr a = in(x, 0), b = in(x, 1), c = in(x, 2), d = in(x, 3);
    out(x, i, j) = mux(j, {mux(i, {a * a, b, c}), mux(i, {nothing, nothing, d * d})});
    return out;
}

// The last element of each mux, of which it is said what it is not, is one like the others: there is nothing to sum over.
TEST(Mux, ArmsAreGathers) {
    Func in("in"), u("u");
    in(x, i) = cast<float>(x + i);
    u(x, i, j) = 1.f;
    int adjoints = 0;
    for (const Internal::Function &function : functions_of({vjp(arms(in), u, {{0, 6}, {0, 3}, {0, 2}})(in)})) {
        if (plain_name(function.name()) == "adjoint_in") {
            adjoints++;
            EXPECT_TRUE(function.updates().empty()) << print({Func(function)});
        }
    }
    EXPECT_EQ(adjoints, 1);
}

TEST(Mux, ArmsAreRight) {
    const Case matrix{"matrix", {6, 4}, {{0, 6}, {0, 3}, {0, 2}}, arms};
    check_derivatives(matrix, Placement::all_roots, 1);
    check_second_order(matrix, 2);
}

}  // namespace
