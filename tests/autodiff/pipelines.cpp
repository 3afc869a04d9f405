// Pipelines without loops whose iterations depend on each other.

#include "pipelines.h"

namespace sylvite::testing {

using namespace Halide;

namespace {

Var x("x"), y("y");

namespace edge = Halide::BoundaryConditions;

Type type_of(const Func &in) { return in.types()[0]; }

Expr real(const Func &in, double value) { return Halide::Internal::make_const(type_of(in), value); }

Func define(const std::vector<Var> &args, const Expr &value, const std::string &name = "f") {
    Func f(name);
    f(args) = value;
    return f;
}

Func boundary(const Func &b) { return define({x}, b(x - 2) * b(x) + real(b, 3) * b(x + 3) + real(b, 0.5) * b(x + 1)); }

const std::vector<Case> cases = {
    {"pointwise", {7}, {{0, 7}}, [](const Func &in) { return define({x}, sin(in(x)) * in(x)); }},
    {"shifted box", {7}, {{-3, 5}}, [](const Func &in) { return define({x}, in(x + 4) * in(x + 5)); }},
    {"stencil", {9}, {{1, 7}}, [](const Func &in) { return define({x}, in(x - 1) - 2 * in(x)*in(x + 1)); }},
    {"stencil 2d",
     {5, 6},
     {{1, 3}, {1, 4}},
     [](const Func &in) {
         return define({x, y}, in(x - 1, y) + in(x + 1, y) * in(x, y + 1) + in(x, y - 1));
     }},
    {"chain",
     {6},
     {{0, 4}},
     [](const Func &in) {
         Func a = define({x}, in(x)*in(x + 1), "a");
         return define({x}, exp(a(x)) + a(x + 1) * in(x), "b");
     }},
    {"repeat_edge",
     {6},
     {{0, 6}},
     [](const Func &in) {
         return boundary(edge::repeat_edge(in, {{0, 6}}));
     }},
    {"constant_exterior",
     {6},
     {{0, 6}},
     [](const Func &in) {
         return boundary(edge::constant_exterior(in, real(in, 2), {{0, 6}}));
     }},
    {"repeat_image",
     {6},
     {{0, 6}},
     [](const Func &in) {
         return boundary(edge::repeat_image(in, {{0, 6}}));
     }},
    {"mirror_image",
     {6},
     {{0, 6}},
     [](const Func &in) {
         return boundary(edge::mirror_image(in, {{0, 6}}));
     }},
    {"mirror_interior",
     {6},
     {{0, 6}},
     [](const Func &in) {
         return boundary(edge::mirror_interior(in, {{0, 6}}));
     }},
    {"repeat_edge 2d",
     {4, 3},
     {{-2, 8}, {-1, 5}},
     [](const Func &in) {
         Func b = edge::repeat_edge(in, {{0, 4}, {0, 3}});
         return define({x, y}, b(x, y) * b(x + 1, y - 1));
     }},
    {"clamp inline",
     {6},
     {{-3, 12}},
     [](const Func &in) { return define({x}, in(clamp(x, 0, 5)) * in(clamp(2 * x, 1, 4))); }},
    {"stride", {13}, {{0, 6}}, [](const Func &in) { return define({x}, in(2 * x) * in(2 * x + 1)); }},
    {"negative stride", {13}, {{0, 6}}, [](const Func &in) { return define({x}, in(12 - 2 * x) * in(5 - x)); }},
    {"upsample", {6}, {{0, 11}}, [](const Func &in) { return define({x}, in(x / 2) * in(x / 3)); }},
    {"upsample negative",
     {6},
     {{-7, 11}},
     [](const Func &in) { return define({x}, in(x / 2 + 4) * in((x + 20) % 6)); }},
    {"transpose",
     {4, 5},
     {{0, 5}, {0, 4}},
     [](const Func &in) {
         return define({x, y}, in(y, x) * in(y, x));
     }},
    {"diagonal", {5, 5}, {{0, 5}}, [](const Func &in) { return define({x}, in(x, x) * in(x, 4 - x)); }},
    {"off diagonal", {5, 6}, {{0, 5}}, [](const Func &in) { return define({x}, in(x, x + 1) * in(x, x)); }},
    {"depth to space", {4, 2}, {{0, 8}}, [](const Func &in) { return define({x}, in(x / 2, x % 2) * (x + 1)); }},
    {"space to depth",
     {8},
     {{0, 4}, {0, 2}},
     [](const Func &in) {
         return define({x, y}, in(2 * x + y) * in(x + 4 * y));
     }},
    {"rotated",
     {9, 9},
     {{0, 4}, {0, 4}},
     [](const Func &in) {
         return define({x, y}, in(x + y, x - y + 4) * (x + 2 * y));
     }},
    {"toeplitz",
     {7},
     {{0, 4}, {0, 4}},
     [](const Func &in) {
         return define({x, y}, in(x - y + 3) * in(x));
     }},
    {"broadcast",
     {3},
     {{0, 4}, {0, 3}},
     [](const Func &in) {
         return define({x, y}, in(y)*in(1));
     }},
    {"swapped pairs",
     {8},
     {{0, 8}},
     [](const Func &in) {
         const Expr three = cast(type_of(in), Expr(6) ^ Expr(5));
         return define({x}, three * in(clamp(x ^ 1, 0, 7)) * in(clamp(x | 1, 0, 7)) * in(clamp(x ^ 6, 0, 7)));
     }},
    {"swapped pairs of a table",
     {8},
     {{0, 8}},
     [](const Func &in) {
         Halide::Buffer<int> table(8);
         table.for_each_element([&](int i) { table(i) = 3 * i % 8; });
         return define({x}, in(clamp(table(clamp(x ^ 1, 0, 7)), 0, 7)) * in(x));
     }},
    {"convolution by exclusive or",
     {8},
     {{0, 8}},
     [](const Func &in) {
         RDom r(0, 8);
         Func f("f");
         f(x) = real(in, 0);
         f(x) += in(r)*in(r)*in(clamp(x ^ r, 0, 7)) * (r + 1);
         return f;
     }},
    {"select index",
     {7},
     {{0, 6}},
     [](const Func &in) { return define({x}, in(select(x < 3, x + 1, 5 - x)) * in(x)); }},
    {"sum",
     {7},
     {},
     [](const Func &in) {
         RDom r(0, 7);
         Func f("f");
         f() = real(in, 1);
         f() += in(r)*in(r) * (r + 1);
         return f;
     }},
    {"inline sum",
     {7},
     {{0, 4}},
     [](const Func &in) {
         RDom r(0, 4);
         return define({x}, sum(in(x + r) * in(r)) * in(x));
     }},
    {"matmul",
     {4, 4},
     {{0, 3}, {0, 4}},
     [](const Func &in) {
         RDom k(0, 4);
         Func f("f");
         f(x, y) = real(in, 0);
         f(x, y) += in(x, k) * in(k, y);
         return f;
     }},
    {"convolution",
     {9, 8},
     {{0, 3}, {0, 3}},
     [](const Func &in) {
         RDom r(0, 3, 0, 2);
         Func f("f");
         f(x, y) += in(2 * x + r.x, y + 2 * r.y) * in(r.x, r.y) * (r.x + 1);
         return f;
     }},
    {"where",
     {6},
     {{0, 6}},
     [](const Func &in) {
         RDom r(0, 6);
         r.where(r % 2 == 0);
         Func f("f");
         f(x) += in(r)*in(x);
         return f;
     }},
    {"triangular",
     {6},
     {{0, 6}},
     [](const Func &in) {
         RDom r(0, 6);
         Func f("f");
         f(x) += select(r <= x, in(r)*in(r), 0);
         return f;
     }},
    {"predicate on x",
     {6},
     {{0, 6}},
     [](const Func &in) {
         RDom r(0, 6);
         r.where(r < x);
         Func f("f");
         f(x) = in(x);
         f(x) += in(r)*in(r);
         return f;
     }},
    {"gather",
     {8},
     {{0, 6}},
     [](const Func &in) {
         Func index = define({x}, clamp(cast<int>(floor(7 * abs(sin(cast<double>(x))))), 0, 7), "index");
         return define({x}, in(index(x)) * in(x) + in(clamp(index(x) + 1, 0, 7)));
     }},
    {"mixed gather",
     {4, 3, 5},
     {{0, 8}, {0, 6}},
     [](const Func &in) {
         Func guide = define({x, y}, clamp((x * 7 + y * 3) % 5, 0, 4), "guide");
         return define({x, y}, in(x / 2, y / 2, guide(x, y)) * in(x / 2, y / 2, 0));
     }},
    {"scatter",
     {7},
     {{0, 5}},
     [](const Func &in) {
         RDom r(0, 7);
         Func f("f");
         f(x) = in(x);
         f(clamp((r * 3) % 7, 0, 4)) += in(r)*in(r);
         return f;
     }},
    {"scatter beyond the box",
     {7},
     {{1, 3}},
     [](const Func &in) {
         RDom r(0, 7);
         Func f("f");
         f(x) = real(in, 0);
         f(r) += in(r)*in(r);
         return define({x}, f(x) * in(x), "g");
     }},
    {"several updates",
     {6},
     {{0, 6}},
     [](const Func &in) {
         RDom r(0, 6);
         Func f("f");
         f(x) = in(x)*in(x);
         f(x) += sin(in(x));
         f(5 - r) += in(r)*in(5);
         return f;
     }},
    {"tuple",
     {6},
     {{0, 5}},
     [](const Func &in) {
         Func t("t");
         t(x) = Tuple(in(x)*in(x + 1), sin(in(x)), x * 3);
         return define({x}, t(x)[0] * t(x)[1] + cast(type_of(in), t(x)[2]) * t(x)[1]);
     }},
    {"tuple sum",
     {6},
     {{0, 4}},
     [](const Func &in) {
         RDom r(0, 3);
         Func t("t");
         t(x) = Tuple(in(x), in(x)*in(x));
         t(x) = Tuple(t(x)[0] + in(r)*in(x), t(x)[1] + in(x + r) * in(x));
         return define({x}, t(x)[0] * t(x)[1]);
     }},
    {"overwrite one place",
     {6},
     {{0, 6}},
     [](const Func &in) {
         Func f("f");
         f(x) = in(x)*in(x);
         f(3) = in(0) * in(1);
         return define({x}, f(x) * in(x), "g");
     }},
    {"in place",
     {6},
     {{0, 6}},
     [](const Func &in) {
         Func f("f");
         f(x) = in(x);
         f(x) = sin(f(x)) * in(5 - x);
         f(x) = f(x) * f(x);
         return f;
     }},
    {"rows from rows",
     {4, 3},
     {{0, 4}, {0, 3}},
     [](const Func &in) {
         Func f("f");
         f(x, y) = in(x, y) * in(0, y);
         f(x, 1) = f(x, 0) * f(x, 2) + f(x, 1);
         f(2, y) = exp(f(2, y)) * in(1, y);
         return f;
     }},
    {"last write wins",
     {7},
     {{0, 5}},
     [](const Func &in) {
         RDom r(0, 7);
         Func f("f");
         f(x) = in(x);
         f(r % 3) = in(r)*in(r);
         return f;
     }},
    {"reversed copy",
     {7},
     {{0, 7}},
     [](const Func &in) {
         RDom r(0, 7);
         Func f("f");
         f(x) = real(in, 0);
         f(6 - r) = in(r)*in(r);
         f(x) += f(x) * in(x);
         return f;
     }},
    {"overwrite by data",
     {7},
     {{0, 5}},
     [](const Func &in) {
         RDom r(0, 7);
         r.where(r != 4);
         Func f("f");
         f(x) = in(x)*in(x + 1);
         f(clamp((r * 3) % 7, 0, 4)) = in(r)*in(0);
         return f;
     }},
    {"overwritten by the last of a sum",
     {7},
     {{0, 4}},
     [](const Func &in) {
         RDom r(0, 7);
         Func f("f");
         f(x) = in(x);
         f(2) = in(r)*in(r);
         f(clamp(r, 0, 3)) += in(r)*in(1);
         f(x) = f(x) * in(x + 1);
         return f;
     }},
    {"tuple in place",
     {6},
     {{0, 5}},
     [](const Func &in) {
         Func t("t");
         t(x) = Tuple(in(x), in(x + 1));
         t(x) = Tuple(t(x)[0] * t(x)[1], t(x)[0] + in(x));
         t(3) = Tuple(t(3)[1], in(0));
         return define({x}, t(x)[0] * t(x)[1]);
     }},
    {"tuple that reads its values in calls",
     {6},
     {{0, 5}},
     [](const Func &in) {
         Func t("t");
         t(x) = Tuple(in(x), in(x + 1));
         t(x) = Tuple(t(x)[1] * in(x) + t(x)[0], sin(t(x)[0]) * exp(-t(x)[1]));
         t(3) = Tuple(exp(t(3)[1]), t(3)[0] * t(3)[1]);
         return define({x}, t(x)[0] * t(x)[1]);
     }},
    {"iterations that all add the same",
     {6},
     {{0, 6}},
     [](const Func &in) {
         RDom r(0, 5), q(0, 4, 0, 3), some(0, 7);
         some.where(some % 3 == 1);
         Func f("f");
         f(x) = in(x);
         f(x) += in(x)*in(1) + cast(type_of(in), r);
         f(2) += in(3) + cast(type_of(in), q.x * q.y);
         f(x) += sin(in(5 - x)) + cast(type_of(in), some);
         return f;
     }},
    {"negative min", {6}, {{-2, 4}}, [](const Func &in) { return define({x}, in(x)*in(x + 1)); }, 0.2, 1.8, -3},
    {"a variable with the name of the input",
     {6},
     {{0, 5}},
     [](const Func &in) {
         const Var same("in");
         return define({same}, in(same)*in(same + 1));
     }},
    {"scalar output",
     {3},
     {},
     [](const Func &in) {
         Func f("f");
         f() = in(0) * in(1) * in(2);
         return f;
     }},
    {"implicit variables beside one that looks like theirs",
     {4, 3},
     {{0, 4}, {0, 3}},
     [](const Func &in) {
         Var i1("i1");
         Func f("f");
         RDom r(0, 3);
         f(i1, _) = in(i1, _) * in(i1, _);
         f(i1, _) = f(i1, _) * in(r, 0);
         return f;
     }},
    {"ties",
     {6},
     {{0, 6}},
     [](const Func &in) {
         const Expr one = in(x);
         return define({x}, max(one * 2, one + one) * in(5 - x) + min(one * 3, one + one * 2));
     }},
    {"cast", {5}, {{0, 5}}, [](const Func &in) { return define({x}, cast(type_of(in), cast<double>(in(x))) * in(x)); }},
};

}  // namespace

const std::vector<Case> &pipelines() { return cases; }

}  // namespace sylvite::testing
