#include "program_matrix.h"

#include "autodiff/custom_rule.h"
#include "frontend/extern_kernel.h"

namespace sylvite::testing {

using Halide::RDom;
using Halide::Var;

namespace {

const Var x("x");
const Type real = Halide::Float(64);

Array row(const std::string &name, const Expr &value, const World &w) {
    Func f(name);
    f(x) = value;
    return Array(f, {w.n});
}

Array single(const std::string &name, const Expr &value) {
    Func f(name);
    f() = value;
    return Array(f, {});
}

Expr number(double value) { return Halide::cast(real, Expr(value)); }
Expr as_float(const Expr &step) { return Halide::cast(real, step); }

// `undo` gives the states before a step.
LoopOptions options(const Flow &flow, const World &w, const std::string &name, const LoopBody &undo) {
    LoopOptions options{.name = name};
    switch (flow.keep.empty() ? Keep::unsaid : flow.keep.front()) {
    case Keep::unsaid:
        break;
    case Keep::store_all:
        options.memory = Memory::store_all;
        break;
    case Keep::sqrt:
        options.memory = Memory::sqrt;
        break;
    case Keep::binomial:
        options.memory = Memory::binomial(2);
        break;
    case Keep::recompute:
        options.memory = Memory::recompute;
        break;
    case Keep::budget:
        options.memory = Memory::budget(flow.budget * Halide::cast<int64_t>(w.n) + 800);
        break;
    case Keep::reversible:
        options.memory = Memory::reversible(undo);
        break;
    }
    return options;
}

// The steps of a loop one after the other, as the chain that they are.
Arrays chain(int steps, Arrays state, const LoopBody &body) {
    for (int t = 0; t < steps; t++) {
        state = body(t, state);
    }
    return state;
}

// Two states, of which one is what the other was; `more` goes into each element. It can be undone.
Arrays two_step(const World &w, const Inside &inside, const Expr &t, const Arrays &s, const Expr &more) {
    const Array made = inside(s[0], as_float(t));
    return {row("next", made(x) + more + number(0.25) * s[1](w.n - 1 - x), w), s[0]};
}

Arrays undone_two_step(const World &w, const Inside &inside, const Expr &t, const Arrays &after, const Expr &more) {
    const Array made = inside(after[1], as_float(t)), rest = row("rest", after[0](x) - made(x) - more, w);
    return {after[1], row("before", 4 * rest(w.n - 1 - x), w)};
}

Array both_states(const World &w, const Arrays &s) {
    return row("both", s[0](x) + number(0.1) * s[1](x) * s[0](w.n - 1 - x), w);
}

Array loop_of(const Flow &flow, const World &w, const Expr &trips, int steps, const Array &u, const Inside &inside,
              const std::string &name, const Expr &capacity = Expr()) {
    const LoopBody body = [=](const Expr &t, const Arrays &s) { return two_step(w, inside, t, s, 0); };
    if (flow.unrolled) {
        return both_states(w, chain(steps, {u, u}, body));
    }
    LoopOptions said = options(
        flow, w, name, [=](const Expr &t, const Arrays &after) { return undone_two_step(w, inside, t, after, 0); });
    said.capacity = capacity;
    return both_states(w, loop(trips, {u, u}, body, said));
}

Array counted(const Flow &flow, const World &w, const Array &u, const Inside &inside) {
    return loop_of(flow, w, w.count, World::steps, u, inside, "counted");
}

Array without_steps(const Flow &flow, const World &w, const Array &u, const Inside &inside) {
    return loop_of(flow, w, w.count - World::steps, 0, u, inside, "never");
}

// As many steps as there are, or one more in element 1.
Array counted_by_data(const Flow &flow, const World &w, const Array &u, const Inside &inside) {
    return loop_of(flow, w, Halide::cast<int>(Halide::round(w.a(0))) + World::steps - 1, World::steps + flow.element, u,
                   inside, "measured", World::steps + 2);
}

Array scan_of(const Flow &flow, const World &w, const Array &u, const Inside &inside, const Expr &trips, int steps) {
    const ScanBody body = [&](const Expr &t, const Arrays &s, const Arrays &now) {
        const Arrays next = two_step(w, inside, t, s, now[0](x));
        return Scanned{next, {row("seen", next[0](x) * s[0](w.n - 1 - x), w)}};
    };
    Func sum("sum");
    sum(x) = number(0);
    if (!flow.unrolled) {
        const LoopBody undo = [&](const Expr &t, const Arrays &after) {
            return undone_two_step(w, inside, t, after, w.rows(x, t));
        };
        const Scanned all = scan(trips, {u, u}, {w.rows}, body, options(flow, w, "scanned", undo));
        const RDom t(0, trips, "t");
        sum(x) += all.outputs[0](x, t);
        return row("summed", both_states(w, all.state)(x) + sum(x), w);
    }
    Arrays state{u, u};
    Array total(sum, {w.n});
    for (int t = 0; t < steps; t++) {
        const Scanned step = body(t, state, {row("now", w.rows(x, t), w)});
        state = step.state;
        total = row("sum", total(x) + step.outputs[0](x), w);
    }
    return row("summed", both_states(w, state)(x) + total(x), w);
}

Array scanned(const Flow &flow, const World &w, const Array &u, const Inside &inside) {
    return scan_of(flow, w, u, inside, w.count, World::steps);
}

Array scanned_never(const Flow &flow, const World &w, const Array &u, const Inside &inside) {
    return scan_of(flow, w, u, inside, Halide::max(w.count - World::steps, 0), 0);
}

// Steps of a(1), as many as lead beyond `end`: of about 1, or 2 in element 1.
Array while_below(const Flow &flow, const World &w, const Array &u, const Inside &inside, double end, int steps) {
    const LoopBody body = [=](const Expr &t, const Arrays &s) {
        Arrays next = two_step(w, inside, t, s, s[2]());
        next.push_back(single("level", s[2]() + w.a(1)));
        return next;
    };
    const Arrays init{u, u, single("level", number(0))};
    if (flow.unrolled) {
        return both_states(w, chain(steps, init, body));
    }
    LoopOptions said = options(flow, w, "rising", [=](const Expr &t, const Arrays &after) {
        const Array level = single("level", after[2]() - w.a(1));
        Arrays before = undone_two_step(w, inside, t, after, level());
        before.push_back(level);
        return before;
    });
    said.capacity = World::steps + 1;
    return both_states(w, while_loop([=](const Arrays &s) { return s[2]() < number(end); }, init, body, said).state);
}

Array while_low(const Flow &flow, const World &w, const Array &u, const Inside &inside) {
    return while_below(flow, w, u, inside, 2.7, flow.element ? 2 : 3);
}

Array while_never(const Flow &flow, const World &w, const Array &u, const Inside &inside) {
    return while_below(flow, w, u, inside, -1, 0);
}

// Both arms have something inside; in element 1 the other one is taken.
Array branched(const Flow &flow, const World &w, const Array &u, const Inside &inside, bool taken) {
    const BranchBody chosen = [&](const Arrays &s) { return Arrays{inside(s[0], number(1))}; };
    const BranchBody other = [&](const Arrays &s) { return Arrays{row("other", s[0](x) * w.b(x), w)}; };
    if (flow.unrolled) {
        return flow.element ? other({u})[0] : chosen({u})[0];
    }
    const Expr condition = u(0) < 10000 * (number(1.5) - w.b(0));
    return branch(taken ? condition : !condition, {u}, taken ? chosen : other, taken ? other : chosen,
                  {.name = taken ? "taken" : "passed"})[0];
}

Array called(const Flow &flow, const World &w, const Array &u, const Inside &inside) {
    if (flow.unrolled) {
        return inside(u, number(1));
    }
    const Array argument = input(real, "argument", {w.n});
    std::vector<ProgramInput> inputs = w.inputs();
    inputs.emplace_back(argument);
    const Program program("callee", inputs, {{"value", inside(argument, number(1))}});
    return call(program, {w.a, w.b, w.u, w.rows, w.n, w.count, u})[0];
}

// What is inside squared, times a: by a function of tests/support/extern_kernels.c.
Array by_c(const Flow &flow, const World &w, const Array &u, const Inside &inside) {
    const Array made = inside(u, number(1));
    const Expr n = w.n;
    if (flow.unrolled) {
        return row("squared", made(x) * made(x) * w.a(n - 1 - x), w);
    }
    FuncRule rule;
    rule.jvp = [n](const std::vector<Func> &in, const Func &, const std::vector<Func> &v) {
        Func d("d");
        d(x) = in[0](x) * (2 * in[1](n - 1 - x) * v[0](x) + in[0](x) * v[1](n - 1 - x));
        return d;
    };
    return custom_rule(extern_kernel("test_square", {made, w.a}, real, {n}), {made, w.a}, rule);
}

std::vector<Construct> table() {
    using namespace std::placeholders;
    using enum Keep;
    const std::vector<Keep> all{store_all, sqrt, budget, binomial, recompute, reversible},
        unbounded{store_all, binomial, recompute, reversible}, none;
    return {
        {"loop", all, true, counted},
        {"loop of no steps", all, true, without_steps},
        {"loop counted by data", all, true, counted_by_data},
        {"scan", all, true, scanned},
        {"scan of no steps", all, false, scanned_never},
        {"while_loop", unbounded, true, while_low},
        {"while_loop of no steps", unbounded, false, while_never},
        {"branch taken", none, true, std::bind(branched, _1, _2, _3, _4, true)},
        {"branch not taken", none, true, std::bind(branched, _1, _2, _3, _4, false)},
        {"call", none, true, called},
        {"extern_kernel", none, true, by_c},
    };
}

// The output for a world and, within it, what each construct has inside.
class Nest {
public:
    Nest(const std::vector<const Construct *> &constructs, const World &world) :
        constructs_(constructs), world_(world) {}

