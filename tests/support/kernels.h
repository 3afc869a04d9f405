#pragma once

#include "frontend/program.h"

#include <random>
#include <string>
#include <vector>

namespace sylvite::test {

/// A small program of one kind of computation, for tests of schedulers. Sizes are no multiples of vectors or tiles.
struct SmallProgram {
    std::string name;
    Program program;
};

/// One of each kind: reductions to one and to few numbers, stencils, products, histograms, scans, Tuples, several
/// outputs. `n` is the size of most dimensions.
inline std::vector<SmallProgram> one_of_each_kind(int n) {
    using namespace Halide;
    const Var x("x"), y("y"), z("z");
    const RDom square(0, n, 0, n, "r"), line(0, n, "k");
    const Array a = input<float>("a", {n, n}), b = input<float>("b", {n, n}), v = input<float>("v", {n});
    std::vector<SmallProgram> programs;
    const auto add = [&](const std::string &name, std::vector<ProgramInput> inputs, const Func &result,
                         std::vector<Expr> extents) {
        programs.push_back({name, Program(name, std::move(inputs), {{"result", Array(result, std::move(extents))}})});
    };
    {
        Func sum("sum");
        sum() = 0.0f;
        sum() += a(square.x, square.y) * a(square.x, square.y);
        add("sum_of_squares", {a}, sum, {});
    }
    {
        Func largest("largest");
        largest() = v(0);
        largest() = max(largest(), v(line) * 2);
        add("largest", {v}, largest, {});
    }
    {
        Func edge = repeat_edge(a), rows("rows"), blur("blur");
        rows(x, y) = edge(x - 1, y) + edge(x, y) + edge(x + 1, y);
        blur(x, y) = rows(x, y - 1) + rows(x, y) + rows(x, y + 1);
        add("blur", {a}, blur, {n, n});
    }
    {
        Func product("product");
        product(x, y) = 0.0f;
        product(x, y) += a(line, y) * b(x, line);
        add("product", {a, b}, product, {n, n});
    }
    {
        Func product("product");
        product(x) = 1.0f;
        product(x) += a(line, x) * v(line);
        add("matrix_times_vector", {a, v}, product, {n});
    }
    {
        Func histogram("histogram");
        histogram(x) = 0;
        histogram(clamp(cast<int>(a(square.x, square.y)), 0, 15)) += 1;
        add("histogram", {a}, histogram, {16});
    }
    {
        RDom r(1, n - 1, "r");
        Func scan("scan"), twice("twice");
        scan(x, y) = a(x, y);
        scan(x, r) = scan(x, r - 1) * 0.5f + scan(x, r);
        twice(x, y) = scan(x, y) * 2;
        add("scan", {a}, twice, {n, n});
    }
    {
        const Array weights = input<float>("weights", {3, 3, 4});
        RDom r(0, 3, 0, 3, "r");
        Func edge = zero_outside(a), sums("sums"), positive("positive");
        sums(x, y, z) = 0.0f;
        sums(x, y, z) += edge(x + r.x - 1, y + r.y - 1) * weights(r.x, r.y, z);
        positive(x, y, z) = max(sums(x, y, z), 0.0f);
        add("convolution", {a, weights}, positive, {n, n, 4});
    }
    {
        Func edge = repeat_image(a), weights("weights");
        weights(x, y) = 0.0f;
        weights(x, y) += edge(square.x + x - 1, square.y + y - 1) * b(square.x, square.y);
        add("gradient_of_weights", {a, b}, weights, {3, 3});
    }
    {
        Func best("best"), place("place");
        best(y) = Tuple(a(0, y), 0);
        best(y) = select(a(line, y) > best(y)[0], Tuple(a(line, y), line), Tuple(best(y)[0], best(y)[1]));
        place(y) = best(y)[1];
        add("place_of_largest", {a}, place, {n});
    }
    {
        Func upper("upper"), total("total");
        RDom r(0, n, 0, n, "r");
        r.where(r.x < r.y);
        upper(x) = v(x);
        upper(r.x) += a(r.x, r.y);
        total(x) = upper(x) - v(n - 1 - x);
        add("triangle", {a, v}, total, {n});
    }
    {
        Func half("half"), sum("sum");
        half(x, y) = a(x, y) / 2;
        sum() = 0.0f;
        sum() += half(square.x, square.y);
        programs.push_back(
            {"two_outputs", Program("two_outputs", {a}, {{"result", Array(half, {n, n})}, {"sum", Array(sum, {})}})});
    }
    return programs;
}

/// A graph of up to eight stages chosen at random: pointwise, stencils, broadcasts, transposes, reductions, scatters.
/// All values are small whole numbers, so that sums are the same in any order.
inline Program random_program(unsigned seed, int n) {
    using namespace Halide;
    std::mt19937 random(seed);
    const Var x("x"), y("y");
    const Array a = input<float>("a", {n, n});
    std::vector<Func> plane{repeat_edge(a)}, line;
    const auto any = [&](const std::vector<Func> &funcs) { return funcs[random() % funcs.size()]; };
    const auto wrap = [](const Expr &e) { return e - 16 * floor(e / 16); };  // keeps numbers small
    {
        Func first("first");
        first(x) = wrap(plane[0](x, 3));
        line.push_back(first);
    }
    for (int count = 3 + random() % 6; count > 0; count--) {
        Func f("f");
        const Func g = any(plane), h = any(plane), l = any(line);
        RDom r(0, n, "r"), small(0, 3, 0, 3, "s");
        switch (random() % 8) {
        case 0:
            f(x, y) = wrap(g(x, y) + 2 * h(x, y));
            break;
        case 1:
            f(x, y) = wrap(g(x - 1, y) + g(x + 1, y) - h(x, y - 1) + g(x, y + 2));
            break;
        case 2:
            f(x, y) = wrap(g(y, x) + l(x));
            break;
        case 3:
            f(x, y) = g(x, y);
            f(x, y) += h(x + small.x, y - small.y) * small.x;
            break;
        case 4:
            f(x) = l(x) + 1;
            f(x) += wrap(g(r, x));
            line.push_back(f);
            continue;
        case 5:
            f(x) = 0.0f;
            f(clamp(cast<int>(wrap(g(r, 2))), 0, 15)) += wrap(l(r));
            line.push_back(f);
            continue;
        case 6:
            f(x, y) = wrap(h(x, y) + l(clamp(cast<int>(wrap(g(x, y))), 0, 15)));
            break;
        case 7:
            f(x, y) = g(x, y);
            f(x, 0) = wrap(h(x, 1));
            f(x, r) += wrap(l(r)) + wrap(h(x, r));
            break;
        }
        plane.push_back(f);
    }
    Func result("result"), sum("sum");
    result(x, y) = wrap(plane.back()(x, y)) + wrap(line.back()(clamp(x, 0, 15)));
    RDom r(0, n, 0, n, "r");
    sum() = 0.0f;
    sum() += wrap(plane.back()(r.x, r.y));
    return Program("random_stages", {a}, {{"result", Array(result, {n, n})}, {"sum", Array(sum, {})}});
}

}  // namespace sylvite::test
