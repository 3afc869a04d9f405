// Update stages that store several values at once, by scatter() and gather().

#include "pipelines.h"

namespace sylvite::testing {

using namespace Halide;

namespace {

Var x("x"), y("y");

Expr real(const Func &in, double value) { return Halide::Internal::make_const(in.types()[0], value); }

// f(args) = value, then `update`.
Func with_update(const std::vector<Var> &args, const std::vector<Expr> &value,
                 const std::function<void(Func &)> &update) {
    Func f("f");
    f(args) = Tuple(value);
    update(f);
    return f;
}

// in(x), updated.
Func in_place(const Func &in, const std::function<void(Func &)> &update) { return with_update({x}, {in(x)}, update); }

Func sum_of_products(const Func &f, const std::vector<Var> &args) {
    Func g("g");
    const std::vector<Expr> at(args.begin(), args.end());
    g(args) = f(at)[0] * f(at)[0] + f(at)[0] * f(at)[1] + f(at)[1] * f(at)[1];
    return g;
}

const std::vector<Case> cases = {
    {"swap of two cells",
     {5},
     {{0, 5}},
     [](const Func &in) { return in_place(in, [&](Func &f) { f(scatter(1, 3)) = f(gather(3, 1)); }); }},
    {"swap of two columns",
     {4, 3},
     {{0, 4}, {0, 3}},
     [](const Func &in) {
         return with_update({x, y}, {in(x, y)},
                            [&](Func &f) { f(x, scatter(0, 2)) = f(x, gather(2, 0)) * in(x, 1) + in(0, 0); });
     }},
    {"reversal in place",
     {7},
     {{0, 7}},
     [](const Func &in) {
         return in_place(in, [&](Func &f) {
             RDom r(0, 3);
             f(scatter(r, 6 - r)) = f(gather(6 - r, r));
         });
     }},
    {"rotation of a square in place",
     {3, 3},
     {{0, 3}, {0, 3}},
     [](const Func &in) {
         return with_update({x, y}, {in(x, y)}, [&](Func &f) {
             RDom r(0, 2, 0, 1);
             f(scatter(2 - r.y, 2 - r.x, r.y, r.x), scatter(r.x, 2 - r.y, 2 - r.x, r.y)) =
                 f(gather(r.x, 2 - r.y, 2 - r.x, r.y), gather(r.y, r.x, 2 - r.y, 2 - r.x));
         });
     }},
    {"butterflies",
     {8},
     {{0, 8}},
     [](const Func &in) {
         return in_place(in, [&](Func &f) {
             RDom r(0, 4);
             const Expr a = f(r), b = f(r + 4) * in(r);
             f(scatter(r, r + 4)) = gather(a + b, a - b);
         });
     }},
    {"Fourier transform in place",
     {8, 2},
     {{0, 8}},
     [](const Func &in) {
         const Expr reversed = (x % 2) * 4 + (x / 2 % 2) * 2 + x / 4 % 2;
         return sum_of_products(
             with_update({x}, {in(reversed, 0), in(reversed, 1)},
                         [&](Func &f) {
                             RDom r(0, 4, 0, 3);
                             const Expr half = 1 << r.y, j = r.x % half;
                             const Expr a = clamp(r.x / half * half * 2 + j, 0, 7), b = clamp(a + half, 0, 7);
                             const Expr angle = cast(in.types()[0], j) / cast(in.types()[0], half) * real(in, -M_PI);
                             const Expr re = f(b)[0] * cos(angle) - f(b)[1] * sin(angle);
                             const Expr im = f(b)[0] * sin(angle) + f(b)[1] * cos(angle);
                             f(scatter(a, b)) = Tuple(f(a)[0] + gather(re, -re), f(a)[1] + gather(im, -im));
                         }),
             {x});
     }},
    {"the last of several values for one place",
     {6},
     {{0, 6}},
     [](const Func &in) {
         return in_place(in, [&](Func &f) {
             RDom r(0, 3);
             f(scatter(1, r, 1)) = gather(f(0) * in(r), f(1) * in(1), f(r + 1) + in(5) * f(1));
         });
     }},
    {"sums of which the last counts",
     {6},
     {{0, 6}},
     [](const Func &in) {
         return in_place(in, [&](Func &f) {
             RDom r(0, 4);
             f(scatter(0, r, r / 2)) += in(gather(r, r + 1, r + 2)) * in(0);
         });
     }},
    {"sums at places that are different",
     {6},
     {{0, 6}},
     [](const Func &in) {
         return in_place(in, [&](Func &f) {
             RDom r(0, 4);
             f(scatter(r % 2, 4 + r % 2)) += gather(in(r)*in(5), -in(r));
         });
     }},
    {"several values for one place, without a scatter",
     {4},
     {{0, 4}},
     [](const Func &in) { return in_place(in, [&](Func &f) { f(2) = gather(in(0) * f(1), f(2) * f(3)); }); }},
    {"several values that do not read the Func",
     {6},
     {{0, 6}},
     [](const Func &in) {
         return in_place(in, [&](Func &f) {
             RDom r(0, 2);
             f(scatter(2 * r, 2 * r + 1)) = gather(in(r), in(r)*in(r + 1));
         });
     }},
    {"reversal of every other pair",
     {9},
     {{0, 9}},
     [](const Func &in) {
         return in_place(in, [&](Func &f) {
             RDom r(0, 4);
             r.where(r % 2 == 0);
             f(scatter(r, 8 - r)) = f(gather(8 - r, r)) * in(r);
         });
     }},
    {"swaps where data say",
     {6},
     {{0, 6}},
     [](const Func &in) {
         return in_place(in, [&](Func &f) {
             RDom r(0, 5);
             r.where(in(r) > real(in, 1));
             f(scatter(r, r + 1)) = gather(f(r + 1) * in(r), f(r));
         });
     }},
    {"bubble sort",
     {5},
     {{0, 5}},
     [](const Func &in) {
         return in_place(in, [&](Func &f) {
             RDom r(0, 4, 0, 4);
             r.where(r.x < 4 - r.y);
             r.where(f(r.x) > f(r.x + 1));
             f(scatter(r.x, r.x + 1)) = f(gather(r.x + 1, r.x));
         });
     }},
    {"sorting network",
     {4, 2},
     {{0, 4}, {0, 2}},
     [](const Func &in) {
         static Buffer<int> links(2, 5);
         const int of[5][2] = {{0, 1}, {2, 3}, {0, 2}, {1, 3}, {1, 2}};
         links.for_each_element([&](int k, int l) { links(k, l) = of[l][k]; });
         return with_update({x, y}, {in(x, y)}, [&](Func &f) {
             RDom r(0, 5);
             const Expr a = clamp(links(0, r), 0, 3), b = clamp(links(1, r), 0, 3);
             f(scatter(a, b), y) = gather(min(f(a, y), f(b, y)), max(f(a, y), f(b, y)));
         });
     }},
    {"places that are data",
     {6},
     {{0, 6}},
     [](const Func &in) {
         return in_place(in, [&](Func &f) {
             RDom r(0, 6);
             const Expr to = clamp(cast<int>(in(r)*3), 0, 5);
             f(scatter(to, (to + r) % 6)) = f(gather((to + 1) % 6, to)) * in(r);
         });
     }},
    {"places that the Func says",
     {5},
     {{0, 5}},
     [](const Func &in) {
         return in_place(in, [&](Func &f) {
             RDom r(0, 5);
             const Expr to = clamp(cast<int>(f(r) * 3), 0, 4);
             f(scatter(to, r)) = gather(f(r) * in(0), f(to));
         });
     }},
    {"Tuples that change places",
     {6},
     {{0, 6}},
     [](const Func &in) {
         return sum_of_products(with_update({x}, {in(x), in(5 - x) * in(0)},
                                            [&](Func &f) {
                                                RDom r(0, 3);
                                                const FuncRef other = f(gather(5 - r, r));
                                                f(scatter(r, 5 - r)) =
                                                    Tuple(exp(other[1]) * in(r), other[0] + sin(f(r)[1]));
                                            }),
                                {x});
     }},
    {"numbers and integers at once",
     {5},
     {{0, 5}},
     [](const Func &in) {
         Func f = with_update({x}, {Expr(x), in(x)}, [&](Func &f) {
             RDom r(0, 4);
             const FuncRef other = f(gather(r + 1, r));
             f(scatter(r, r + 1)) = Tuple(other[0], select(other[0] > 2, other[1] * in(r), other[1] + in(4)));
         });
         Func g("g");
         g(x) = f(x)[1] * cast(in.types()[0], f(x)[0] + 1);
         return g;
     }},
    {"stages before and after",
     {5},
     {{0, 5}},
     [](const Func &in) {
         return in_place(in, [&](Func &f) {
             f(scatter(0, 1, 2)) = f(gather(1, 2, 0));
             f(x) = f(x) * f(x);
             f(scatter(2, 3)) = gather(sin(f(3)), f(2) * f(0));
             f(x) += in(x)*in(1);
             RDom r(0, 4);
             f(r + 1) = f(r) * f(r + 1);
             f(scatter(r, r + 1)) = f(gather(r + 1, r)) * f(0);
         });
     }},
    {"a choice of packets",
     {6},
     {{0, 6}},
     [](const Func &in) {
         return in_place(in, [&](Func &f) {
             const Expr p = in(0) > real(in, 1);
             f(select(p, scatter(3, 5, 5), scatter(1, 2, 3))) = f(select(p, gather(5, 3, 3), gather(2, 3, 1))) * in(1);
         });
     }},
    {"maxima at several places",
     {6},
     {{0, 6}},
     [](const Func &in) {
         return in_place(in, [&](Func &f) {
             RDom r(0, 4);
             f(scatter(0, 1, 5)) = max(f(gather(0, 1, 5)), in(r + gather(0, 1, 2)) * in(1));
         });
     }},
    {"places in two dimensions, beside pure ones",
     {3, 3},
     {{0, 3}, {0, 3}},
     [](const Func &in) {
         Func f("f"), g("g");
         Var z("z");
         f(x, y, z) = in(x, y) * in(z, 0);
         RDom r(0, 2);
         f(scatter(r, r + 1), y, scatter(r, 1 - r)) = f(gather(r + 1, r), y, gather(1, 2)) * in(gather(r, 2), y);
         g(x, y) = f(x, y, 0) * f(y, x, 1);
         return g;
     }},
};

}  // namespace

const std::vector<Case> &packets() { return cases; }

}  // namespace sylvite::testing
