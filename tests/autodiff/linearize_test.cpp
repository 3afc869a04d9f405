#include "autodiff/linearize.h"

#include "autodiff/custom_rule.h"
#include "derivative_check.h"
#include "frontend/graph.h"

using namespace sylvite;
using namespace sylvite::testing;
using namespace Halide;

namespace {

Var x("x"), y("y");

// The tangent of the linearised Func is that of jvp at the point where it was evaluated, wherever the inputs are now.
void check_linearize(const std::function<Func(Func in, Expr p)> &build) {
    ImageParam in(Float(64), 1, "in");
    Param<double> p("p");
    const Func f = build(in, p);
    Linearized linear = linearize(f, {in, p});
    Func dp("dp");
    ImageParam d_in(Float(64), 1, "d_in");
    Param<double> d_p("d_p");
    dp() = d_p;
    Func expected = jvp(f, {{in, d_in}, {p, dp}});
    compute_all_at_root({expected});
    compute_all_at_root({linear.tangent});

    std::mt19937 random(1);
    in.set(random_buffer({6}, random, 0.3, 1.2));
    p.set(0.7);
    linear.directions[0].set(random_buffer({6}, random, -1, 1));
    linear.directions[1].set(Buffer<double>::make_scalar());
    linear.evaluate({5}, quick_target());
    const Buffer<> there = in.get();
    for (int push = 0; push < 2; push++) {
        const Buffer<double> v = random_buffer({6}, random, -1, 1);
        Buffer<double> v_p = Buffer<double>::make_scalar();
        v_p() = push - 0.3;
        in.set(there), p.set(0.7), d_in.set(v), d_p.set(v_p());
        const Buffer<double> wanted = expected.realize({5}, quick_target());
        in.set(random_buffer({6}, random, 0.3, 1.2)), p.set(-2);
        linear.directions[0].set(v), linear.directions[1].set(v_p);
        const Buffer<double> got = linear.tangent.realize({5}, quick_target());
        for (int i = 0; i < 5; i++) {
            EXPECT_NEAR(got(i), wanted(i), 1e-13) << i;
        }
    }
}

// What a Func has computed is read by its tangent, not computed again.
TEST(ForwardDerivative, ReadsTheValueOfTheFunc) {
    Func in("in"), f("f"), g("g"), h("h"), d_in("d_in");
    in(x) = 2.f + x, d_in(x) = 1.f * x;
    f(x) = exp(in(x)), g(x) = 1.f / in(x);
    h(x) = exp(in(x));
    h(x) += 1.f;
    const std::vector<Func> d = jvp({f, g, h}, {{in, d_in}});
    EXPECT_TRUE(Internal::equal(d[0].value(), f(x) * d_in(x)));
    EXPECT_TRUE(Internal::equal(Internal::substitute_in_all_lets(d[1].value()), -(g(x) * g(x)) * d_in(x)))
        << d[1].value();
    EXPECT_TRUE(Internal::equal(d[2].value(), exp(in(x)) * d_in(x))) << d[2].value();
}

TEST(Linearize, StagesWithoutAnRDom) {
    check_linearize([](Func in, Expr p) {
        Func g("g"), f("f");
        g(x) = sin(in(x)*p) * in(x + 1);
        f(x) = exp(g(x)) * g(x) + p;
        return f;
    });
}

TEST(Linearize, ValuesThatAreUsedManyTimes) {
    check_linearize([](Func in, Expr p) {
        Func f("f");
        const Expr t = sin(in(x)), u = t * t * p, v = cos(p) * in(x + 1);
        f(x) = exp(u * v) * (v * p) * u + t * (v * sin(p)) + u + u * (t + v);
        return f;
    });
}

TEST(Linearize, SeveralValuesAtOnce) {
    check_linearize([](Func in, Expr p) {
        Func f("f");
        f(x) = in(x)*in(x)*p;
        RDom r(0, 3);
        r.where(in(r) > 0.5f);
        f(scatter(r, 5 - r, 1)) = sin(f(gather(5 - r, r, 2))) * in(gather(r, 2, r + 1)) + p;
        return f;
    });
}

TEST(Linearize, ReductionsAndGathers) {
    check_linearize([](Func in, Expr p) {
        Func f("f");
        RDom r(0, 4);
        r.where(in(r) < p * 2);
        f(x) = cast<double>(0);
        f(x) += in(r)*sin(in(r + 1) * p);
        f(clamp(cast<int>(in(r)*3), 0, 4)) += in(r)*in(r);
        return f;
    });
}

TEST(Linearize, RecurrencesAndMaxima) {
    check_linearize([](Func in, Expr p) {
        Func f("f");
        RDom r(1, 4);
        f(x) = in(x);
        f(r) = sin(f(r - 1)) * p + f(r);
        f(x) = max(f(x), in(r));
        return f;
    });
}

TEST(Linearize, WorksOutWhatIsExpensiveOnce) {
    ImageParam in(Float(64), 1, "in");
    Func f("f");
    f(x) = exp(sin(in(x)));
    const Linearized linear = linearize(f, {in});
    ASSERT_EQ(linear.residuals.size(), 1u);
    // The tangent is one product.
    int functions = 0;
    for (const Internal::Function &function : functions_of({linear.tangent})) {
        functions += reads_of(function).functions.size() == 2;
        EXPECT_NE(function.name(), f.name());
    }
    EXPECT_EQ(functions, 1);
}

TEST(Linearize, KeepsWhatTheRuleOfATangentReads) {
    // The tangent of f has a rule of its own, which reads in: 3 in^2 v, where in was 0.9.
    ImageParam in(Float(64), 1, "in");
    Func f("f");
    f(x) = in(x)*in(x)*in(x);
    FuncRule inner, rule;
    inner.jvp = [](const std::vector<Func> &a, const Func &, const std::vector<Func> &v) {
        Func d("d");
        d(x) = 3 * a[0](x) * a[0](x) * v[1](x) + 6 * a[0](x) * a[1](x) * v[0](x);
        return d;
    };
    rule.jvp = [=](const std::vector<Func> &a, const Func &, const std::vector<Func> &v) {
        Func d("d");
        d(x) = 3 * a[0](x) * a[0](x) * v[0](x);
        return custom_rule(d, {a[0], v[0]}, inner);
    };
    Linearized linear = linearize(custom_rule(f, {in}, rule), {in});
    Func one("one");
    one(x) = Internal::make_one(Float(64));
    Func pushed = jvp(linear.tangent, {{linear.directions[0], one}});
    Buffer<double> at(2), elsewhere(2);
    at.fill(0.9), elsewhere.fill(-2);
    in.set(at);
    linear.directions[0].set(at);
    linear.evaluate({2}, quick_target());
    for (ImageParam &kept : linear.kept) {
        if (!kept.get().defined()) {
            kept.set(at);  // in, for the rule
        }
    }
    in.set(elsewhere);
    const Buffer<double> slope = pushed.realize({2}, quick_target());
    EXPECT_NEAR(slope(1), 3 * 0.81, 1e-14);
}

// sum(sin(in(r))) over n elements from k on, with indices held within a last one that may be given or be the image's.
struct WithBounds {
    ImageParam in{Float(64), 1, "in"};
    Param<int> first{"first"}, n{"n"}, last{"last"};
    Func f{"f"};

