// The derivatives of well-known pipelines, as texts to read: tests/golden/derivatives.txt.

#include "derivative_check.h"
#include "frontend/print.h"
#include "tests/support/golden.h"

using namespace sylvite;
using namespace sylvite::testing;
using namespace Halide;

namespace {

Var x("x"), y("y"), c("c"), n("n");

// The derivative of `f` on `box` by `wrt`, without what the primal consists of.
std::string derivative(const std::string &title, const Func &f, const Region &box, const ImageParam &wrt) {
    Func u("u");
    std::vector<Var> args = f.args();
    ImageParam adjoint(Float(32), f.dimensions(), "out_adjoint");
    u(args) = adjoint(std::vector<Expr>(args.begin(), args.end()));
    return "== " + title + "\n" + print({vjp(f, u, box)(wrt)}) + "\n";
}

TEST(Golden, DerivativesOfWellKnownPipelines) {
    std::string text;
    ImageParam a(Float(32), 2, "a"), b(Float(32), 2, "b"), v(Float(32), 1, "v");
    {
        Func product("product");
        RDom k(0, 16, "k");
        product(x, y) += a(k, y) * b(x, k);
        text += derivative("matrix product, by the left factor", product, {{0, 24}, {0, 32}}, a);
        text += derivative("matrix product, by the right factor", product, {{0, 24}, {0, 32}}, b);
    }
    {
        Func convolution("convolution");
        RDom k(0, 3, 0, 3, "k");
        convolution(x, y) += a(x + k.x, y + k.y) * b(k.x, k.y);
        text += derivative("convolution, by the image", convolution, {{0, 30}, {0, 30}}, a);
        text += derivative("convolution, by the weights", convolution, {{0, 30}, {0, 30}}, b);
    }
    {
        ImageParam images(Float(32), 4, "images"), weights(Float(32), 4, "weights");
        Func convolution("convolution");
        RDom k(0, 3, 0, 3, 0, 8, "k");
        convolution(x, y, c, n) += weights(k.x, k.y, k.z, c) * images(x + k.x, y + k.y, k.z, n);
        const Region box = {{0, 14}, {0, 14}, {0, 4}, {0, 2}};
        text += derivative("convolution with channels, by the images", convolution, box, images);
        text += derivative("convolution with channels, by the weights", convolution, box, weights);
    }
    {
        Func blur("blur");
        blur(x, y) = (a(x, y) + a(x + 1, y) + a(x + 2, y)) / 3;
        text += derivative("blur", blur, {{0, 30}, {0, 30}}, a);
    }
    {
        Func half("half");
        half(x, y) = a(2 * x, y) + a(2 * x + 1, y);
        text += derivative("downsampling", half, {{0, 16}, {0, 16}}, a);
    }
    {
        Func pooled("pooled");
        pooled(x, y) =
            max(max(a(2 * x, 2 * y), a(2 * x + 1, 2 * y)), max(a(2 * x, 2 * y + 1), a(2 * x + 1, 2 * y + 1)));
        text += derivative("max-pool", pooled, {{0, 16}, {0, 16}}, a);
    }
    {
        ImageParam image(Float(32), 3, "image");
        Func inside("inside"), grey("grey"), smooth("smooth"), sharp("sharp");
        inside(x, y, c) = image(x, y, c);
        const Func edge = BoundaryConditions::repeat_edge(inside, {{0, 32}, {0, 32}, {0, 3}});
        grey(x, y) = 0.3f * edge(x, y, 0) + 0.6f * edge(x, y, 1) + 0.1f * edge(x, y, 2);
        smooth(x, y) = (grey(x - 1, y) + 2 * grey(x, y) + grey(x + 1, y)) / 4;
        sharp(x, y, c) = (2 - smooth(x, y) / grey(x, y)) * image(x, y, c);
        text += derivative("unsharp mask", sharp, {{0, 32}, {0, 32}, {0, 3}}, image);
    }
    {
        ImageParam grid(Float(32), 2, "grid");
        Func below("below"), fz("fz"), slice("slice");
        below(x) = clamp(cast<int>(floor(v(x) * 4)), 0, 3);
        fz(x) = v(x) * 4 - below(x);
        slice(x) = (1 - fz(x)) * grid(below(x), x / 8) + fz(x) * grid(below(x) + 1, x / 8);
        text += derivative("slice of a grid, by the grid", slice, {{0, 32}}, grid);
        text += derivative("slice of a grid, by the guide", slice, {{0, 32}}, v);
    }
    {
        Func sum("sum");
        RDom r(1, 31);
        sum(x) = v(x);
        sum(r) += sum(r - 1);
        text += derivative("cumulative sum", sum, {{0, 32}}, v);
    }
    {
        Func filter("filter");
        RDom r(2, 30);
        filter(x) = v(x);
        filter(r) = v(r) + 0.5f * filter(r - 1) - 0.25f * filter(r - 2);
        text += derivative("recursive filter", filter, {{0, 32}}, v);
    }
    {
        Func histogram("histogram");
        RDom r(0, 100);
        histogram(x) = 0.f;
        histogram(clamp(cast<int>(v(r)), 0, 7)) += b(r, 0);
        text += derivative("weighted histogram", histogram, {{0, 8}}, b);
    }
    {
        Func sum("sum"), softmax("softmax");
        RDom r(0, 10);
        sum() += exp(v(r));
        softmax(x) = exp(v(x)) / sum();
        text += derivative("softmax", softmax, {{0, 10}}, v);
    }
    {
        Func largest("largest"), exponential("exponential"), sum("sum"), softmax("softmax");
        RDom r(0, 10);
        largest(y) = a(0, y);
        largest(y) = max(largest(y), a(r, y));
        exponential(x, y) = exp(a(x, y) - stop_gradient(largest)(y));
        sum(y) += exponential(r, y);
        softmax(x, y) = exponential(x, y) / sum(y);
        text += derivative("softmax of rows, less their maxima", softmax, {{0, 10}, {0, 4}}, a);
    }
    expect_golden("derivatives.txt", text);
}

}  // namespace
