// Conditions and sizes that are known at run time only and may leave nothing to differentiate.

#include "derivative_check.h"

#include <array>
#include <cmath>
#include <regex>
#include <sstream>

using namespace sylvite;
using namespace sylvite::testing;
using namespace Halide;

namespace {

constexpr int size = 10;

// out(x) for 0 <= x < n, with b moving; which of b's elements count, each with factor 2.
struct Region1D {
    std::string name;
    std::function<Func(ImageParam &a, ImageParam &b, Param<int> &p)> build;
    std::function<bool(int i, int p)> counts;
};

Var x("x");

Func define(const Expr &value) {
    Func f("f");
    f(x) = value;
    return f;
}

const Expr zero = Internal::make_zero(Float(64));

const std::vector<Region1D> cases = {
    {"from p", [](auto &a, auto &b, auto &p) { return define(select(x >= p, a(x) * b(x), zero)); },
     [](int i, int p) { return i >= p; }},
    {"below p", [](auto &a, auto &b, auto &p) { return define(select(x < p, a(x) * b(x), zero)); },
     [](int i, int p) { return i < p; }},
    {"at p", [](auto &a, auto &b, auto &p) { return define(select(x == p, a(x) * b(x), zero)); },
     [](int i, int p) { return i == p; }},
    {"between p and 5", [](auto &a, auto &b, auto &p) { return define(select(x >= p && x < 5, a(x) * b(x), zero)); },
     [](int i, int p) { return i >= p && i < 5; }},
    {"both sides of p",
     [](auto &a, auto &b, auto &p) { return define(select(x >= p, a(x) * b(x), x < p - 3, a(x) * b(x), zero)); },
     [](int i, int p) { return i >= p || i < p - 3; }},
    {"a reduction of p elements",
     [](auto &a, auto &b, auto &p) {
         Func f = define(zero);
         const RDom r(0, clamp(p, 0, size));
         f(r) += a(r) * b(r);
         return f;
     },
     [](int i, int p) { return i < p; }},
    {"a reduction where p allows it",
     [](auto &a, auto &b, auto &p) {
         Func f = define(zero);
         RDom r(0, size);
         r.where(r >= p);
         f(r) += a(r) * b(r);
         return f;
     },
     [](int i, int p) { return i >= p; }},
    {"a reduction that reads outside of a but where another variable allows it",
     [](auto &a, auto &b, auto &p) {
         Func f = define(zero);
         RDom r(0, size, 0, size);
         r.where(r.x < r.y && r.y == r.x + 1 && r.x >= p);
         f(r.y) += a(r.x + 1) * b(r.y);
         return f;
     },
     [](int i, int p) { return i >= 1 && i > p; }},
};

class EmptyRegions : public ::testing::TestWithParam<size_t> {};

TEST_P(EmptyRegions, NothingOutsideIsRead) {
    const Region1D &c = cases[GetParam()];
    ImageParam a(Float(64), 1, "a"), b(Float(64), 1, "b"), u(Float(64), 1, "u");
    Param<int> p("p"), n("n");
    const Func out = c.build(a, b, p);
    const Func derivative = vjp(out, u, {{0, n}})(b), tangent = jvp(out, {{b, b}});
    Pipeline pipeline({derivative, tangent});
    Buffer<double> values(size), ones(size), adjoint(size), dout(size);
    values.fill(2);
    ones.fill(1);
    a.set(values);
    b.set(ones);
    u.set(ones);
    n.set(size);
    for (const int at : {-30, -1, 0, 1, 4, 6, 9, 10, 13, 100}) {
        p.set(at);
        pipeline.realize({adjoint, dout}, quick_target());
        for (int i = 0; i < size; i++) {
            EXPECT_EQ(adjoint(i), c.counts(i, at) ? 2 : 0) << c.name << ", p = " << at << ", at " << i;
            EXPECT_EQ(dout(i), c.counts(i, at) ? 2 : 0) << c.name << ", p = " << at << ", at " << i;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Conditions, EmptyRegions, ::testing::Range<size_t>(0, cases.size()));

// The bounds of what an RDom without iterations reads have their maximum below their minimum.
TEST(EmptyDomains, ReadNothing) {
    ImageParam in(Float(64), 1, "in");
    Func g("g"), f("f"), loss("loss");
    g(x) = sin(in(clamp(cast<int>(in(2 * x + 4) * 4), 0, 1))) * in(1);
    const RDom none(1, 0);
    f() = in(1) * 2;
    f() = select(g(2 * none - 4) > f(), g(2 * none - 4) * f(), f());
    loss() = sin(f()) + g(-2);
    Buffer<double> values(2), gradient(2);
    values(0) = 0.5, values(1) = -0.4;
    in.set(values);
    Func derivative = grad(loss, in);
    compute_all_at_root({derivative});
    derivative.realize(gradient, quick_target());
    EXPECT_EQ(gradient(0), 0);
    EXPECT_NEAR(gradient(1), 2 * std::cos(-0.8) + std::sin(-0.4) - 0.4 * std::cos(-0.4), 1e-14);
}

// Neither does a sum over one ask for more of what others read too, nor a stage that nothing follows.
TEST(EmptyDomains, DoNotWidenRegions) {
    ImageParam in(Float(64), 1, "in"), unread(Float(64), 1, "unread");
    Func g("g"), f("f"), loss("loss");
    g(x) = in(x)*in(x);
    const RDom none(1, 0), all(0, 2);
    f(x) = g(x);
    f(x) += g(x + 4 * (none - 1)) * unread(none - 1);
    f(none) = f(none - 1) * 3;
    f(x) = f(x) * f(x);
    loss() += f(all);
    Buffer<double> values(2), nothing(1), gradient(2), other(1);
    values(0) = 2, values(1) = 3;
    nothing(0) = 1;
    in.set(values);
    unread.set(nothing);
    const Adjoints adjoints = grad(loss);
    std::vector<Func> outputs{adjoints(in), adjoints(unread)};
    compute_all_at_root(outputs);
    Pipeline(outputs).realize({gradient, other}, quick_target());
    EXPECT_EQ(gradient(0), 32);
    EXPECT_EQ(gradient(1), 108);
    EXPECT_EQ(other(0), 0);
}

// What only such an RDom reads has no region itself, and asks for nothing.
TEST(EmptyDomains, EndTheWay) {
    ImageParam in(Float(64), 1, "in");
    Func g("g"), h("h"), f("f"), loss("loss");
    const RDom none(1, 0), all(0, 2);
    g(x) = in(x)*in(x);
    g(x) = g(x) * in(all);
    h(x) = g(max(x, 0) / 2);
    f(x) = g(x);
    f(x) += h(none - 1) * in(0);
    loss() += f(all);
    Buffer<double> values(2), gradient(2);
    values(0) = 2, values(1) = 3;
    in.set(values);
    Func derivative = grad(loss, in);
    compute_all_at_root({derivative});
    derivative.realize(gradient, quick_target());
    EXPECT_EQ(gradient(0), 63);  // (a^2 + b^2) a b by a, at (2, 3)
    EXPECT_EQ(gradient(1), 62);
}

// What goes to the end of a clamp may be empty too, here in the adjoint of an adjoint, and begins beyond the box then.
TEST(EmptyDomains, OfAClampReadWithinTheBox) {
    ImageParam in(Float(64), 1, "in"), u(Float(64), 1, "u"), v(Float(64), 1, "v");
    const Expr first = in.dim(0).min(), last = in.dim(0).max(), value = in(clamp(2 * first - x + 4, first, last));
    const Func gradient = vjp(define(value * value), u, {{-9, 7}})(in);
    Func second = vjp(gradient, v, {{-7, 5}})(in);
    compute_all_at_root({second});
    Buffer<double> values(5), weights(7), directions(5), adjoint(5);
    for (Buffer<double> *b : {&values, &directions, &adjoint}) {
        b->fill(1);
        b->set_min(-7);
    }
    weights.fill(1);
    weights.set_min(-9);
    in.set(values);
    u.set(weights);
    v.set(directions);
    second.realize(adjoint, quick_target());
    for (int i = -7; i < -2; i++) {
        EXPECT_EQ(adjoint(i), i == -3 ? 6 : 2) << "at " << i;  // three outputs read the last
    }
}

// Without the numbers that tell names of one process apart.
std::string text_of(const Func &f) {
    std::ostringstream text;
    for (const auto &[name, function] : Internal::find_transitive_calls(f.function())) {
        for (const Expr &value : function.values()) {
            text << name << ": " << value << "\n";
        }
    }
    return std::regex_replace(text.str(), std::regex("\\$[0-9]+"), "");
}

// A condition that says nothing about places leaves a region as it is, and readers need no guard.
TEST(EmptyOutputs, ConditionsOnValuesNarrowNothing) {
    ImageParam a(Float(64), 1, "a"), u(Float(64), 1, "u");
    Param<int> n("n");
    Func square("square");
    square(x) = a(x) * a(x);
    const RDom r(0, n);
    Func f = define(zero);
    f(r) += exp(min(square(r), 9));
    const std::string text = text_of(vjp(f, u, {{0, n}})(a));
    EXPECT_EQ(text.find("max(n, 1)"), std::string::npos) << text;
    EXPECT_EQ(text.find("min(n, 1)"), std::string::npos) << text;
}

// Elements of places that are data, held within n: where n is 0 there is nothing, and that is all that is asked.
TEST(EmptyOutputs, GuardPlacesThatAreHeldWithinThemByTheirSizeAlone) {
    ImageParam a(Float(64), 1, "a"), places(Int(32), 1, "places"), u(Float(64), 1, "u");
    Param<int> n("n"), count("count");
    const RDom r(0, count);
    Func f = define(zero);
    f(clamp(places(r), 0, n - 1)) += a(r) * a(r);
    const Func derivative = vjp(f, u, {{0, n}})(a);
    EXPECT_NE(text_of(derivative).find("(max(min(places_im(i0), n - 1), 0))"), std::string::npos)
        << text_of(derivative);
    Buffer<double> values(3), adjoint_of_f(4), adjoint(3);
    Buffer<int> at(3);
    for (int i = 0; i < 3; i++) {
        values(i) = i + 1, at(i) = std::array{2, -5, 9}[i];
    }
    adjoint_of_f.for_each_element([&](int i) { adjoint_of_f(i) = 10 * (i + 1); });
    a.set(values);
    places.set(at);
    u.set(adjoint_of_f);
    count.set(3);
    for (const int extent : {0, 1, 3, 4}) {
        n.set(extent);
        Func(derivative).realize(adjoint, quick_target());
        for (int i = 0; i < 3; i++) {
            const int place = std::min(std::max(at(i), 0), extent - 1);
            EXPECT_EQ(adjoint(i), extent > 0 ? 2 * values(i) * adjoint_of_f(place) : 0) << i << " of " << extent;
        }
    }
}

// An output without elements leaves nothing; the input still has its zero derivative.
TEST(EmptyOutputs, GiveZero) {
    ImageParam b(Float(64), 1, "b"), u(Float(64), 1, "u");
    Param<int> n("n");
    Func derivative = vjp(define(b(x) * b(x)), u, {{0, n}})(b);
    Buffer<double> ones(size);
    ones.fill(1);
    b.set(ones);
    u.set(ones);
    n.set(0);
    const Buffer<double> adjoint = derivative.realize({size}, quick_target());
    for (int i = 0; i < size; i++) {
        EXPECT_EQ(adjoint(i), 0) << i;
    }
}

}  // namespace
