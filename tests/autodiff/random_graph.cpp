#include "random_graph.h"

#include "random_updates.h"

#include <algorithm>

namespace sylvite::testing {

using namespace Halide;

namespace {

class Generator : private RandomUpdates {
public:
    using RandomUpdates::RandomUpdates;

    RandomGraph make() {
        inputs();
        graph_.stages = 1 + pick(chance(0.3) ? 12 : 4);
        for (int s = 0; s < graph_.stages; s++) {
            stage(s == graph_.stages - 1);
        }
        return std::move(graph_);
    }

private:
    RandomGraph graph_;

    void inputs() {
        const int images = 1 + pick(2);
        graph_.images.reserve(2);
        graph_.known.reserve(1);
        for (int i = 0; i < images; i++) {
            const std::vector<Span> box = random_box(pick(8) == 0 ? 0 : 1 + pick(3));
            const ImageParam param(Float(64), static_cast<int>(box.size()), "in" + std::to_string(i));
            graph_.images.push_back({param, std::vector<Span>(box.size(), {1, 0})});
            readable.push_back({[param](auto &at) { return param(at); }, box, &graph_.images.back().read});
        }
        if (chance(0.3)) {
            const std::vector<Span> box = random_box(1 + pick(2));
            std::vector<int> sizes, mins;
            for (const Span &span : box) {
                mins.push_back(span.first);
                sizes.push_back(span.second - span.first + 1);
            }
            Buffer<double> buffer(sizes, "known");
            buffer.set_min(mins);
            graph_.known.push_back({buffer, std::vector<Span>(box.size(), {1, 0})});
            readable.push_back({[buffer](auto &at) { return buffer(at); }, box, &graph_.known.back().read});
        }
        if (chance(0.4)) {
            const Param<double> scalar("scalar");
            graph_.scalars.push_back(scalar);
            readable.push_back({[scalar](auto &) -> Expr { return scalar; }, {}, nullptr});
        }
    }

    std::vector<Span> random_box(int rank) {
        static const int extents[] = {1, 2, 3, 7, 4, 17, 33}, mins[] = {0, 0, -2, 3};
        std::vector<Span> box;
        int size = 1;
        for (int d = 0; d < rank; d++) {
            const int extent = size * 7 > 90 ? 1 + pick(3) : extents[pick(rank < 3 && size < 5 ? 7 : 5)];
            const int min = mins[pick(4)];
            box.emplace_back(min, min + extent - 1);
            size *= extent;
        }
        return box;
    }

    // 1 to 3 dimensions, rarely 0 or 4.
    int random_rank() { return chance(0.1) ? (chance(0.7) ? 0 : 4) : 1 + pick(3); }

    Stage begin(const std::vector<Span> &box) {
        static const char *const names[] = {"x", "y", "z", "w"};
        Stage stage{Func("f" + std::to_string(readable.size())), {}, {}, box};
        for (size_t d = 0; d < box.size(); d++) {
            stage.vars.emplace_back(names[d]);
            stage.loops.push_back({stage.vars.back(), box[d].first, box[d].second});
        }
        return stage;
    }

    void stage(bool is_last) {
        start_stage();
        if (!is_last && chance(0.12)) {
            boundary();
            return;
        }
        const int kind = pick(12);
        if (kind == 9) {
            ping_pong();
        } else if (kind == 10) {
            argmax();
        }
        Stage stage = begin(random_box(is_last ? pick(3) : random_rank()));
        const Func f = stage.f;
        if (kind == 11 || kind == 8) {
            tuple(stage);
        } else {
            const int updates = chance(0.4) ? 0 : 1 + pick(chance(0.2) ? 4 : 2);
            stage.f(stage.vars) =
                updates && chance(0.3) ? real(chance(0.5) ? 0 : number()) : expression(stage.loops, 1 + pick(3));
            for (int u = 0; u < updates; u++) {
                start_stage();
                update(stage);
            }
            readable.push_back({[f](auto &at) { return f(at); }, stage.box, nullptr});
        }
        graph_.output = f;
        graph_.box = stage.box;
        if (is_last && f.outputs() > 1) {
            Func sum("sum");
            sum(stage.vars) = f(stage.here())[0] * f(stage.here())[1];
            graph_.output = sum;
        }
    }

