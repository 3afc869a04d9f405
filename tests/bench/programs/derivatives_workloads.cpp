// The algorithms of the benchmark of derivatives, as one would write them: nothing here is for a schedule's sake, save
// that sums, and what a matrix product reads, have Funcs of their own.

#include "tests/bench/programs/workload.h"

#include "autodiff/autodiff.h"

namespace sylvite::bench {

namespace {

using Halide::cast;
using Halide::clamp;
using Halide::exp;
using Halide::log;
using Halide::max;
using Halide::min;
using Halide::RDom;
using Halide::Var;

const Var x("x"), y("y"), c("c"), n("n"), o("o"), b("b");

Program matmul() {
    constexpr int size = 512;
    const Array left = input<float>("left", {size, size}), right = input<float>("right", {size, size});
    const RDom k(0, size, "k");
    Func a("a"), b("b"), sum("sum"), product("product");
    a(x, y) = left(x, y);
    b(x, y) = right(x, y);
    sum(x, y) += a(k, y) * b(x, k);
    product(x, y) = sum(x, y);
    return Program("matmul", {left, right}, {{"out", Array(product, {size, size})}});
}

// Images lie as in frameworks: columns side by side, then rows, channels, images.
Program conv2d() {
    constexpr int size = 56, channels = 64, images = 4;
    const Array in = input<float>("in", {size + 2, size + 2, channels, images});
    const Array weights = input<float>("weights", {3, 3, channels, channels});
    const RDom r(0, 3, 0, 3, 0, channels, "r");
    Func sum("sum"), convolution("convolution");
    sum(x, y, o, n) += weights(r.x, r.y, r.z, o) * in(x + r.x, y + r.y, r.z, n);
    convolution(x, y, o, n) = sum(x, y, o, n);
    return Program("conv2d", {in, weights}, {{"out", Array(convolution, {size, size, channels, images})}});
}

Program blur() {
    constexpr int width = 2048, height = 2048;
    const Array in = input<float>("in", {width + 2, height + 2});
    Func rows("rows"), blurred("blurred");
    rows(x, y) = (in(x, y) + in(x + 1, y) + in(x + 2, y)) / 3;
    blurred(x, y) = (rows(x, y) + rows(x, y + 1) + rows(x, y + 2)) / 3;
    return Program("blur", {in}, {{"out", Array(blurred, {width, height})}});
}

// A colour image whose brightness is sharpened.
Program unsharp() {
    constexpr int width = 1024, height = 1024;
    constexpr float weights[] = {0.38f, 0.24f, 0.06f, 0.01f};
    const Array in = input<float>("in", {width, height, 3});
    const Func edge = repeat_edge(in);
    Func grey("grey"), columns("columns"), smooth("smooth"), ratio("ratio"), sharp("sharp");
    const auto weighted = [&](const auto &at) {
        Expr sum = weights[0] * at(0);
        for (int i = 1; i < 4; i++) {
            sum += weights[i] * (at(i) + at(-i));
        }
        return sum;
    };
    grey(x, y) = 0.299f * edge(x, y, 0) + 0.587f * edge(x, y, 1) + 0.114f * edge(x, y, 2);
    columns(x, y) = weighted([&](int i) { return grey(x, y + i); });
    smooth(x, y) = weighted([&](int i) { return columns(x + i, y); });
    ratio(x, y) = (2 * grey(x, y) - smooth(x, y)) / grey(x, y);
    sharp(x, y, c) = ratio(x, y) * in(x, y, c);
    return Program("unsharp", {in}, {{"out", Array(sharp, {width, height, 3})}});
}

// Each pixel reads a coarse grid at its place and at the depth that `guide` says, by trilinear interpolation.
Program bilateral_slice() {
    constexpr int cell = 32, across = 32, deep = 8, channels = 4;
    const Array grid = input<float>("grid", {deep + 1, across + 1, across + 1, channels});
    const Array guide = input<float>("guide", {cell * across, cell * across});
    Func below("below"), fz("fz"), slice("slice");
    below(x, y) = clamp(cast<int>(floor(guide(x, y) * deep)), 0, deep - 1);
    fz(x, y) = guide(x, y) * deep - below(x, y);
    const Expr fx = cast<float>(x % cell) / cell, fy = cast<float>(y % cell) / cell;
    Expr sum = 0.f;
    for (int i = 0; i < 8; i++) {
        const int dz = i & 1, dx = i >> 1 & 1, dy = i >> 2;
        sum += (dz ? fz(x, y) : 1 - fz(x, y)) * (dx ? fx : 1 - fx) * (dy ? fy : 1 - fy) *
               grid(below(x, y) + dz, x / cell + dx, y / cell + dy, c);
    }
    slice(x, y, c) = sum;
    return Program("bilateral_slice", {grid, guide}, {{"out", Array(slice, {cell * across, cell * across, channels})}});
}

Func softmax_of(const Func &rows, int columns, const std::string &name) {
    const RDom r(0, columns, name + "_r");
    Func largest(name + "_largest"), exponential(name + "_exponential"), sum(name + "_sum"), result(name);
    largest(y) = rows(0, y);
    largest(y) = max(largest(y), rows(r, y));
    const Func shift = stop_gradient(largest);
    exponential(x, y) = exp(rows(x, y) - shift(y));
    sum(y) += exponential(r, y);
    result(x, y) = exponential(x, y) / sum(y);
    return result;
}

Program softmax() {
    constexpr int columns = 1024, rows = 2048;
    const Array in = input<float>("in", {columns, rows});
    return Program("softmax", {in}, {{"out", Array(softmax_of(in, columns, "softmax"), {columns, rows})}});
}

// A first-order filter along each row, there and back.
Program iir() {
    constexpr int width = 1024, height = 1024;
    constexpr float keep = 0.8f;
    const Array in = input<float>("in", {width, height});
    const RDom r(1, width - 1, "r");
    Func there("there"), back("back");
    there(x, y) = in(x, y);
    there(r, y) = (1 - keep) * in(r, y) + keep * there(r - 1, y);
    const Expr left = width - 1 - r;
    back(x, y) = there(x, y);
    back(left, y) = (1 - keep) * there(left, y) + keep * back(left + 1, y);
    return Program("iir", {in}, {{"out", Array(back, {width, height})}});
}

// Two hidden layers and the mean cross-entropy of a batch.
Program mlp() {
    constexpr int batch = 256, pixels = 784, hidden = 512, classes = 16;
    const Array in = input<float>("in", {pixels, batch});
    const Array label = input<int>("label", {batch});
    std::vector<ProgramInput> inputs = {in, label};
    const auto layer = [&](const Func &before, int from, int to, const std::string &which, bool rectified) {
        const Array weights = input<float>("weights" + which, {to, from}), bias = input<float>("bias" + which, {to});
        inputs.insert(inputs.end(), {weights, bias});
        const RDom k(0, from, "k");
        Func factor("factor" + which), sum("sum" + which), score("score" + which), after("layer" + which);
        factor(x, y) = weights(x, y);
        sum(x, b) += factor(x, k) * before(k, b);
        score(x, b) = sum(x, b) + bias(x);
        after(x, b) = max(score(x, b), 0.f);
        return rectified ? after : score;
    };
    const Func scores =
        layer(layer(layer(in, pixels, hidden, "1", true), hidden, hidden, "2", true), hidden, classes, "3", false);
    const RDom r(0, classes, "r"), all(0, batch, "all");
    Func largest("largest"), sum("sum"), loss("loss");
    largest(b) = scores(0, b);
    largest(b) = max(largest(b), scores(r, b));
    const Func shift = stop_gradient(largest);
    sum(b) += exp(scores(r, b) - shift(b));
    loss() += (log(sum(all)) + shift(all) - scores(clamp(label(all), 0, classes - 1), all)) / batch;
    return Program("mlp", inputs, {{"out", Array(loss, {})}});
}

}  // namespace

const std::vector<Workload> &workloads() {
    static const std::vector<Workload> all = {
        {"matmul", matmul, {{}, {}}, {"left", "right"}},
        {"conv2d", conv2d, {{}, {}}, {"in", "weights"}},
        {"blur", blur, {{0, 1}}, {"in"}},
        {"unsharp", unsharp, {{0.25, 1}}, {"in"}},
        {"bilateral_slice", bilateral_slice, {{}, {0, 1}}, {"grid", "guide"}},
        {"softmax", softmax, {{-4, 4}}, {"in"}},
        {"iir", iir, {{}}, {"in"}},
        {"mlp",
         mlp,
         {{0, 1}, {0, 16}, {-0.06, 0.06}, {-0.1, 0.1}, {-0.08, 0.08}, {-0.1, 0.1}, {-0.08, 0.08}, {-0.1, 0.1}},
         {"weights1", "bias1", "weights2", "bias2", "weights3", "bias3"}},
    };
    return all;
}

}  // namespace sylvite::bench
