#include "random_graph.h"

#include <algorithm>

namespace sylvite::testing {

using namespace Halide;

namespace {

class Generator : private RandomExpressions {
public:
    using RandomExpressions::RandomExpressions;

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
        static const int extents[] = {1, 2, 3, 7, 4}, mins[] = {0, 0, -2, 3};
        std::vector<Span> box;
        int size = 1;
        for (int d = 0; d < rank; d++) {
            const int extent = size * 7 > 90 ? 1 + pick(3) : extents[pick(5)], min = mins[pick(4)];
            box.emplace_back(min, min + extent - 1);
            size *= extent;
        }
        return box;
    }

    void stage(bool is_last) {
        start_stage();
        if (!is_last && chance(0.12)) {
            boundary();
            return;
        }
        const int rank = is_last ? pick(3) : pick(10) == 0 ? 0 : 1 + pick(3);
        const std::vector<Span> box = random_box(rank);
        std::vector<Index> loops;
        std::vector<Var> vars;
        for (size_t d = 0; d < box.size(); d++) {
            vars.emplace_back(std::string(1, static_cast<char>('x' + d)));
            loops.push_back({vars.back(), box[d].first, box[d].second});
        }
        Func f("f" + std::to_string(readable.size()));
        if (chance(0.15)) {
            tuple(f, vars, loops, box);
        } else {
            const int updates = chance(0.5) ? 0 : 1 + pick(2);
            f(vars) = updates && chance(0.3) ? real(chance(0.5) ? 0 : number()) : expression(loops, 1 + pick(3));
            for (int u = 0; u < updates; u++) {
                start_stage();
                update(f, vars, loops, box);
            }
            readable.push_back({[f](auto &at) { return f(at); }, box, nullptr});
        }
        graph_.output = f;
        graph_.box = box;
        if (is_last && f.outputs() > 1) {
            Func sum("sum");
            sum(vars) =
                f(std::vector<Expr>(vars.begin(), vars.end()))[0] * f(std::vector<Expr>(vars.begin(), vars.end()))[1];
            graph_.output = sum;
        }
    }

    void tuple(Func &f, const std::vector<Var> &vars, const std::vector<Index> &loops, const std::vector<Span> &box) {
        const bool has_integer = chance(0.3);
        std::vector<Expr> values{expression(loops, 2), expression(loops, 2)};
        if (has_integer) {
            values.push_back(cast<int>(leaf(loops) * 3));
        }
        f(vars) = Tuple(values);
        const std::vector<Expr> here(vars.begin(), vars.end());
        if (chance(0.5)) {
            start_stage();
            const RDom r = domain(1);
            const std::vector<Index> inner = with(loops, r);
            const bool adds = chance(0.6);
            std::vector<Expr> next{f(here)[0] + expression(inner, 1), f(here)[1] + expression(inner, 2)};
            if (!adds) {
                start_stage();
                next = {f(here)[1] * expression(loops, 1), f(here)[0] + expression(loops, 1)};
            }
            if (has_integer) {
                next.push_back(f(here)[2] + 1);
            }
            f(vars) = Tuple(next);
        }
        for (int c = 0; c < 2; c++) {
            readable.push_back({[f, c](auto &at) -> Expr { return f(at)[c]; }, box, nullptr});
        }
    }

    RDom domain(int rank) {
        Region region;
        for (int d = 0; d < rank; d++) {
            region.emplace_back(pick(4) - 1, 1 + pick(4));
        }
        return RDom(region, "r");
    }

    static std::vector<Index> with(std::vector<Index> loops, const RDom &r) {
        for (int d = 0; d < r.dimensions(); d++) {
            const int min = *Internal::as_const_int(r[d].min()), extent = *Internal::as_const_int(r[d].extent());
            loops.push_back({r[d], min, min + extent - 1});
        }
        return loops;
    }

    // A predicate on some of the iterations, of the variables or of data.
    void restrict(RDom &r) {
        switch (pick(4)) {
        case 0:
            r.where(r.x % 2 == 0);
            break;
        case 1:
            r.where(r[r.dimensions() - 1] + r.x < 4);
            break;
        case 2:
            r.where(r.x != 1 || r[r.dimensions() - 1] > 0);
            break;
        default: {
            // Of an input: Halide 21 does not realize a Func with updates where only a predicate reads it.
            const Expr e = read(readable[0], with({}, r));
            r.where(e > real(0.1));
            break;
        }
        }
    }