    // It depends on every input, whatever the constructs do.
    Array output(const Flow &flow) {
        const Array end = at(0, flow)(world_.u, number(1));
        return row("y", end(x) * world_.a(x) + world_.b(world_.n - 1 - x) * world_.rows(x, 0), world_);
    }

private:
    const std::vector<const Construct *> &constructs_;
    const World &world_;

    Inside at(size_t depth, const Flow &flow) {
        if (depth < constructs_.size()) {
            Flow here = flow, further = flow;
            here.budget = depth + 1 < constructs_.size() ? 300 : 100;
            if (further.keep.size() > 1 && !constructs_[depth]->keeps.empty()) {
                further.keep.erase(further.keep.begin());
            }
            return [this, depth, here, further](const Array &u, const Expr &) {
                return constructs_[depth]->apply(here, world_, u, at(depth + 1, further));
            };
        }
        return [this](const Array &u, const Expr &step) {
            const World &w = world_;
            return row(
                "kernel",
                u(x) * w.a(x) / (1 + number(0.3) * u(x) * u(w.n - 1 - x)) + number(0.1) * w.b(w.n - 1 - x) * step, w);
        };
    }
};

}  // namespace

const char *to_string(Keep keep) {
    static const char *const names[] = {"unsaid",    "store_all", "sqrt",      "binomial(2)",
                                        "recompute", "budget",    "reversible"};
    return names[static_cast<int>(keep)];
}

World::World(const Flow &flow) {
    if (flow.unrolled) {
        n = size;
        count = steps;
    } else {
        n = Halide::Param<int>("n");
        count = Halide::Param<int>("count");
    }
    const auto array = [&](const std::string &name, const std::vector<Expr> &extents) {
        if (!flow.unrolled) {
            return input(real, name, extents);
        }
        const Halide::ImageParam image(real, static_cast<int>(extents.size()), name);
        const std::vector<Var> at = coordinates(extents.size());
        Func f(name + "_read");
        f(at) = image(std::vector<Expr>(at.begin(), at.end()));
        return Array(f, extents);
    };
    a = array("a", {n});
    b = array("b", {n});
    u = array("u", {n});
    rows = array("rows", {n, count});
}

std::vector<ProgramInput> World::inputs() const {
    const auto parameter = [](const Expr &e) { return e.as<Halide::Internal::Variable>()->param; };
    return {a, b, u, rows, parameter(n), parameter(count)};
}

const std::vector<Construct> &constructs() {
    static const std::vector<Construct> all = table();
    return all;
}

Program matrix_program(const std::vector<const Construct *> &nest, const std::vector<Keep> &keep, bool as_loss) {
    const Flow flow{.keep = keep};
    const World world(flow);
    const Array y = Nest(nest, world).output(flow);
    if (!as_loss) {
        return Program("matrix", world.inputs(), {{"y", y}});
    }
    Func loss("loss");
    const RDom r(0, world.n, "r");
    loss() += y(r) * y(r);
    return Program("matrix", world.inputs(), {{"loss", Array(loss, {})}});
}

Func matrix_func(const std::vector<const Construct *> &nest, int element) {
    const Flow flow{.unrolled = true, .element = element, .keep = {}};
    const World world(flow);
    return Nest(nest, world).output(flow);
}

}  // namespace sylvite::testing
