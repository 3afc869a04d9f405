// Adjoints of reads that are held within an array: many reads meet its edges.

#include "derivative_check.h"
#include "program_check.h"

#include "autodiff/autodiff.h"
#include "autodiff/program.h"
#include "frontend/print.h"
#include "tests/support/example.h"

#include <algorithm>
#include <gtest/gtest.h>

using namespace sylvite;
using namespace sylvite::testing;
using namespace Halide;

namespace {

const Var x("x"), y("y");
constexpr int width = 5, height = 4, wide = 11, high = 9;

// Reads at (held(x - left), held(y - 2)), the other way round along a dimension that is mirrored.
Program held_reads(int left, bool mirrored) {
    const Array in = input<double>("in", {width, height});
    const Expr column = mirrored ? left - x : x - left;
    Func out("out");
    out(x, y) = in(clamp(column, 0, width - 1), clamp(y - 2, 0, height - 1));
    return Program("held", {in}, {{"out", Array(out, {wide, high})}});
}

TEST(Edges, AreGathered) {
    for (const bool mirrored : {false, true}) {
        const int left = mirrored ? 7 : 3;
        const Program adjoint = vjp(held_reads(left, mirrored), {"in"});
        EXPECT_EQ(print(adjoint).find(" for r"), std::string::npos) << print(adjoint);
        Buffer<double> in(width, height), seed(wide, high), expected(width, height);
        in.fill(1);
        expected.fill(0);
        for (int j = 0; j < high; j++) {
            for (int i = 0; i < wide; i++) {
                seed(i, j) = 1 + i + wide * j;
                expected(std::clamp(mirrored ? left - i : i - left, 0, width - 1), std::clamp(j - 2, 0, height - 1)) +=
                    seed(i, j);
            }
        }
        const Values values = run(adjoint, {{"in", in}, {"adjoint_out", seed}}, {},
                                  {{"out", {wide, high}}, {"adjoint_in", {width, height}}});
        for (int j = 0; j < height; j++) {
            for (int i = 0; i < width; i++) {
                EXPECT_EQ(values.at("adjoint_in")(i, j), expected(i, j)) << i << ", " << j;
            }
        }
    }
}

// More reads than are worth writing out, and none at all beyond an edge.
TEST(Edges, ManyAndNone) {
    for (const int left : {0, 40}) {
        const Array in = input<double>("in", {width});
        Func out("out");
        out(x) = in(clamp(x - left, 0, width - 1));
        const int n = left + width;
        const Program program("held", {in}, {{"out", Array(out, {n})}});
        check_program({"held", program, {"in"}, {{"in", {width}}, {"out", {n}}}, {}}, 7);
    }
}

// An index that is read from a table, and known all the same: a remainder by 2, halved.
TEST(Edges, KnownAlthoughOfData) {
    const Array in = input<double>("in", {width, 2});
    Func table("table"), out("out");
    table(x) = (x * 7) % 5;
    out(x, y) = in(y, table(x) % 2 / 2);
    const Program program("looked_up", {in}, {{"out", Array(out, {3, width})}});
    check_program({"looked_up", program, {"in"}, {{"in", {width, 2}}, {"out", {3, width}}}, {}}, 9);
}

// A warp: where it reads has no bounds, the boundary condition sees to that.
Program warp(const std::function<Func(const Array &)> &boundary) {
    const Array in = input<double>("in", {width, height}), flow = input<double>("flow", {wide, 2});
    const Func edge = boundary(in);
    const Expr left = floor(flow(x, 0)), column = cast<int>(left), row = cast<int>(flow(x, 1) * 4) - 2;
    Func blurred("blurred"), out("out");
    blurred(x, y) = edge(x, y - 1) + 2 * edge(x, y + 1);
    out(x) = lerp(blurred(x + column, row), blurred(x + column + 1, row), flow(x, 0) - left) * edge(row, column);
    return Program("warp", {in, flow}, {{"out", Array(out, {wide})}});
}

TEST(Edges, AtPlacesWithoutBounds) {
    for (const auto &boundary : {repeat_edge, zero_outside}) {
        const Program program = warp(boundary);
        check_program(
            {"warp", program, {"in", "flow"}, {{"in", {width, height}}, {"flow", {wide, 2}}, {"out", {wide}}}, {}}, 9);
    }
}

// What is taken for a part of its reader has no derivative by itself.
TEST(Edges, AtPlacesWithoutBoundsHaveNoAdjoint) {
    ImageParam in(Float(64), 1, "in"), flow(Float(64), 1, "flow"), u(Float(64), 1, "u");
    const Func edge = BoundaryConditions::repeat_edge(in);
    Func out("out");
    out(x) = edge(cast<int>(flow(x)));
    EXPECT_EQ(error_of([&] {
                  vjp(out, u, {{0, wide}})(edge);
              }),
              "vjp() needs bounded accesses; out reads repeat_edge in dimension 0 at an index without bounds: clamp() "
              "the index.");
}

TEST(Edges, InSecondOrder) {
    const Array in = input<double>("in", {width, height});
    const Func edge = repeat_edge(in);
    const RDom r(-2, width + 4, -2, height + 4);
    Func cube("cube"), loss("loss");
    cube(x, y) = edge(x, y) * edge(x, y) * edge(x, y);
    loss() += cube(r.x, r.y);
    check_second_order({"edges",
                        Program("edges", {in}, {{"loss", Array(loss, {})}}),
                        {"in"},
                        {{"in", {width, height}}, {"loss", {}}},
                        {}},
                       8);
}

// Where sizes are found at run time, boxes of boxes are to stay short: without knowing that no size is negative the third
// derivative has 0.7 MB of text and takes half a minute to build. Each element is three of the factors of a cubic, so this
// derivative is 6.
TEST(Edges, OfImagesOfAnySizeInThirdOrder) {
    ImageParam in(Float(64), 1, "in");
    Func out("out"), ones("ones"), derivative;
    const Func held = BoundaryConditions::repeat_edge(in);
    out(x) = held(x - 1) * held(x) * held(x + 1);
    ones(x) = Expr(1.0);
    derivative = out;
    const Region all = {{in.dim(0).min(), in.dim(0).extent()}};
    for (int order = 1; order <= 3; order++) {
        derivative = vjp(derivative, ones, all)(in);
    }
    EXPECT_LT(print({derivative}).size(), 100'000U);
    compute_all_at_root({derivative});
    for (const int size : {1, 2, 3, 6}) {
        Buffer<double> values(size), sixes(size);
        values.set_min(-2), sixes.set_min(-2);
        values.fill(0.7);
        in.set(values);
        derivative.realize(sixes, quick_target());
        sixes.for_each_value([&](double e) { EXPECT_DOUBLE_EQ(e, 6) << size; });
    }
}

}  // namespace