    explicit WithBounds(bool last_of_image) {
        RDom r(first, n);
        const Expr edge = last_of_image ? in.dim(0).max() : Expr(last);
        f(x) = cast<double>(0);
        f(x) += sin(in(clamp(r + x, 0, edge)));
    }

    void set(int first_element, int elements, int size) {
        Buffer<double> values(size);
        for (int i = 0; i < size; i++) {
            values(i) = 0.25 * i;
        }
        in.set(values), first.set(first_element), n.set(elements), last.set(size - 1);
    }

    static double expected(int i, int first_element, int elements, int size) {
        double sum = 0;
        for (int k = first_element; k < first_element + elements; k++) {
            const int place = std::min(k + i, size - 1);
            sum += std::cos(0.25 * place) * (place + 1);
        }
        return sum;
    }
};

TEST(Linearize, KeepsTheBoundsOfRDomsAndTheSizesOfImages) {
    for (const bool last_of_image : {false, true}) {
        WithBounds at(last_of_image);
        Linearized linear = linearize(at.f, {at.in});
        at.set(1, 3, 6);
        Buffer<double> direction(6);
        for (int i = 0; i < 6; i++) {
            direction(i) = i + 1;
        }
        linear.directions[0].set(direction);
        linear.evaluate({4}, quick_target());
        at.set(0, 5, 9);  // does not count any more
        const Buffer<double> moved = linear.tangent.realize({4}, quick_target());
        for (int i = 0; i < 4; i++) {
            EXPECT_NEAR(moved(i), WithBounds::expected(i, 1, 3, 6), 1e-13) << i;
        }
        at.set(0, 5, 6);
        linear.evaluate({4}, quick_target());
        const Buffer<double> elsewhere = linear.tangent.realize({4}, quick_target());
        EXPECT_NEAR(elsewhere(3), WithBounds::expected(3, 0, 5, 6), 1e-13);
    }
}

TEST(Linearize, SeveralTangentsInOnePipeline) {
    // Of one Func twice, at different points, and of another with the same names.
    ImageParam in(Float(64), 1, "in");
    Func f("f"), g("f"), all("all");
    f(x) = sin(in(x));
    g(x) = in(x)*in(x)*in(x);
    std::vector<Linearized> linear{linearize(f, {in}), linearize(f, {in}), linearize(g, {in})};
    all(x) = Tuple(linear[0].tangent(x), linear[1].tangent(x), linear[2].tangent(x));
    const std::vector<double> points{0.3, 0.7, 1.1}, directions{2, 3, 5};
    for (int i = 0; i < 3; i++) {
        Buffer<double> point(1), direction(1);
        point(0) = points[i], direction(0) = directions[i];
        in.set(point);
        linear[i].directions[0].set(direction);
        linear[i].evaluate({1}, quick_target());
    }
    const Realization moved = all.realize({1}, quick_target());
    EXPECT_NEAR(Buffer<double>(moved[0])(0), 2 * std::cos(0.3), 1e-14);
    EXPECT_NEAR(Buffer<double>(moved[1])(0), 3 * std::cos(0.7), 1e-14);
    EXPECT_NEAR(Buffer<double>(moved[2])(0), 5 * 3 * 1.1 * 1.1, 1e-14);
}

TEST(Linearize, OfWhatDoesNotMove) {
    ImageParam in(Float(64), 1, "in"), other(Float(64), 1, "other");
    Func f("f");
    f(x) = in(x) + floor(other(x));
    Linearized linear = linearize(f, {other});
    EXPECT_TRUE(linear.residuals.empty());
    linear.evaluate({3}, quick_target());
    const Buffer<double> zero = linear.tangent.realize({3}, quick_target());
    EXPECT_EQ(zero(1), 0);
    Func two("two");
    two(x) = Tuple(in(x), in(x));
    EXPECT_THROW(linearize(two, {in}), CompileError);
}

}  // namespace
