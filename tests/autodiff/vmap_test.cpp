#include "autodiff/custom_rule.h"
#include "autodiff/jacobian.h"
#include "autodiff/vmap.h"
#include "derivative_check.h"
#include "frontend/program.h"

#include <gmock/gmock.h>

using namespace sylvite;
using namespace sylvite::testing;
using namespace Halide;

namespace {

Var x("x"), y("y"), b("b"), k("k");

constexpr int size = 5, batch = 3;

// Compares vmap of a Func, and of its gradient, with the same element by element.
void check_vmap(const std::function<Func(Func in, Expr p)> &build) {
    ImageParam in(Float(64), 1, "in"), many(Float(64), 2, "many"), ps(Float(64), 1, "ps");
    Param<double> p("p");
    const Func f = build(in, p);
    Func loss("loss");
    RDom r(0, size - 1);
    loss() += f(r) * f(r);
    const std::vector<Batch> inputs{{in, many}, {p, ps}};
    std::vector<Func> single{f, grad(loss, in), grad(loss, p)};
    std::vector<Func> all = vmap(single, inputs);
    // The gradient of the sum of all losses is the same as the gradients of all.
    Func total("total"), losses = vmap(loss, inputs);
    RDom e(0, batch);
    total() += losses(e);
    all.push_back(grad(total, many));
    all.push_back(grad(total, ps));
    compute_all_at_root(all);
    compute_all_at_root(single);

    std::mt19937 random(1);
    const Buffer<double> values = random_buffer({size, batch}, random, 0.3, 1.5);
    const Buffer<double> scalars = random_buffer({batch}, random, 0.3, 1.5);
    many.set(values), ps.set(scalars);
    Buffer<double> fs(size - 1, batch), d_in(size, batch), d_p(batch), d_many(size, batch), d_ps(batch);
    Pipeline(all).realize({fs, d_in, d_p, d_many, d_ps}, quick_target());
    for (int element = 0; element < batch; element++) {
        Buffer<double> one(size);
        for (int i = 0; i < size; i++) {
            one(i) = values(i, element);
        }
        in.set(one);
        p.set(scalars(element));
        Buffer<double> out(size - 1), gradient(size), slope = Buffer<double>::make_scalar();
        Pipeline(single).realize({out, gradient, slope}, quick_target());
        for (int i = 0; i < size; i++) {
            EXPECT_NEAR(gradient(i), d_in(i, element), 1e-13);
            EXPECT_NEAR(gradient(i), d_many(i, element), 1e-13);
            if (i + 1 < size) {
                EXPECT_NEAR(out(i), fs(i, element), 1e-13);
            }
        }
        EXPECT_NEAR(slope(), d_p(element), 1e-13);
        EXPECT_NEAR(slope(), d_ps(element), 1e-13);
    }
}

TEST(Vmap, OfPureFuncs) {
    check_vmap([](Func in, Expr p) {
        Func shared("shared"), f("f");
        shared(x) = cast<double>(x) / 2;
        f(x) = sin(in(x)*p) * in(x + 1) + shared(x);
        return f;
    });
}

TEST(Vmap, OfUpdatesScansAndRecurrences) {
    check_vmap([](Func in, Expr p) {
        Func f("f");
        RDom r(1, size - 2), s(0, 3), t(0, size - 1);
        f(x) = in(x)*in(x + 1);
        f(r) = f(r - 1) * p + sin(f(r));
        f(x) = max(f(x), in(s)*p);
        f(clamp(cast<int>(in(t)*3), 0, size - 2)) += in(t)*in(t);
        return f;
    });
}

TEST(Vmap, OfPredicatesOnDataAndTuples) {
    check_vmap([](Func in, Expr p) {
        Func best("best"), f("f");
        RDom r(0, size);
        r.where(in(r) < p * 2);
        best() = Tuple(Internal::make_const(Float(64), 0), 0);
        best() = Tuple(select(in(r) > best()[0], in(r), best()[0]), select(in(r) > best()[0], r, best()[1]));
        f(x) = best()[0] * in(x) + best()[1] * p;
        return f;
    });
}

TEST(Vmap, OfRulesOfTheUser) {
    check_vmap([](Func in, Expr p) {
        Func scale("scale"), f("f"), inner("inner");
        scale() = p;
        inner(x) = in(x)*in(x + 1) * scale();
        for (const bool forward : {false, true}) {
            // Twice the true derivative, so that one can see whose it is.
            FuncRule rule;
            if (forward) {
                rule.jvp = [](const std::vector<Func> &a, const Func &, const std::vector<Func> &v) {
                    Func d("d");
                    d(x) =
                        2 * ((v[0](x) * a[0](x + 1) + a[0](x) * v[0](x + 1)) * a[1]() + a[0](x) * a[0](x + 1) * v[1]());
                    return d;
                };
            } else {
                rule.vjp = [](const std::vector<Func> &a, const Func &y, const Func &u, const Region &box) {
                    Func d("d"), s("s");
                    d(x) = 2 * a[1]() * (u(x) * a[0](min(x + 1, size - 1)) + u(x - 1) * a[0](max(x - 1, 0)));
                    RDom r(box);
                    s() += 2 * u(r) * y(r) / a[1]();
                    return std::vector<Func>{d, s};
                };
            }
            const Func ruled = custom_rule(inner, {in, scale}, rule);
            f(x) = forward ? f(x) + sin(ruled(x)) : Expr(ruled(x));
            if (!forward) {
                f(x) = f(x) * 2;
            }
        }
        return f;
    });
}

TEST(Vmap, ReadsTheSizesOfTheBatch) {
    ImageParam in(Float(64), 1, "in"), many(Float(64), 2, "many");
    Func f("f"), computed("computed");
    f(x) = in(clamp(x, in.dim(0).min(), in.dim(0).max())) * in.dim(0).extent();
    Buffer<double> values(3, 2);
    values.for_each_element([&](int i, int j) { values(i, j) = 1 + i + 10 * j; });
    many.set(values);
    const Buffer<double> got = vmap(f, {{in, many}}).realize({5, 2}, quick_target());
    EXPECT_EQ(got(1, 1), 3 * 12);
    EXPECT_EQ(got(4, 0), 3 * 3);
    computed(x, b) = many(x, b);
    computed(x, b) += many(x, b);
    EXPECT_THROW(vmap(f, {{in, computed}}), CompileError);

    // Nor are RDoms of the size of an image of different sizes in the batch.
    Func mean("mean");
    const RDom r(in.dim(0).min(), in.dim(0).extent());
    mean() += in(r) / in.dim(0).extent();
    const Buffer<double> means = vmap(mean, {{in, many}}).realize({2}, quick_target());
    EXPECT_DOUBLE_EQ(means(0), 2);
    EXPECT_DOUBLE_EQ(means(1), 12);
}

TEST(Vmap, KeepsWhatAllElementsShare) {
    // The rule's derivative by an input that is not part of the batch sums over the batch.
    ImageParam many(Float(64), 2, "many");
    ImageParam in(Float(64), 1, "in");
    Param<double> p("p");
    Func scale("scale"), f("f"), loss("loss"), losses("losses"), total("total");
    scale() = p;
    f(x) = in(x)*scale();
    FuncRule rule;
    rule.vjp = [](const std::vector<Func> &a, const Func &, const Func &u, const Region &box) {
        Func d("d"), s("s");
        d(x) = u(x) * a[1]();
        RDom r(box);
        s() += u(r) * a[0](r);
        return std::vector<Func>{d, s};
    };
    const Func all = vmap(custom_rule(f, {in, scale}, rule), {{in, many}});
    RDom r(0, 2, 0, 3);
    total() += all(r.x, r.y);
    Buffer<double> values(2, 3);
    double sum = 0;
    values.for_each_element([&](int i, int j) { sum += values(i, j) = 1 + i * 10 + j; });
    many.set(values);
    p.set(2);
    const Buffer<double> slope = grad(total, p).realize({}, quick_target());
    EXPECT_EQ(slope(), sum);
}

TEST(Vmap, Refuses) {
    ImageParam in(Float(64), 1, "in"), many(Float(64), 2, "many");
    Func f("f"), wrong("wrong"), external("external");
    f(x) = in(x);
    wrong(x, b) = cast<float>(x);
    external.define_extern("nothing", {Func(in)}, Float(64), 1);
    EXPECT_THROW(vmap(f, {{in, in}}), CompileError);
    EXPECT_THROW(vmap(f, {{in, wrong}}), CompileError);
    EXPECT_THROW(vmap(f, {{in, many}, {in, many}}), CompileError);
    EXPECT_THROW(vmap(external, {{in, many}}), CompileError);
    EXPECT_THROW(vmap(f, {}), CompileError);
    const Array a = input<double>("a", {4});
    FuncRule rule;
    rule.jvp = [](const std::vector<Func> &, const Func &, const std::vector<Func> &v) { return v[0]; };
    Func copy("copy");
    copy(x) = a(x);
    EXPECT_THROW(vmap(custom_rule(copy, {a}, rule), {{a, many}}), CompileError);
    // A loop that depends on what is to have many values, and one that does not.
    const Array u = input<double>("u", {4}), c = input<double>("c", {4});
    const Arrays result = loop(3, Arrays{c}, [&](Expr, const Arrays &state) {
        Func next("next");
        next(x) = state[0](x) * 2;
        return Arrays{Array(next, {4})};
    });
    Func g("g");
    g(x) = result[0](x) * u(x);
    EXPECT_EQ(vmap(g, {{u, many}}).dimensions(), 2);
    try {
        vmap(g, {{c, many}});
        FAIL();
    } catch (const CompileError &e) {
        EXPECT_THAT(e.what(), ::testing::HasSubstr("is computed by a loop that depends on the inputs"));
    }
}

// out(x) = in(x)^2 in(x + 1) + sum(in^2) + the scan of in.
Func dense_example(Func in) {
    Func f("f"), scan("scan");
    RDom r(0, size), s(1, size - 2);
    scan(x) = in(x);
    scan(s) += scan(s - 1) * in(s);
    f(x) = in(x)*in(x)*in(x + 1) + sum(in(r)*in(r)) + scan(x);
    return f;
}

TEST(Jacobian, OfBothModesIsThatOfDifferences) {
    ImageParam in(Float(64), 1, "in");
    Func f = dense_example(in);
    Func forward = jacobian(f, in), reverse = jacobian(f, {{0, size - 1}}, in);
    compute_all_at_root({f, forward, reverse});
    std::mt19937 random(2);
    const Buffer<double> values = random_buffer({size}, random, 0.3, 1.5);
    in.set(values);
    const Buffer<double> J = forward.realize({size - 1, size}, quick_target());
    const Buffer<double> K = reverse.realize({size - 1, size}, quick_target());
    for (int j = 0; j < size; j++) {
        Buffer<double> above = values.copy(), below = values.copy();
        above(j) += 1e-5, below(j) -= 1e-5;
        in.set(above);
        const Buffer<double> f1 = f.realize({size - 1}, quick_target());
        in.set(below);
        const Buffer<double> f0 = f.realize({size - 1}, quick_target());
        for (int i = 0; i < size - 1; i++) {
            EXPECT_NEAR(J(i, j), (f1(i) - f0(i)) / 2e-5, 1e-8);
            EXPECT_NEAR(J(i, j), K(i, j), 1e-13);
        }
    }
}

TEST(Jacobian, OfAScalarInputAndOfAScalarOutput) {
    ImageParam in(Float(64), 1, "in");
    Param<double> p("p");
    Func f("f"), loss("loss");
    f(x) = in(x)*p * p;
    RDom r(0, 3);
    loss() += in(r)*in(r)*p;
    Buffer<double> values(3);
    values(0) = 1, values(1) = 2, values(2) = 3;
    in.set(values);
    p.set(5);
    const Buffer<double> column = jacobian(f, p).realize({3}, quick_target());
    const Buffer<double> row = jacobian(loss, {}, in).realize({3}, quick_target());
    const Buffer<double> H = hessian(loss, in).realize({3, 3}, quick_target());
    const Buffer<double> slope = jacobian(loss, {}, p).realize({}, quick_target());
    EXPECT_EQ(slope(), 14);
    for (int i = 0; i < 3; i++) {
        EXPECT_EQ(column(i), 10 * values(i));
        EXPECT_EQ(row(i), 10 * values(i));
        for (int j = 0; j < 3; j++) {
            EXPECT_EQ(H(i, j), i == j ? 10 : 0);
        }
    }
}

TEST(Hessian, IsTheJacobianOfTheGradient) {
    ImageParam in(Float(64), 1, "in");
    Func f = dense_example(in);
    Func loss("loss");
    RDom r(0, size - 1);
    loss() += f(r) * f(r);
    Func H = hessian(loss, in), gradient = grad(loss, in);
    compute_all_at_root({H, gradient});
    std::mt19937 random(3);
    const Buffer<double> values = random_buffer({size}, random, 0.3, 1.0);
    in.set(values);
    const Buffer<double> h = H.realize({size, size}, quick_target());
    for (int j = 0; j < size; j++) {
        Buffer<double> above = values.copy(), below = values.copy();
        above(j) += 1e-5, below(j) -= 1e-5;
        in.set(above);
        const Buffer<double> g1 = gradient.realize({size}, quick_target());
        in.set(below);
        const Buffer<double> g0 = gradient.realize({size}, quick_target());
        for (int i = 0; i < size; i++) {
            EXPECT_NEAR(h(i, j), (g1(i) - g0(i)) / 2e-5, 1e-5);
            EXPECT_NEAR(h(i, j), h(j, i), 1e-11);
        }
    }
}

TEST(BandedJacobian, HasTheElementsOfTheWholeOne) {
    // Every second element of a product of neighbours with repeated edges, in two dimensions.
    ImageParam in(Float(64), 2, "in");
    Func f("f"), clamped = BoundaryConditions::repeat_edge(in, {{0, 7}, {0, 4}});
    f(x, y) = clamped(2 * x - 1, y) * clamped(2 * x + 1, y) + sin(clamped(2 * x, y - 1));
    BandedJacobian banded = banded_jacobian(f, in);
    ASSERT_EQ(banded.extents.size(), 2u);
    EXPECT_EQ(banded.extents[0], 3);
    EXPECT_EQ(banded.extents[1], 2);
    Func first("first");
    first(banded.variables) = Tuple(banded.first);
    Func whole = jacobian(f, in);
    compute_all_at_root({banded.values, whole});
    std::mt19937 random(4);
    in.set(random_buffer({7, 4}, random, 0.3, 1.5));
    const Buffer<double> J = whole.realize({4, 4, 7, 4}, quick_target());
    const Buffer<double> B = banded.values.realize({4, 4, 3, 2}, quick_target());
    const Realization starts = first.realize({4, 4}, quick_target());
    const Buffer<int> x0 = starts[0], y0 = starts[1];
    J.for_each_element([&](int i, int j, int in_x, int in_y) {
        const int kx = in_x - x0(i, j), ky = in_y - y0(i, j);
        const double expected = kx >= 0 && kx < 3 && ky >= 0 && ky < 2 ? B(i, j, kx, ky) : 0;
        EXPECT_EQ(J(i, j, in_x, in_y), expected) << i << " " << j << " " << in_x << " " << in_y;
    });
}

TEST(BandedJacobian, HasTheWindowOfARule) {
    ImageParam in(Float(64), 1, "in");
    Func f("f");
    f(x) = in(x)*in(x);
    FuncRule rule;
    rule.jvp = [](const std::vector<Func> &, const Func &, const std::vector<Func> &v) {
        Func d("d");
        d(x) = v[0](x) + 10 * v[0](x + 1);
        return d;
    };
    BandedJacobian banded = banded_jacobian(custom_rule(f, {in}, rule), in);
    ASSERT_EQ(banded.extents, std::vector<int>{2});
    in.set(Buffer<double>(4));
    const Buffer<double> nonzeros = banded.values.realize({2, 2}, quick_target());
    EXPECT_EQ(nonzeros(1, 0), 1);
    EXPECT_EQ(nonzeros(1, 1), 10);
}

TEST(BandedJacobian, RefusesWindowsOfTheSizeOfTheInput) {
    ImageParam in(Float(64), 1, "in");
    Func f("f");
    RDom r(0, in.dim(0).extent());
    f(x) = sum(in(r)) * in(x);
    EXPECT_THROW(banded_jacobian(f, in), CompileError);
}

}  // namespace
