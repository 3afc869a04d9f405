#include "derivative_check.h"

#include "frontend/graph.h"

#include <sstream>

namespace sylvite::testing {

using Halide::Buffer;

namespace {

double dot(const Buffer<double> &a, const Buffer<double> &b) {
    double sum = 0;
    a.for_each_element([&](const int *at) { sum += a(at) * b(at); });
    return sum;
}

double norm(const Buffer<double> &a) { return std::sqrt(dot(a, a)); }

Buffer<double> along(const Buffer<double> &x, double step, const Buffer<double> &v) {
    Buffer<double> moved = x.copy();
    moved.for_each_element([&](const int *at) { moved(at) += step * v(at); });
    return moved;
}

}  // namespace

Halide::Target quick_target() {
    return Halide::Target("x86-64-linux-no_runtime").without_feature(Halide::Target::NoRuntime);
}

Buffer<double> random_buffer(const std::vector<int> &sizes, std::mt19937 &random, double low, double high) {
    std::uniform_real_distribution<double> uniform(low, high);
    Buffer<double> buffer(sizes);
    buffer.for_each_value([&](double &value) { value = uniform(random); });
    return buffer;
}

void compute_all_at_root(const std::vector<Func> &outputs) {
    for (const Halide::Internal::Function &function : functions_of(outputs)) {
        Func(function).compute_root();
    }
}

std::string judge(const Observation &seen) {
    std::ostringstream problem;
    const auto expect_near = [&](double a, double b, double tolerance, const std::string &what) {
        // What is infinite would make its own tolerance infinite.
        if (!(std::abs(a - b) <= tolerance && std::isfinite(tolerance))) {
            problem << what << ": " << a << " and " << b << "\n";
        }
    };
    seen.tangent.for_each_element([&](const int *i) {
        const double coarse = (seen.near[0](i) - seen.near[1](i)) / (observed_steps[0] - observed_steps[1]);
        const double fine = (seen.near[2](i) - seen.near[3](i)) / (observed_steps[2] - observed_steps[3]);
        const double difference = (4 * fine - coarse) / 3;
        expect_near(seen.tangent(i), difference, 1e-7 * (1 + std::abs(difference)), "jvp and differences");
    });
    double reverse = 0;
    seen.adjoint.for_each_element([&](const int *i) {
        bool is_inside = true;
        for (int d = 0; d < seen.direction.dimensions(); d++) {
            is_inside = is_inside && i[d] >= seen.direction.dim(d).min() && i[d] <= seen.direction.dim(d).max();
        }
        if (is_inside) {
            reverse += seen.adjoint(i) * seen.direction(i);
        } else {
            expect_near(seen.adjoint(i), 0, 0, "the adjoint outside the input");
        }
    });
    const double scale = norm(seen.tangent) * norm(seen.weights) + norm(seen.adjoint) * norm(seen.direction) + 1e-30;
    expect_near(dot(seen.tangent, seen.weights), reverse, 1e-10 * scale, "<u, Jv> and <J'u, v>");
    return problem.str();
}

void check_derivatives(const Case &c, Placement placement, unsigned seed) {
    SCOPED_TRACE(c.name + ", seed " + std::to_string(seed));
    std::mt19937 random(seed);
    const int rank = static_cast<int>(c.in_sizes.size());
    Halide::ImageParam in(Halide::Float(64), rank, "in"), v(Halide::Float(64), rank, "v");
    std::vector<int> sizes, mins(c.in_sizes.size(), c.in_min);
    Region box;
    for (auto [min, extent] : c.box) {
        box.emplace_back(min, extent);
        sizes.push_back(extent);
    }
    Halide::ImageParam u(Halide::Float(64), static_cast<int>(sizes.size()), "u");
    const Func f = c.build(in);
    const Func df = jvp(f, {{in, v}});
    const Func adjoint = vjp(f, u, box)(in);
    if (placement == Placement::all_roots) {
        compute_all_at_root({f, df, adjoint});
    }
    auto make_out = [&] {
        Buffer<double> out(sizes);
        for (size_t d = 0; d < c.box.size(); d++) {
            out.translate(static_cast<int>(d), c.box[d].first);
        }
        return out;
    };
    Buffer<double> x = random_buffer(c.in_sizes, random, c.low, c.high);
    Buffer<double> dx = random_buffer(c.in_sizes, random, -1, 1), y_bar = random_buffer(sizes, random, -1, 1);
    x.set_min(mins);
    dx.set_min(mins);
    for (size_t d = 0; d < c.box.size(); d++) {
        y_bar.translate(static_cast<int>(d), c.box[d].first);
    }
    in.set(x);
    v.set(dx);
    u.set(y_bar);
    // One pipeline for all: what takes time is to compile it.
    Halide::Pipeline pipeline({f, df, adjoint});
    pipeline.compile_jit(quick_target());
    const auto make_adjoint = [&] {
        std::vector<int> wider = c.in_sizes, from = mins;
        for (size_t d = 0; d < wider.size(); d++) {
            wider[d] += 2;
            from[d]--;
        }
        Buffer<double> adjoint(wider);
        adjoint.set_min(from);
        return adjoint;
    };
    Observation seen{dx, y_bar, make_out(), make_adjoint(), {}};
    Buffer<double> unused = make_out();
    pipeline.realize({unused, seen.tangent, seen.adjoint}, quick_target());

    for (size_t k = 0; k < observed_steps.size(); k++) {
        Buffer<double> moved = along(x, observed_steps[k], dx), d = make_out(), a = make_adjoint();
        seen.near[k] = make_out();
        in.set(moved);
        pipeline.realize({seen.near[k], d, a}, quick_target());
    }
    ASSERT_EQ(judge(seen), "");
}

void check_second_order(const Case &c, unsigned seed) {
    SCOPED_TRACE(c.name + ", seed " + std::to_string(seed));
    std::mt19937 random(seed);
    const int rank = static_cast<int>(c.in_sizes.size());
    Halide::ImageParam in(Halide::Float(64), rank, "in"), v(Halide::Float(64), rank, "v");
    Region box, in_box;
    std::vector<int> sizes;
    for (auto [min, extent] : c.box) {
        box.emplace_back(min, extent);
        sizes.push_back(extent);
    }
    for (const int size : c.in_sizes) {
        in_box.emplace_back(c.in_min, size);
    }
    const Halide::RDom r(box, "all"), s(in_box, "all_in");
    std::vector<Expr> at, from_zero, in_at;
    for (int d = 0; d < r.dimensions(); d++) {
        at.push_back(r[d]);
        from_zero.push_back(r[d] - c.box[d].first);
    }
    for (int d = 0; d < s.dimensions(); d++) {
        in_at.push_back(s[d]);
    }
    const Func f = c.build(in);
    const Buffer<double> u = random_buffer(sizes, random, -1, 1);
    Func loss("loss"), product("product");
    loss() = Halide::Internal::make_zero(Halide::Float(64));
    loss() += u(from_zero) * f(at) + f(at) * f(at) / 2;
    const Func gradient = grad(loss, in), forward = hvp(loss, in, v);
    product() = Halide::Internal::make_zero(Halide::Float(64));
    product() += gradient(in_at) * v(in_at);
    const Func reverse = grad(product, in);
    compute_all_at_root({gradient, forward, reverse});
    Halide::Pipeline pipeline({gradient, forward, reverse});
    pipeline.compile_jit(quick_target());

    Buffer<double> x = random_buffer(c.in_sizes, random, c.low, c.high), dx = random_buffer(c.in_sizes, random, -1, 1);
    const std::vector<int> mins(c.in_sizes.size(), c.in_min);
    x.set_min(mins);
    dx.set_min(mins);
    v.set(dx);
    const auto realize = [&](double step, int which) {
        std::vector<Buffer<double>> out;
        for (int i = 0; i < 3; i++) {
            out.emplace_back(c.in_sizes);
            out.back().set_min(mins);
        }
        Buffer<double> moved = along(x, step, dx);
        in.set(moved);
        pipeline.realize({out[0], out[1], out[2]}, quick_target());
        return out[which];
    };
    const double h = 1e-3;
    const Buffer<double> p1 = realize(h, 0), m1 = realize(-h, 0), p2 = realize(h / 2, 0), m2 = realize(-h / 2, 0);
    const Buffer<double> hv = realize(0, 1), again = realize(0, 2);
    const double scale = norm(hv) + 1;
    ASSERT_TRUE(std::isfinite(scale));
    hv.for_each_element([&](const int *i) {
        const double coarse = (p1(i) - m1(i)) / (2 * h), fine = (p2(i) - m2(i)) / h;
        ASSERT_NEAR(hv(i), (4 * fine - coarse) / 3, 1e-6 * scale) << "hvp at " << i[0];
        ASSERT_NEAR(hv(i), again(i), 1e-10 * scale) << "the gradient of <grad, v> at " << i[0];
    });
}

}  // namespace sylvite::testing
