#include "derivative_check.h"

using namespace sylvite;
using namespace sylvite::testing;
using namespace Halide;

namespace {

Var x("x"), y("y");

// All winners of a maximum over an RDom share its derivative evenly: values in both modes, under two schedules.
struct Ties {
    ImageParam in{Float(64), 1, "in"};
    Func f{"f"};

    std::vector<double> shares(const std::vector<double> &values, Placement placement) {
        const int n = static_cast<int>(values.size());
        Buffer<double> buffer(n);
        std::copy(values.begin(), values.end(), buffer.begin());
        in.set(buffer);
        Func loss("loss");
        loss() = f(0);
        const Func gradient = grad(loss, in);
        // The same entry by entry in forward mode: the tangent of in(y) in column y.
        std::vector<Func> outputs{gradient};
        for (int i = 0; i < n; i++) {
            Func unit("unit");
            unit(x) = select(x == i, Internal::make_one(Float(64)), Internal::make_zero(Float(64)));
            outputs.push_back(jvp(loss, {{in, unit}}));
        }
        if (placement == Placement::all_roots) {
            compute_all_at_root(outputs);
        }
        Buffer<double> g(n);
        std::vector<Buffer<>> results{g};
        std::vector<double> reverse(n);
        for (int i = 0; i < n; i++) {
            results.emplace_back(Buffer<double>::make_scalar());
        }
        Pipeline(outputs).realize(Realization(results), quick_target());
        for (int i = 0; i < n; i++) {
            reverse[i] = g(i);
            EXPECT_NEAR(reverse[i], Buffer<double>(results[i + 1])(), 1e-14) << "element " << i;
        }
        return reverse;
    }

