// Update stages whose iterations read what earlier ones wrote.

#include "pipelines.h"

namespace sylvite::testing {

using namespace Halide;

namespace {

Var x("x"), y("y");

Type type_of(const Func &in) { return in.types()[0]; }

Expr real(const Func &in, double value) { return Halide::Internal::make_const(type_of(in), value); }

// f(args) = value, then `update`.
Func with_update(const std::vector<Var> &args, const std::vector<Expr> &value,
                 const std::function<void(Func &)> &update) {
    Func f("f");
    f(args) = Tuple(value);
    update(f);
    return f;
}

// Its values as another Func, which may be asked for fewer of them than the updates write.
Func copy_of(const Func &f) {
    const std::vector<Var> args = f.args();
    Func g("g");
    g(args) = f(std::vector<Expr>(args.begin(), args.end()));
    return g;
}

Func value_of(const Func &f, int component) {
    const std::vector<Var> args = f.args();
    Func g("g");
    g(args) = f(std::vector<Expr>(args.begin(), args.end()))[component];
    return g;
}

const std::vector<Case> cases = {
    {"cumulative sum",
     {7},
     {{0, 7}},
     [](Func in) {
         return with_update({x}, {in(x)}, [&](Func &f) {
             RDom r(1, 6);
             f(r) = f(r - 1) + f(r);
         });
     }},
    {"only the last of a cumulative sum",
     {7},
     {{6, 1}},
     [](Func in) {
         return copy_of(with_update({x}, {real(in, 0)}, [&](Func &f) {
             RDom r(1, 6);
             f(r) = f(r - 1) + in(r)*in(0);
         }));
     }},
    {"non-linear scan",
     {6},
     {{0, 6}},
     [](Func in) {
         return with_update({x}, {in(x)}, [&](Func &f) {
             RDom r(0, 5);
             f(r + 1) = sin(f(r)) * in(r + 1);
         });
     }},
    {"two-step recurrence",
     {7},
     {{0, 7}},
     [](Func in) {
         return with_update({x}, {in(x)}, [&](Func &f) {
             RDom r(2, 5);
             f(r) = real(in, 0.5) * f(r - 1) * f(r - 2) + in(r);
         });
     }},
    {"reversed scan",
     {6},
     {{0, 6}},
     [](Func in) {
         return with_update({x}, {in(x)}, [&](Func &f) {
             RDom r(0, 5);
             f(4 - r) = f(5 - r) * in(4 - r);
         });
     }},
    {"causal and anticausal",
     {6},
     {{0, 6}},
     [](Func in) {
         return with_update({x}, {in(x)}, [&](Func &f) {
             RDom r(1, 5);
             f(r) += real(in, 0.5) * f(r - 1);
             f(5 - r) = f(5 - r) + real(in, 0.25) * f(6 - r) * f(6 - r);
         });
     }},
    {"integral image",
     {4, 5},
     {{0, 4}, {0, 5}},
     [](Func in) {
         return with_update({x, y}, {in(x, y)}, [&](Func &f) {
             RDom r(1, 3), s(1, 4);
             f(r, y) += f(r - 1, y);
             f(x, s) += f(x, s - 1);
         });
     }},
    {"wavefront",
     {4, 4},
     {{0, 4}, {0, 4}},
     [](Func in) {
         return with_update({x, y}, {in(x, y)}, [&](Func &f) {
             RDom r(1, 3, 1, 3);
             f(r.x, r.y) = in(r.x, r.y) + f(r.x - 1, r.y) * f(r.x, r.y - 1) + sin(f(r.x - 1, r.y - 1));
         });
     }},
    {"stencil in time",
     {6},
     {{0, 6}, {0, 4}},
     [](Func in) {
         return with_update({x, y}, {select(y == 0, in(x), real(in, 0))}, [&](Func &f) {
             RDom r(1, 4, 1, 3);
             f(r.x, r.y) =
                 f(r.x, r.y - 1) + real(in, 0.1) * (f(r.x - 1, r.y - 1) - f(r.x, r.y - 1) * f(r.x + 1, r.y - 1));
         });
     }},
    {"ping-pong",
     {5},
     {{0, 5}},
     [](Func in) {
         Func f = with_update({x, y}, {select(y == 0, in(x), real(in, 0))}, [&](Func &f) {
             RDom t(1, 5);
             f(x, t % 2) = sin(f(x, (t + 1) % 2)) * in(x);
         });
         Func last("last");
         last(x) = f(x, 1);
         return last;
     }},
    {"in place",
     {5},
     {{0, 5}},
     [](Func in) {
         return with_update({x}, {in(x)}, [&](Func &f) {
             RDom r(0, 3);
             f(x) = f(x) * in(r + 1) + sin(f(x));
         });
     }},
    {"what was there is subtracted",
     {5},
     {{0, 5}},
     [](Func in) {
         return with_update({x}, {in(x)*in(x)}, [&](Func &f) {
             RDom r(0, 3);
             f(x) = in(x)*in(0) - f(x);
             f(x) = in(r)*in(x)-f(x);
         });
     }},
    {"in place along the RDom",
     {5},
     {{0, 5}},
     [](Func in) {
         return with_update({x}, {in(x)}, [&](Func &f) {
             RDom r(0, 4);
             f(r) *= in(r + 1);
         });
     }},
    {"Gauss-Seidel sweeps",
     {6},
     {{0, 6}},
     [](Func in) {
         return with_update({x}, {in(x)}, [&](Func &f) {
             RDom r(1, 4, 0, 2);
             f(r.x) = real(in, 0.25) * f(r.x - 1) * f(r.x + 1) + f(r.x);
         });
     }},
    {"product",
     {5},
     {{0, 1}},
     [](Func in) {
         Func f("f");
         RDom r(0, 5);
         f(x) = product(in(r + x * 0));
         return f;
     }},
    {"product of rows",
     {5, 3},
     {{0, 3}},
     [](Func in) {
         Func f("f");
         RDom r(0, 5);
         f(x) = product(in(r, x));
         return f;
     }},
    {"maximum",
     {5, 3},
     {{0, 3}},
     [](Func in) {
         Func f("f");
         RDom r(0, 5);
         f(x) = maximum(sin(in(r, x)) * real(in, 3));
         return f;
     }},
    {"value of argmax",
     {5, 3},
     {{0, 3}},
     [](Func in) {
         Func f("f");
         RDom r(0, 5);
         f(x) = argmax(in(r, x))[1] * in(0, x);
         return f;
     }},
    {"place of argmin",
     {5, 3},
     {{0, 3}},
     [](Func in) {
         Func f("f");
         RDom r(0, 5);
         f(x) = in(clamp(argmin(in(r, x))[0], 0, 4), x) * in(1, x);
         return f;
     }},
    {"Horner",
     {6},
     {{0, 3}},
     [](Func in) {
         return with_update({x}, {in(5)}, [&](Func &f) {
             RDom r(0, 5);
             f(x) = f(x) * in(x) + in(4 - r);
         });
     }},
    {"continued fraction",
     {6},
     {{0, 1}},
     [](Func in) {
         return with_update({x}, {in(5)}, [&](Func &f) {
             RDom r(0, 5);
             f(x) = in(4 - r) + 1 / f(x);
         });
     }},
    {"online softmax",
     {6, 2},
     {{0, 2}},
     [](Func in) {
         Func f = with_update({x}, {in(0, x), real(in, 1)}, [&](Func &f) {
             RDom r(1, 5);
             const Expr m = max(f(x)[0], in(r, x));
             f(x) = Tuple(m, f(x)[1] * exp(f(x)[0] - m) + exp(in(r, x) - m));
         });
         Func g("g");
         g(x) = f(x)[0] + log(f(x)[1]);
         return g;
     }},
    {"Tuple that swaps",
     {5},
     {{0, 4}},
     [](Func in) {
         return value_of(with_update({x}, {in(x), in(x + 1)},
                                     [&](Func &f) {
                                         RDom r(0, 3);
                                         f(x) = Tuple(f(x)[1] * in(r), f(x)[0] + f(x)[1]);
                                     }),
                         0);
     }},
    {"scan of complex numbers",
     {6},
     {{0, 6}},
     [](Func in) {
         return value_of(with_update({x}, {in(x), real(in, 1)},
                                     [&](Func &f) {
                                         RDom r(0, 5);
                                         const Expr a = f(r)[0], b = f(r)[1];
                                         f(r + 1) = Tuple(a * in(r)-b * in(r + 1), a * in(r + 1) + b * in(r));
                                     }),
                         1);
     }},
    {"a predicate",
     {6},
     {{0, 6}},
     [](Func in) {
         return with_update({x}, {in(x)}, [&](Func &f) {
             RDom r(1, 5, 0, 2);
             r.where(r.x % 2 == r.y);
             f(r.x) = f(r.x - 1) * f(r.x);
         });
     }},
    {"a predicate on data",
     {6},
     {{0, 6}},
     [](Func in) {
         return with_update({x}, {in(x)}, [&](Func &f) {
             RDom r(1, 5);
             r.where(in(r) > real(in, 1));
             f(r) = f(r - 1) * f(r);
         });
     }},
    {"a predicate on the Func itself",
     {6},
     {{0, 6}},
     [](Func in) {
         return with_update({x}, {in(x)}, [&](Func &f) {
             RDom r(0, 5);
             r.where(f(r) > real(in, 0.9));
             f(r + 1) = f(r) * in(r);
         });
     }},
    {"a predicate on the Func itself, whose values later stages need",
     {6},
     {{0, 6}},
     [](Func in) {
         return with_update({x}, {in(x)}, [&](Func &f) {
             RDom r(0, 5);
             r.where(f(r) > real(in, 0.9));
             f(r) = in(r + 1) * real(in, 0.4);
             f(x) = f(x) * f(x) * in(x);
         });
     }},
    {"places that are data, with duplicates",
     {6},
     {{0, 3}},
     [](Func in) {
         return with_update({x}, {in(x)}, [&](Func &f) {
             RDom r(0, 6);
             const Expr to = clamp(cast<int>(in(r)*2), 0, 2);
             f(to) = f(to) * in(r) + sin(f((to + r) % 3));
         });
     }},
    {"places that are values of the Func",
     {6},
     {{0, 3}},
     [](Func in) {
         return with_update({x}, {in(x)}, [&](Func &f) {
             RDom r(0, 4);
             const Expr to = clamp(cast<int>(f(r % 3) * 2), 0, 2);
             f(to) = f(r % 3) * in(r);
         });
     }},
    {"Newton's method",
     {4},
     {{0, 4}},
     [](Func in) {
         return with_update({x}, {real(in, 1)}, [&](Func &f) {
             RDom r(0, 4);
             f(x) = f(x) - (f(x) * f(x) - in(x)) / (2 * f(x));
         });
     }},
    {"one iteration",
     {4},
     {{0, 4}},
     [](Func in) {
         return with_update({x}, {in(x)}, [&](Func &f) {
             RDom r(0, 1);
             f(r) = f(r + 1) * f(r);
         });
     }},
    {"no iteration",
     {4},
     {{0, 4}},
     [](Func in) {
         return with_update({x}, {in(x)}, [&](Func &f) {
             RDom r(0, 0);
             f(x) = f(x) * in(r);
         });
     }},
    {"several stages",
     {5},
     {{0, 5}},
     [](Func in) {
         return with_update({x}, {in(x)}, [&](Func &f) {
             RDom r(1, 4);
             f(r) *= f(r - 1);
             f(x) += in(x)*in(0);
             f(x) = sin(f(x));
             f(r) = f(r - 1) / (1 + f(r) * f(r));
             f(2) = f(1) * in(3);
         });
     }},
    {"values that start undefined",
     {6},
     {{0, 6}},
     [](Func in) {
         return with_update({x}, {undef(type_of(in))}, [&](Func &f) {
             f(0) = in(0);
             RDom r(1, 5);
             f(r) = in(r)*f(r - 1);
         });
     }},
    {"one value of a Tuple",
     {6},
     {{0, 6}},
     [](Func in) {
         Func f = with_update({x}, {in(x), in(x)*in(0)}, [&](Func &f) {
             f(x)[1] += in(5 - x) * in(x);
             f(x)[0] = f(x)[1] * f(x)[0];
         });
         Func g("g");
         g(x) = f(x)[0] * f(x)[1];
         return g;
     }},
    {"one value of a Tuple, along the RDom",
     {6},
     {{0, 6}},
     [](Func in) {
         Func f = with_update({x}, {in(x), in(x)*in(0)}, [&](Func &f) {
             RDom r(0, 5);
             f(r)[1] += in(r + 1) * in(r);
             f(r)[0] = f(r + 1)[1] * f(r)[0];
             f(r + 1)[1] = f(r)[1] * in(r) + f(r + 1)[0];
         });
         Func g("g");
         g(x) = f(x)[0] * f(x)[1];
         return g;
     }},
    {"what is not chosen stays",
     {6},
     {{0, 6}},
     [](Func in) {
         const Expr none = undef(type_of(in));
         return with_update({x}, {in(x)*in(0)}, [&](Func &f) {
             f(x) = select(x > 2, sin(in(x)) + f(x), none);
             f(x) = in(x) + select(x > 2, select(x % 2 == 0, sin(f(x)), none) * 2, f(x) * f(x));
             RDom r(0, 5);
             f(r + 1) = select(in(r) > real(in, 1), none, sin(f(r)));
         });
     }},
    {"a Tuple that is not chosen stays",
     {6},
     {{0, 6}},
     [](Func in) {
         Func f = with_update({x}, {in(x)*in(0), in(x)}, [&](Func &f) {
             RDom r(0, 5);
             const Expr none = undef(type_of(in)), stays = in(r) > real(in, 1);
             f(r) = Tuple(select(stays, none, f(r + 1)[1]), select(stays, none, f(r)[0] * f(r)[1]));
         });
         Func g("g");
         g(x) = f(x)[0] * f(x)[1];
         return g;
     }},
    {"a stage read at places that the output does not need",
     {5},
     {{0, 1}},
     [](Func in) {
         return copy_of(with_update({x}, {in(x)}, [&](Func &f) {
             RDom r(1, 4);
             f(r) *= f(r - 1);
             f(0) = f(4) * in(3);
         }));
     }},
};

}  // namespace

const std::vector<Case> &recurrences() { return cases; }

}  // namespace sylvite::testing
