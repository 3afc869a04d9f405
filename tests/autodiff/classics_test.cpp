// Ordinary programs with known values: their derivatives, and what is reached with them.

#include "derivative_check.h"
#include "evaluate.h"

#include <cmath>
#include <random>

using namespace sylvite;
using namespace sylvite::testing;
using namespace Halide;

namespace {

Var x("x"), y("y");
using Numbers = std::vector<long double>;

Expr real(double value) { return Internal::make_const(Float(64), value); }

// A loss of one vector, with its derivatives.
class Loss {
public:
    Loss(int n, const std::function<Expr(const std::function<Expr(int)> &)> &value) :
        Loss(n, [&](const Func &in) {
            Func f("f");
            f() = value([&](int i) { return in(i); });
            return f;
        }) {}

    Loss(int n, const std::function<Func(const Func &)> &build) : size_(n) {
        loss_ = build(in_);
        gradient_ = grad(loss_, in_);
        hvp_ = sylvite::hvp(loss_, in_, direction_);
        slope_ = jvp(loss_, {{in_, direction_}});
    }

    long double value(const Numbers &at) { return set(at)(loss_, {}); }
    Numbers gradient(const Numbers &at) { return list(gradient_, set(at)); }
    Numbers hessian_times(const Numbers &at, const Numbers &v) { return list(hvp_, set(at, v)); }
    long double slope(const Numbers &at, const Numbers &v) { return set(at, v)(slope_, {}); }

    // The gradient against central differences with one Richardson step in long double.
    void expect_right_gradient(const Numbers &at) {
        const Numbers gradient = this->gradient(at);
        for (size_t i = 0; i < at.size(); i++) {
            const auto difference = [&](long double h) {
                Numbers up = at, down = at;
                up[i] += h, down[i] -= h;
                return (value(up) - value(down)) / (2 * h);
            };
            const long double expected = (4 * difference(5e-5L) - difference(1e-4L)) / 3;
            EXPECT_NEAR(gradient[i], expected, 1e-11 * (1 + std::abs(expected))) << i;
        }
    }

    // The same gradient from compiled code in f64.
    void expect_same_when_compiled(const Numbers &at) {
        compute_all_at_root({gradient_});
        Buffer<double> input(size_);
        for (int i = 0; i < size_; i++) {
            input(i) = static_cast<double>(at[i]);
        }
        in_.set(input);
        const Buffer<double> compiled = gradient_.realize({size_}, quick_target());
        const Numbers gradient = this->gradient(at);
        for (int i = 0; i < size_; i++) {
            EXPECT_NEAR(compiled(i), gradient[i], 1e-11 * (1 + std::abs(gradient[i]))) << i;
        }
    }

private:
    int size_;
    ImageParam in_{Float(64), 1, "in"}, direction_{Float(64), 1, "direction"};
    Func loss_, gradient_, hvp_, slope_;
    Evaluator evaluator_{Evaluator::Arithmetic::exact};

    Evaluator &set(const Numbers &at, const Numbers &v = {}) {
        Grid grid({0}, {size_});
        grid.values = at;
        evaluator_.set(in_.name(), grid);
        if (!v.empty()) {
            grid.values = v;
            evaluator_.set(direction_.name(), grid);
        }
        return evaluator_;
    }