    void update(Func &f, const std::vector<Var> &vars, const std::vector<Index> &loops, const std::vector<Span> &box) {
        const std::vector<Expr> here(vars.begin(), vars.end());
        RDom r = domain(1 + pick(2));
        const int kind = pick(12);
        if (chance(0.3)) {
            restrict(r);
        }
        const std::vector<Index> inner = with(loops, r);
        switch (kind) {
        case 0:
        case 1:
        case 2: {  // a sum
            const Expr e = expression(inner, 1 + pick(2));
            f(here) = f(here) + e;
            break;
        }
        case 3:
        case 4:
        case 5:
        case 6:
            scatter(f, vars, loops, r, box);
            break;
        case 7: {  // in place
            const Expr factor = expression(loops, 1), summand = leaf(loops);
            f(here) = f(here) * factor + summand;
            break;
        }
        case 8:
            if (!vars.empty()) {
                slice(f, loops, box);
            }
            break;
        case 9: {  // a product, a maximum or a function applied again and again
            const Expr e = leaf(inner);
            const int which = pick(4);
            f(here) = which == 0   ? f(here) * e
                      : which == 1 ? max(f(here), e)
                      : which == 2 ? e - f(here)
                                   : sin(f(here)) + e;
            break;
        }
        case 10:
            if (!vars.empty() && box[0].second > box[0].first) {
                scan(f, here, loops, box);
            }
            break;
        default: {
            const Expr e = expression(loops, 2);
            f(here) = f(here) + e;
            break;
        }
        }
    }

    // Some places are chosen by the RDom.
    void scatter(Func &f, const std::vector<Var> &vars, const std::vector<Index> &loops, const RDom &r,
                 const std::vector<Span> &box) {
        const std::vector<Index> inner = with({}, r);
        std::vector<Expr> to, from;
        std::vector<Index> known = inner;
        bool keeps_all = true;
        for (size_t d = 0; d < vars.size(); d++) {
            const bool keep = chance(0.3);
            keeps_all = keeps_all && keep;
            to.push_back(keep ? Expr(vars[d]) : index_within(inner, box[d]).e);
            from.push_back(keep || chance(0.5) ? to[d] : index_within(inner, box[d]).e);
            if (keep) {
                known.push_back(loops[d]);
            }
        }
        const Expr e = expression(known, 1 + pick(2));
        const int which = pick(4);
        switch (which == 0 && keeps_all ? 2 : which) {  // Halide warns of an update that hides the earlier ones
        case 0:
            f(to) = e;
            break;
        case 1:
            f(to) = f(from) * e;  // of what other iterations wrote
            break;
        default:
            f(to) = f(to) + e;
            break;
        }
    }

    // One slice from another.
    void slice(Func &f, const std::vector<Index> &loops, const std::vector<Span> &box) {
        std::vector<Expr> to, from;
        for (const Index &i : loops) {
            to.push_back(i.e);
            from.push_back(i.e);
        }
        to[0] = box[0].first;
        from[0] = box[0].second;
        const std::vector<Index> others(loops.begin() + 1, loops.end());
        const Expr factor = expression(others, 1), summand = leaf(others);
        f(to) = f(from) * factor + summand;
    }

    void scan(Func &f, const std::vector<Expr> &here, const std::vector<Index> &loops, const std::vector<Span> &box) {
        const RDom t(box[0].first, box[0].second - box[0].first);
        std::vector<Expr> to = here, from = here;
        to[0] = t + 1;
        from[0] = t;
        if (chance(0.3)) {
            std::swap(to[0], from[0]);
        }
        std::vector<Index> others(loops.begin() + 1, loops.end());
        others.push_back({t, box[0].first, box[0].second - 1});
        const Expr factor = leaf(others);
        f(to) = (chance(0.5) ? sin(f(from)) : f(from)) * factor + f(to);
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
            vars.emplace_back(std::string(1, static_cast<char>('x' + d)));
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
