#include "derivative_check.h"
#include "frontend/print.h"

using namespace sylvite;
using namespace sylvite::testing;
using namespace Halide;

namespace {

Var x("x");

// All derivatives of f(x) = in(x)^2 * c(in(x)), with c = in^3 held fixed; in = 2 everywhere.
struct Stopped {
    ImageParam in{Float(64), 1, "in"};
    Func f{"f"}, fixed{"fixed"};
    Buffer<double> twos{3};

    Stopped() {
        twos.fill(2);
        in.set(twos);
    }

    double at(Func g) {
        const Buffer<double> out = g.realize({3}, quick_target());
        return out(1);
    }

    void check() {
        Func loss("loss"), one("one");
        RDom r(0, 3);
        loss() += f(r);
        one(x) = Internal::make_one(Float(64));
        EXPECT_EQ(at(f), 4 * 8);
        EXPECT_EQ(at(jvp(f, {{in, one}})), 2 * 2 * 8);
        EXPECT_EQ(at(grad(loss, in)), 2 * 2 * 8);
        EXPECT_EQ(at(hvp(loss, in, one)), 2 * 8);
    }
};

TEST(StopGradient, OfAnExpr) {
    Stopped s;
    s.f(x) = s.in(x)*s.in(x)*stop_gradient(s.in(x)*s.in(x)*s.in(x));
    s.check();
}

TEST(StopGradient, OfAFunc) {
    Stopped s;
    s.fixed(x) = s.in(x)*s.in(x)*s.in(x);
    s.f(x) = s.in(x)*s.in(x)*stop_gradient(s.fixed)(x);
    s.check();
}

// Nothing of what it stands on is run backwards.
TEST(StopGradient, OfARecurrence) {
    Stopped s;
    RDom r(0, 3);
    Func largest("largest"), u("u");
    largest() = s.in(0);
    largest() = max(largest(), s.in(r));
    s.f(x) = s.in(x)*stop_gradient(largest)();
    u(x) = Internal::make_one(Float(64));
    const Func slope = vjp(s.f, u, {{0, 3}})(s.in);
    EXPECT_EQ(s.at(slope), 2);
    EXPECT_EQ(print({slope}).find("through"), std::string::npos);
}

TEST(StopGradient, OfATuple) {
    Stopped s;
    s.fixed(x) = Tuple(s.in(x)*s.in(x)*s.in(x), cast<int>(s.in(x)));
    const Func stopped = stop_gradient(s.fixed);
    EXPECT_EQ(stopped.types(), s.fixed.types());
    s.f(x) = s.in(x)*s.in(x)*stopped(x)[0];
    s.check();
}

// What is stopped may be anything: an operation without a rule too.
HalideExtern_1(double, nearbyint, double);
TEST(StopGradient, OfAnOperationWithoutARule) {
    Stopped s;
    s.f(x) = s.in(x)*s.in(x)*stop_gradient(nearbyint(s.in(x)) * 4);
    s.check();
}

TEST(StopGradient, OfEverythingGivesZero) {
    Stopped s;
    s.f(x) = stop_gradient(s.in(x));
    Func loss("loss");
    RDom r(0, 3);
    loss() += s.f(r);
    EXPECT_EQ(s.at(grad(loss, s.in)), 0);
}

}  // namespace