    void tuple(Stage &stage) {
        Func &f = stage.f;
        const bool has_integer = chance(0.3);
        std::vector<Expr> values{expression(stage.loops, 2), expression(stage.loops, 2)};
        if (has_integer) {
            values.push_back(cast<int>(leaf(stage.loops) * 3));
        }
        f(stage.vars) = Tuple(values);
        const std::vector<Expr> here = stage.here();
        if (chance(0.5)) {
            start_stage();
            const RDom r = domain(1);
            const std::vector<Index> inner = with(stage.loops, r);
            const bool adds = chance(0.6);
            std::vector<Expr> next{f(here)[0] + expression(inner, 1), f(here)[1] + expression(inner, 2)};
            if (!adds) {
                start_stage();
                next = {f(here)[1] * expression(stage.loops, 1), f(here)[0] + expression(stage.loops, 1)};
            }
            if (has_integer) {
                next.push_back(f(here)[2] + 1);
            }
            f(stage.vars) = Tuple(next);
        }
        const Func made = f;
        for (int c = 0; c < 2; c++) {
            readable.push_back({[made, c](auto &at) -> Expr { return made(at)[c]; }, stage.box, nullptr});
        }
    }

    // The largest value and where it was, then what is read there.
    void argmax() {
        Stage stage = begin(random_box(pick(3)));
        Func best("best"), there("there");
        const RDom r = domain(1);
        const std::vector<Index> inner = with(stage.loops, r);
        const Expr candidate = leaf(inner);
        const int low = inner.back().low, high = inner.back().high;
        const std::vector<Expr> here = stage.here();
        best(stage.vars) = Tuple(real(-0.5), low);
        const Expr better = chance(0.5) ? candidate > best(here)[0] : best(here)[0] < candidate;
        best(stage.vars) = Tuple(select(better, candidate, best(here)[0]), select(better, r.x, best(here)[1]));
        readable.push_back({[best](auto &at) -> Expr { return best(at)[0]; }, stage.box, nullptr});
        start_stage();
        std::vector<Index> known = stage.loops;
        known.push_back({clamp(best(here)[1], low, high), low, high});
        there(stage.vars) = leaf(known);
        readable.push_back({[there](auto &at) { return there(at); }, stage.box, nullptr});
    }

    // Steps in time with two buffers: u(x, (t + 1) % 2) of u(x +- 1, t % 2).
    void ping_pong() {
        const int extent = 3 + pick(4), steps = 1 + pick(4);
        Func u("u");
        const Var x("x"), p("p");
        const Index column{x, 0, extent - 1}, buffer{p, 0, 1};
        u(x, p) = expression({column, buffer}, 1);
        start_stage();
        const RDom r(1, extent - 2, 0, steps, "pp");
        const Expr now = r.y % 2, next = chance(0.5) ? (r.y + 1) % 2 : 1 - now;
        const Expr force = leaf({{r.x, 1, extent - 2}, {r.y, 0, steps - 1}});
        const Expr left = u(r.x - 1, now), here = u(r.x, now), right = u(r.x + 1, now);
        u(r.x, next) = chance(0.5) ? here + (left - 2 * here + right) * real(0.25) + force
                                   : sin(left * right) + here * force - u(r.x, next);
        readable.push_back({[u](auto &at) { return u(at); }, {{0, extent - 1}, {0, 1}}, nullptr});
    }

    void boundary() {
        const Readable &from = readable[static_cast<size_t>(pick(static_cast<int>(readable.size())))];
        if (from.box.empty()) {
            return;
        }
        Func source("source");
        std::vector<Var> vars;
        Region region;
        std::vector<Span> wide;
        for (size_t d = 0; d < from.box.size(); d++) {
            vars.emplace_back("x" + std::to_string(d));
            region.emplace_back(from.box[d].first, from.box[d].second - from.box[d].first + 1);
            wide.emplace_back(from.box[d].first - 1 - pick(9), from.box[d].second + 1 + pick(9));
            if (from.read_box) {
                grow((*from.read_box)[d], {0, from.box[d].first, from.box[d].second});
            }
        }
        source(vars) = from.read(std::vector<Expr>(vars.begin(), vars.end()));
        Func edge;
        switch (pick(5)) {
        case 0:
            edge = BoundaryConditions::repeat_edge(source, region);
            break;
        case 1: {
            const bool scalar = !graph_.scalars.empty() && chance(0.5);
            edge = BoundaryConditions::constant_exterior(source, scalar ? Expr(graph_.scalars[0]) : real(number()),
                                                         region);
            break;
        }
        case 2:
            edge = BoundaryConditions::repeat_image(source, region);
            break;
        case 3:
            edge = BoundaryConditions::mirror_image(source, region);
            break;
        default:
            edge = BoundaryConditions::mirror_interior(source, region);
            break;
        }
        readable.push_back({[edge](auto &at) { return edge(at); }, wide, nullptr});
    }
};

}  // namespace

RandomGraph random_graph(Choices &choices) { return Generator(choices).make(); }

}  // namespace sylvite::testing
