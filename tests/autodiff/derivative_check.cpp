#include "derivative_check.h"

#include "frontend/graph.h"

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
    Buffer<double> dy = make_out(), x_bar(c.in_sizes), unused = make_out();
    x_bar.set_min(mins);
    pipeline.realize({unused, dy, x_bar}, quick_target());

    // Central differences with one Richardson step.
    auto at = [&](double step) {
        Buffer<double> moved = along(x, step, dx), out = make_out(), d = make_out(), a(c.in_sizes);
        a.set_min(mins);
        in.set(moved);
        pipeline.realize({out, d, a}, quick_target());
        return out;
    };
    const double h = 1e-3;
    const Buffer<double> p1 = at(h), m1 = at(-h), p2 = at(h / 2), m2 = at(-h / 2);
    dy.for_each_element([&](const int *i) {
        const double coarse = (p1(i) - m1(i)) / (2 * h), fine = (p2(i) - m2(i)) / h;
        const double difference = (4 * fine - coarse) / 3;
        ASSERT_NEAR(dy(i), difference, 1e-7 * (1 + std::abs(difference))) << "jvp at " << (sizes.empty() ? 0 : i[0]);
    });
    const double forward = dot(dy, y_bar), reverse = dot(x_bar, dx);
    const double scale = norm(dy) * norm(y_bar) + norm(x_bar) * norm(dx) + 1e-30;
    ASSERT_NEAR(forward, reverse, 1e-10 * scale) << "<u, Jv> = <J'u, v>";
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
    hv.for_each_element([&](const int *i) {
        const double coarse = (p1(i) - m1(i)) / (2 * h), fine = (p2(i) - m2(i)) / h;
        ASSERT_NEAR(hv(i), (4 * fine - coarse) / 3, 1e-6 * scale) << "hvp at " << i[0];
        ASSERT_NEAR(hv(i), again(i), 1e-10 * scale) << "the gradient of <grad, v> at " << i[0];
    });
}

}  // namespace sylvite::testing