    void expect(const std::vector<double> &values, const std::vector<double> &expected) {
        for (const Placement placement : {Placement::inlined, Placement::all_roots}) {
            const std::vector<double> got = shares(values, placement);
            for (size_t i = 0; i < expected.size(); i++) {
                EXPECT_NEAR(got[i], expected[i], 1e-14) << "element " << i;
            }
        }
    }
};

TEST(Ties, OfAMaximum) {
    Ties t;
    RDom r(0, 6);
    t.f(x) = maximum(t.in(r));
    t.expect({3, 1, 3, 3, 2, 3}, {0.25, 0, 0.25, 0.25, 0, 0.25});
}

TEST(Ties, OfAMinimumWithItsInitialValue) {
    Ties t;
    RDom r(0, 4);
    t.f(x) = t.in(4) * 2;
    t.f(x) = min(t.in(r), t.f(x));
    t.expect({6, 7, 6, 8, 3}, {1. / 3, 0, 1. / 3, 0, 2. / 3});
}

TEST(Ties, OfSeveralCandidatesInAnIteration) {
    Ties t;
    RDom r(0, 3);
    t.f(x) = Internal::make_const(Float(64), -9);
    t.f(x) = max(max(t.f(x), t.in(r)), t.in(r + 1));
    // in(1) and in(2) are met twice.
    t.expect({5, 5, 5, 2}, {0.2, 0.4, 0.4, 0});
}

TEST(Ties, BesideOtherUpdatesAndValues) {
    Ties t;
    RDom r(0, 4);
    Func both("both");
    both(x) = Tuple(Internal::make_const(Float(64), 9), Internal::make_const(Float(64), -9), 0);
    both(x) = Tuple(min(both(x)[0], t.in(r)), max(t.in(r), both(x)[1]), both(x)[2] + 1);
    both(x) = Tuple(both(x)[0] * 2, both(x)[1], both(x)[2]);
    both(x) = Tuple(min(both(x)[0], t.in(r) + 1), both(x)[1] + t.in(r), both(x)[2]);
    t.f(x) = both(x)[0] * 6 + both(x)[1] * 3;
    // min: 2 * 1 = 1 + 1 twice, of 2 in(0) and 2 in(3) beside in(0) + 1 and in(3) + 1: 1/3 each of d(2 min) = 1 + 1.
    // max: halves of in(1) and in(2); the sum adds 1 to each.
    t.expect({1, 4, 4, 1}, {6 * (1. / 3 + 1. / 3) + 3, 3 * 0.5 + 3, 3 * 0.5 + 3, 6 * (1. / 3 + 1. / 3) + 3});
}

TEST(Ties, BesideAStageWithAPredicateOnTheFuncItself) {
    Ties t;
    RDom r(0, 3), s(0, 1), u(0, 1);
    Func largest("largest");
    largest(x) = Internal::make_const(Float(64), -9);
    largest(0) = max(largest(0), t.in(r));
    s.where(largest(s) < 4.5f);
    largest(s) = t.in(3) * 2;
    u.where(largest(u) < 4.5f);
    largest(u) = t.in(4);
    RDom v(4, 1);
    largest(0) = max(largest(0), t.in(v));
    t.f(x) = largest(0) + 0 * x;
    t.expect({4, 4, 3, 3.5, 7}, {0, 0, 0, 1, 0.5});
}

TEST(Ties, OfAMaximumOfDataDependentPlaces) {
    Ties t;
    RDom r(0, 5);
    Func largest("largest");
    largest(x) = Internal::make_const(Float(64), 0);
    const Expr place = cast<int>(t.in(r)) % 2;
    largest(place) =
        max(largest(place), floor(t.in(r)) + stop_gradient(t.in(r)) * 0 + (t.in(r)-stop_gradient(t.in(r))));
    t.f(x) = largest(0) * 6 + largest(1);
    t.expect({4, 5, 4, 4, 5}, {2, 0.5, 2, 2, 0.5});
}

TEST(Ties, OfManyInHalfPrecisionAddUpToOne) {
    constexpr int n = 2000;
    ImageParam in(Float(16), 1, "in");
    Buffer<float16_t> values(n);
    values.fill(float16_t(1.5));
    in.set(values);
    Func loss("loss"), ones("ones");
    RDom r(0, n);
    loss() = maximum(in(r));
    ones(x) = Internal::make_one(Float(16));
    Func gradient = grad(loss, in), slope = jvp(loss, {{in, ones}});
    compute_all_at_root({gradient, slope});
    const Buffer<float16_t> shares = gradient.realize({n}, quick_target());
    double sum = 0;
    for (int i = 0; i < n; i++) {
        sum += static_cast<double>(shares(i));
        EXPECT_NEAR(static_cast<double>(shares(i)), 1. / n, 1e-3 / n) << "element " << i;
    }
    EXPECT_NEAR(sum, 1, 1e-3);
    const Buffer<float16_t> together = slope.realize({}, quick_target());
    EXPECT_EQ(static_cast<double>(together()), 1);
}

TEST(Ties, InHalfPrecisionBesideOtherStages) {
    // 2 max(in(0..3)), then max with in(4) and in(5), and the smallest of all as a second value.
    ImageParam in(Float(16), 1, "in");
    Func both("both"), loss("loss");
    RDom r(0, 4), s(4, 2);
    both() = Tuple(in(0), in(0));
    both() = Tuple(max(both()[0], in(r)), min(in(r), both()[1]));
    both() = Tuple(both()[0] * 2, both()[1] + both()[0]);
    both() = Tuple(max(in(s), both()[0]), both()[1]);
    loss() = both()[0] * 4 + both()[1] * 8;
    Buffer<float16_t> values(6);
    const std::vector<float> given{1, 2, 2, 1, 4, 3};
    std::transform(given.begin(), given.end(), values.begin(), [](float v) { return float16_t(v); });
    in.set(values);
    // The first maximum has weight 8, and 2 from half of the second one's 4: halves for in(1) and in(2). The minimum is
    // in(0), met twice, and in(3).
    const std::vector<double> expected{8 * 2. / 3, 6, 6, 8 / 3., 2, 0};
    Func reverse = grad(loss, in);
    for (const double weight : {1., -0.5}) {
        Func v("v");
        v(x) = select(x % 2 == 0, Internal::make_one(Float(16)), Internal::make_const(Float(16), weight));
        Func slope = jvp(loss, {{in, v}});
        compute_all_at_root({slope});
        const double expected_slope = 8 * 2. / 3 + 6 + 2 + weight * (6 + 8 / 3.);
        const Buffer<float16_t> moved = slope.realize({}, quick_target());
        EXPECT_NEAR(static_cast<double>(moved()), expected_slope, 2e-2);
    }
    compute_all_at_root({reverse});
    const Buffer<float16_t> gradient = reverse.realize({6}, quick_target());
    for (int i = 0; i < 6; i++) {
        EXPECT_NEAR(static_cast<double>(gradient(i)), expected[i], 4e-3) << "element " << i;
    }
}

TEST(Ties, AreSharedAgainByTheSecondDerivative) {
    // The Hessian of max(r) in(r)^2 with two winners, taken as a mean of both: half of 2 each on the diagonal.
    Ties t;
    RDom r(0, 3);
    Func loss("loss"), v("v"), largest("largest");
    largest() = Internal::make_const(Float(64), 0);
    largest() = max(largest(), t.in(r)*t.in(r));
    v(x) = cast<double>(x + 1);
    Buffer<double> values(3);
    values(0) = 2, values(1) = 1, values(2) = 2;
    t.in.set(values);
    const Buffer<double> product = hvp(largest, t.in, v).realize({3}, quick_target());
    EXPECT_EQ(product(0), 1);
    EXPECT_EQ(product(1), 0);
    EXPECT_EQ(product(2), 3);
}

}  // namespace