    Numbers list(const Func &f, Evaluator &evaluator) const {
        Numbers values;
        for (int i = 0; i < size_; i++) {
            values.push_back(evaluator(f, {i}));
        }
        return values;
    }
};

Numbers unit(size_t n, size_t i) {
    Numbers e(n);
    e[i] = 1;
    return e;
}

// The solution of A x = b by Gauss's elimination with pivots.
Numbers solve(std::vector<Numbers> a, Numbers b) {
    const size_t n = b.size();
    for (size_t k = 0; k < n; k++) {
        size_t pivot = k;
        for (size_t i = k; i < n; i++) {
            pivot = std::abs(a[i][k]) > std::abs(a[pivot][k]) ? i : pivot;
        }
        std::swap(a[k], a[pivot]);
        std::swap(b[k], b[pivot]);
        for (size_t i = k + 1; i < n; i++) {
            const long double factor = a[i][k] / a[k][k];
            for (size_t j = k; j < n; j++) {
                a[i][j] -= factor * a[k][j];
            }
            b[i] -= factor * b[k];
        }
    }
    for (size_t k = n; k-- > 0;) {
        for (size_t j = k + 1; j < n; j++) {
            b[k] -= a[k][j] * b[j];
        }
        b[k] /= a[k][k];
    }
    return b;
}

// Newton's method with the Hessian from products with unit vectors, and halved steps where the value would grow.
Numbers minimise(Loss &loss, Numbers at, int steps) {
    const size_t n = at.size();
    for (int step = 0; step < steps; step++) {
        const Numbers gradient = loss.gradient(at);
        std::vector<Numbers> hessian;
        for (size_t i = 0; i < n; i++) {
            hessian.push_back(loss.hessian_times(at, unit(n, i)));
        }
        const Numbers direction = solve(hessian, gradient);
        long double descent = 0;
        for (size_t i = 0; i < n; i++) {
            descent += direction[i] * gradient[i];
        }
        const long double before = loss.value(at);
        for (long double length = descent < 0 ? -1 : 1; std::abs(length) > 1e-9L; length /= 2) {
            Numbers next = at;
            for (size_t i = 0; i < n; i++) {
                next[i] -= length * direction[i];
            }
            if (loss.value(next) <= before) {
                at = next;
                break;
            }
        }
    }
    return at;
}

// A problem of More, Garbow, Hillstrom: Testing Unconstrained Optimization Software, ACM TOMS 7 (1981).
struct Problem {
    std::string name;
    std::function<Expr(const std::function<Expr(int)> &)> value;
    Numbers start, minimum;
    long double at_start;
    long double tolerance = 1e-12L;  // of the minimum: Powell's Hessian is singular there
    int steps = 40;
};

Expr square(const Expr &e) { return e * e; }

const std::vector<Problem> problems = {
    {"Rosenbrock",
     [](auto &a) { return 100 * square(a(1) - square(a(0))) + square(1 - a(0)); },
     {-1.2L, 1},
     {1, 1},
     24.2L},
    {"Freudenstein and Roth",
     [](auto &a) {
         return square(-13 + a(0) + ((5 - a(1)) * a(1) - 2) * a(1)) +
                square(-29 + a(0) + ((a(1) + 1) * a(1) - 14) * a(1));
     },
     {0.5L, -2},
     {11.412778986902L, -0.896805253274L},
     400.5L,
     1e-9L},
    {"helical valley",
     [](auto &a) {
         const Expr turns =
             select(a(0) > 0, atan(a(1) / a(0)) / real(2 * M_PI), atan(a(1) / a(0)) / real(2 * M_PI) + real(0.5));
         return square(10 * (a(2) - 10 * turns)) + square(10 * (sqrt(square(a(0)) + square(a(1))) - 1)) + square(a(2));
     },
     {-1, 0, 0},
     {1, 0, 0},
     2500},
    {"Powell singular",
     [](auto &a) {
         return square(a(0) + 10 * a(1)) + 5 * square(a(2) - a(3)) + square(square(a(1) - 2 * a(2))) +
                10 * square(square(a(0) - a(3)));
     },
     {3, -1, 0, 1},
     {0, 0, 0, 0},
     215,
     1e-5L},
    {"Wood",
     [](auto &a) {
         return 100 * square(a(1) - square(a(0))) + square(1 - a(0)) + 90 * square(a(3) - square(a(2))) +
                square(1 - a(2)) + 10 * square(a(1) + a(3) - 2) + square(a(1) - a(3)) / 10;
     },
     {-3, -1, -3, -1},
     {1, 1, 1, 1},
     19192},
};

TEST(Classics, MinimaOfMoreGarbowHillstrom) {
    for (const Problem &problem : problems) {
        SCOPED_TRACE(problem.name);
        Loss loss(static_cast<int>(problem.start.size()), problem.value);
        EXPECT_NEAR(loss.value(problem.start), problem.at_start, 1e-9L * problem.at_start);
        loss.expect_right_gradient(problem.start);
        const Numbers found = minimise(loss, problem.start, problem.steps);
        if (problem.name == "Freudenstein and Roth") {
            // Its local minimum, 48.98425..., is nearer to the start than the other one, 0 at (5, 4).
            EXPECT_NEAR(loss.value(found), 48.9842536792L, 1e-9L);
        }
        for (size_t i = 0; i < found.size(); i++) {
            EXPECT_NEAR(found[i], problem.minimum[i], problem.tolerance) << i;
        }
    }
}

TEST(Classics, GradientAndHessianOfRosenbrockAtTheStart) {
    Loss loss(2, problems[0].value);
    const Numbers at = problems[0].start, gradient = loss.gradient(at);
    EXPECT_NEAR(gradient[0], -215.6L, 1e-13L);
    EXPECT_NEAR(gradient[1], -88, 1e-13L);
    const Numbers first = loss.hessian_times(at, {1, 0}), second = loss.hessian_times(at, {0, 1});
    EXPECT_NEAR(first[0], 1330, 1e-12L);
    EXPECT_NEAR(first[1], 480, 1e-12L);
    EXPECT_NEAR(second[0], 480, 1e-12L);
    EXPECT_NEAR(second[1], 200, 1e-12L);
}

// 13 atoms: an icosahedron around one atom, of energy -44.326801 (Hoare and Pal 1971; the Cambridge Cluster Database).
TEST(Classics, EnergyOfLennardJonesCluster) {
    constexpr int atoms = 13;
    Loss energy(3 * atoms, [&](const Func &in) {
        RDom pair(0, atoms, 0, atoms, "pair");
        pair.where(pair.x < pair.y);
        Func e("e"), square_distance("square_distance");
        RDom axis(0, 3, "axis");
        square_distance(x, y) = real(0);
        square_distance(x, y) += square(in(3 * x + axis) - in(3 * y + axis));
        const Expr inverse =
            1 / (square_distance(pair.x, pair.y) * square_distance(pair.x, pair.y) * square_distance(pair.x, pair.y));
        e() = real(0);
        e() += 4 * (inverse * inverse - inverse);
        return e;
    });
    Numbers shape(3 * atoms);
    const long double golden = (1 + std::sqrt(5.0L)) / 2;
    int atom = 1;
    for (const int a : {-1, 1}) {
        for (const int b : {-1, 1}) {
            for (int axis = 0; axis < 3; axis++) {
                shape[3 * atom + axis] = a;
                shape[3 * atom + (axis + 1) % 3] = b * golden;
                atom++;
            }
        }
    }
    ASSERT_EQ(atom, atoms);
    // By symmetry only the size matters: Newton's method along it.
    const auto scaled = [&](long double size) {
        Numbers at = shape;
        for (long double &coordinate : at) {
            coordinate *= size;
        }
        return at;
    };
    long double size = 0.57L;
    for (int step = 0; step < 8; step++) {
        const Numbers bent = energy.hessian_times(scaled(size), shape);
        long double curvature = 0;
        for (size_t i = 0; i < bent.size(); i++) {
            curvature += bent[i] * shape[i];
        }
        size -= energy.slope(scaled(size), shape) / curvature;
    }
    EXPECT_NEAR(energy.value(scaled(size)), -44.326801L, 1e-6L);
    for (const long double force : energy.gradient(scaled(size))) {
        EXPECT_NEAR(force, 0, 1e-12L);
    }
    Numbers elsewhere = scaled(size);
    for (size_t i = 0; i < elsewhere.size(); i++) {
        elsewhere[i] += 0.05L * std::sin(7.0L * static_cast<long double>(i));
    }
    energy.expect_right_gradient(elsewhere);
    energy.expect_same_when_compiled(elsewhere);
}

// log(sum(exp)) by the largest value.
Func log_sum_exp(const Func &f, int size) {
    Func result("log_sum_exp"), largest("largest"), sum("sum");
    RDom k(0, size, "k");
    std::vector<Var> args = f.args();
    args.erase(args.begin());
    const auto at = [&](const Expr &first) {
        std::vector<Expr> all{first};
        all.insert(all.end(), args.begin(), args.end());
        return f(all);
    };
    const std::vector<Expr> rest(args.begin(), args.end());
    largest(args) = maximum(k, at(k));
    sum(args) = real(0);
    sum(args) += exp(at(k) - largest(rest));
    result(args) = log(sum(rest)) + largest(rest);
    return result;
}

// Gaussian mixture of 3 components in 2 dimensions as in ADBench: weights alpha, means, logarithms of the diagonals and
// the parts below them of inverse Cholesky factors, with a Wishart prior.
TEST(Classics, GradientOfAGaussianMixture) {
    constexpr int components = 3, dimensions = 2, points = 5;
    const Buffer<double> data(dimensions, points);
    Buffer<double> filled = data;
    filled.for_each_element([&](int d, int i) { filled(d, i) = std::sin(1.0 + 3 * d + 5 * i); });
    // alpha(k) = in(k), mean(d, k) = in(3 + 2 k + d), q(d, k) = in(9 + 3 k + d), l(k) = in(9 + 3 k + 2)
    Loss loss(components * 6, [&](const Func &in) {
        Func inner("inner"), outer("outer"), alpha("alpha"), result("result");
        Var k("k"), i("i");
        const auto centred = [&](int d) { return data(d, i) - in(components + dimensions * k + d); };
        const auto factor = [&](const Expr &component, int j) { return in(9 + 3 * component + j); };
        const Expr first = exp(factor(k, 0)) * centred(0);
        const Expr second = factor(k, 2) * centred(0) + exp(factor(k, 1)) * centred(1);
        inner(k, i) = in(k) + factor(k, 0) + factor(k, 1) - (first * first + second * second) / 2;
        alpha(k) = in(k);
        RDom all_points(0, points, "all_points"), all(0, components, "all");
        Func likelihood = log_sum_exp(inner, components);
        Func normaliser = log_sum_exp(alpha, components);
        result() = -points * normaliser();
        result() += likelihood(all_points);
        result() += square(exp(factor(all, 0))) / 2 + square(exp(factor(all, 1))) / 2 + square(factor(all, 2)) / 2 -
                    factor(all, 0) - factor(all, 1);
        return result;
    });
    Numbers at;
    for (int i = 0; i < components * 6; i++) {
        at.push_back(std::cos(2.0L * i) / 2);
    }
    loss.expect_right_gradient(at);
    loss.expect_same_when_compiled(at);
    // The weights count up to a factor: moving all alphas changes nothing.
    Numbers all_alphas(at.size());
    all_alphas[0] = all_alphas[1] = all_alphas[2] = 1;
    EXPECT_NEAR(loss.slope(at, all_alphas), 0, 1e-15L);
}

// The error of a point seen by a camera, as in bundle adjustment: rotation vector in(0..2), translation in(3..5), focal
// length in(6), radial distortion in(7), in(8), point in(9..11).
Expr reprojection(const std::function<Expr(int)> &in, int axis) {
    const auto cross = [](const std::vector<Expr> &a, const std::vector<Expr> &b) {
        return std::vector<Expr>{a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
    };
    const std::vector<Expr> r{in(0), in(1), in(2)}, p{in(9), in(10), in(11)};
    const Expr angle2 = square(r[0]) + square(r[1]) + square(r[2]);
    const Expr is_large = angle2 > real(1e-12), angle = sqrt(angle2);
    const Expr sine = select(is_large, sin(angle) / angle, 1 - angle2 / 6);
    const Expr cosine = select(is_large, (1 - cos(angle)) / angle2, real(0.5) - angle2 / 24);
    const std::vector<Expr> rp = cross(r, p), rrp = cross(r, rp);
    std::vector<Expr> q;
    for (int d = 0; d < 3; d++) {
        q.push_back(p[d] + sine * rp[d] + cosine * rrp[d] + in(3 + d));
    }
    const Expr u = -q[0] / q[2], v = -q[1] / q[2], radius2 = u * u + v * v;
    return in(6) * (1 + radius2 * (in(7) + in(8) * radius2)) * (axis == 0 ? u : v);
}

TEST(Classics, JacobianOfBundleAdjustment) {
    for (const long double turn : {0.0L, 1e-7L, 0.3L, 3.0L}) {
        SCOPED_TRACE(static_cast<double>(turn));
        const Numbers at{turn, -turn / 2, turn / 3, 0.1L, -0.2L, -4, 500, 0.1L, -0.02L, 0.7L, -0.4L, 0.9L};
        for (const int axis : {0, 1}) {
            Loss residual(12, [axis](auto &in) { return reprojection(in, axis); });
            const Numbers reverse = residual.gradient(at);
            for (size_t i = 0; i < at.size(); i++) {
                EXPECT_NEAR(residual.slope(at, unit(at.size(), i)), reverse[i], 1e-14L * (1 + std::abs(reverse[i])));
            }
            if (turn != 1e-7L) {  // where differences would cross the angle at which the formula changes
                residual.expect_right_gradient(at);
            }
            if (turn == 0.0L) {
                residual.expect_same_when_compiled(at);
            }
        }
    }
}

// A cell of a long short-term memory over 4 steps: gates from the last output and an input, in a recurrence.
TEST(Classics, GradientOfAnLstm) {
    constexpr int steps = 4, units = 2, weights = 4 * units * (units + 2);
    const auto weight = [](const Func &in, int gate, const Expr &unit, const Expr &column) {
        return in(gate * units * (units + 2) + unit * (units + 2) + column);
    };
    Loss loss(weights + steps, [&](const Func &in) {
        Func state("state"), result("result");  // by unit and step: output and memory
        state(x, y) = Tuple(real(0), real(0));
        RDom t(0, units, 1, steps, "t");
        std::vector<Expr> gates;
        for (int gate = 0; gate < 4; gate++) {
            Expr sum = weight(in, gate, t.x, units) * in(weights + t.y - 1) + weight(in, gate, t.x, units + 1);
            for (int u = 0; u < units; u++) {
                sum += weight(in, gate, t.x, u) * state(u, t.y - 1)[0];
            }
            gates.push_back(gate == 3 ? tanh(sum) : 1 / (1 + exp(-sum)));
        }
        const Expr memory = gates[0] * state(t.x, t.y - 1)[1] + gates[1] * gates[3];
        state(t.x, t.y) = Tuple(gates[2] * tanh(memory), memory);
        RDom all(0, units, 1, steps, "all");
        result() = real(0);
        result() += square(state(all.x, all.y)[0]) * (all.x + 1) + state(all.x, all.y)[1];
        return result;
    });
    Numbers at;
    for (int i = 0; i < weights + steps; i++) {
        at.push_back(std::sin(3.0L * i));
    }
    loss.expect_right_gradient(at);
    loss.expect_same_when_compiled(at);
    const Numbers hv = loss.hessian_times(at, unit(at.size(), 3)), other = loss.hessian_times(at, unit(at.size(), 17));
    EXPECT_NEAR(hv[17], other[3], 1e-15L);
    EXPECT_NE(hv[17], 0);
}

}  // namespace
