#include "program_matrix.h"

namespace sylvite::testing {

using Halide::RDom;
using Halide::Var;

namespace {

constexpr int n = World::n;
const Var x("x");

Array row(const std::string &name, const Expr &value) {
    Func f(name);
    f(x) = value;
    return Array(f, {n});
}

Array single(const std::string &name, const Expr &value) {
    Func f(name);
    f() = value;
    return Array(f, {});
}

Expr number(const Flow &flow, double value) { return Halide::cast(flow.type, Expr(value)); }
Expr as_float(const Flow &flow, const Expr &step) { return Halide::cast(flow.type, step); }

LoopOptions options(const Flow &flow, const std::string &name) {
    LoopOptions options{.name = name};
    if (!flow.memory.empty()) {
        options.memory = flow.memory.front();
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

// Two states, of which one is what the other was.
LoopBody two_step(const Flow &flow, const Inside &inside) {
    return [=](const Expr &t, const Arrays &s) {
        const Array next = inside(s[0], as_float(flow, t));
        return Arrays{row("next", next(x) + number(flow, 0.2) * s[1](n - 1 - x)), s[0]};
    };
}

Array both_states(const Arrays &s) { return row("both", s[0](x) + s[1](x) * s[0](n - 1 - x)); }

Array loop_of(const Flow &flow, const Expr &trips, int steps, const Array &u, const Inside &inside,
              const LoopOptions &options) {
    const Arrays init{u, u};
    return both_states(flow.unrolled ? chain(steps, init, two_step(flow, inside))
                                     : loop(trips, init, two_step(flow, inside), options));
}

Array counted(const Flow &flow, const World &w, const Array &u, const Inside &inside) {
    return loop_of(flow, w.count, World::steps, u, inside, options(flow, "counted"));
}

Array without_steps(const Flow &flow, const World &w, const Array &u, const Inside &inside) {
    return loop_of(flow, w.count - World::steps, 0, u, inside, options(flow, "never"));
}

Array counted_by_data(const Flow &flow, const World &w, const Array &u, const Inside &inside) {
    LoopOptions bounded = options(flow, "measured");
    bounded.capacity = World::steps + 2;
    return loop_of(flow, Halide::cast<int>(Halide::round(w.a(0))) + World::steps - 1, World::steps, u, inside, bounded);
}

Array scanned(const Flow &flow, const World &w, const Array &u, const Inside &inside) {
    const ScanBody body = [&](const Expr &t, const Arrays &s, const Arrays &now) {
        const Array next = row("next", inside(s[0], as_float(flow, t))(x) + now[0](x));
        return Scanned{{next}, {row("seen", next(x) * s[0](n - 1 - x))}};
    };
    if (!flow.unrolled) {
        const Scanned all = scan(w.count, {u}, {w.rows}, body, options(flow, "scanned"));
        Func sum("sum");
        const RDom t(0, w.count, "t");
        sum(x) += all.outputs[0](x, t);
        return row("summed", all.state[0](x) + sum(x));
    }
    Array state = u, sum = zeros("sum", flow.type, {n});
    for (int t = 0; t < World::steps; t++) {
        const Scanned step = body(t, {state}, {row("now", w.rows(x, t))});
        state = step.state[0];
        sum = row("sum", sum(x) + step.outputs[0](x));
    }
    return row("summed", state(x) + sum(x));
}

Array while_low(const Flow &flow, const World &w, const Array &u, const Inside &inside) {
    const LoopBody body = [&](const Expr &t, const Arrays &s) {
        const Array next = row("next", inside(s[0], as_float(flow, t))(x) + s[1]());
        return Arrays{next, single("level", s[1]() + w.a(1))};
    };
    const Arrays init{u, single("level", number(flow, 0))};
    if (flow.unrolled) {
        return chain(World::steps, init, body)[0];
    }
    // Steps of about 1, up to 2.5: three of them.
    const WhileResult result = while_loop([&](const Arrays &s) { return s[1]() < number(flow, 2.5); }, init, body,
                                          {.name = "rising", .capacity = World::steps + 1});
    return result.state[0];
}

Array branched(const Flow &flow, const World &w, const Array &u, const Inside &inside, bool taken) {
    const BranchBody chosen = [&](const Arrays &s) { return Arrays{inside(s[0], number(flow, 1))}; };
    const BranchBody other = [&](const Arrays &s) { return Arrays{row("other", s[0](x) * w.b(x))}; };
    if (flow.unrolled) {
        return chosen({u})[0];
    }
    const Expr condition = u(0) + w.a(0) > number(flow, -100);
    return branch(taken ? condition : !condition, {u}, taken ? chosen : other, taken ? other : chosen,
                  {.name = taken ? "taken" : "passed"})[0];
}

Array called(const Flow &flow, const World &w, const Array &u, const Inside &inside) {
    if (flow.unrolled) {
        return inside(u, number(flow, 1));
    }
    const Array argument = input(flow.type, "argument", {n});
    std::vector<ProgramInput> inputs = w.inputs();
    inputs.emplace_back(argument);
    const Program program("callee", inputs, {{"value", inside(argument, number(flow, 1))}});
    return call(program, {w.a, w.b, w.u, w.rows, w.count, u})[0];
}

std::vector<Construct> table() {
    using namespace std::placeholders;
    return {
        {"loop", true, counted},
        {"loop of no steps", true, without_steps},
        {"loop counted by data", true, counted_by_data},
        {"scan", true, scanned},
        {"while_loop", false, while_low},
        {"branch taken", false, std::bind(branched, _1, _2, _3, _4, true)},
        {"branch not taken", false, std::bind(branched, _1, _2, _3, _4, false)},
        {"call", false, called},
    };
}

}  // namespace

World::World(const Flow &flow) {
    const auto array = [&](const std::string &name, const std::vector<Expr> &extents) {
        if (!flow.unrolled) {
            return input(flow.type, name, extents);
        }
        const Halide::ImageParam image(flow.type, static_cast<int>(extents.size()), name);
        const std::vector<Var> at = coordinates(extents.size());
        Func f(name + "_read");
        f(at) = image(std::vector<Expr>(at.begin(), at.end()));
        return Array(f, extents);
    };
    a = array("a", {n});
    b = array("b", {n});
    u = array("u", {n});
    rows = array("rows", {n, flow.unrolled ? Expr(steps) : Expr(count)});
}

const std::vector<Construct> &constructs() {
    static const std::vector<Construct> all = table();
    return all;
}

namespace {

// The output for a world and, within it, what each construct has inside.
class Nest {
public:
    Nest(const std::vector<const Construct *> &constructs, const World &world) :
        constructs_(constructs), world_(world) {}

    // It depends on every input, whatever the constructs do.
    Array output(const Flow &flow) {
        const Array end = at(0, flow)(world_.u, number(flow, 1));
        return row("y", end(x) * world_.a(x) + world_.b(n - 1 - x) * world_.rows(x, 0));
    }

private:
    const std::vector<const Construct *> &constructs_;
    const World &world_;

    Inside at(size_t depth, const Flow &flow) {
        if (depth < constructs_.size()) {
            return [this, depth, flow](const Array &u, const Expr &) {
                Flow further = flow;
                if (further.memory.size() > 1) {
                    further.memory.erase(further.memory.begin());
                }
                return constructs_[depth]->apply(flow, world_, u, at(depth + 1, further));
            };
        }
        return [this, flow](const Array &u, const Expr &step) {
            return row("kernel", u(x) * world_.a(x) / (1 + number(flow, 0.3) * u(x) * u(n - 1 - x)) +
                                     number(flow, 0.1) * world_.b(n - 1 - x) * step);
        };
    }
};

Array loss_of(const Array &y) {
    Func loss("loss");
    const RDom r(0, n, "r");
    loss() += y(r) * y(r);
    return Array(loss, {});
}

}  // namespace

Program matrix_program(const std::vector<const Construct *> &nest, const Flow &flow, bool as_loss) {
    const World world(flow);
    const Array y = Nest(nest, world).output(flow);
    return Program("matrix", world.inputs(), {as_loss ? ProgramOutput{"loss", loss_of(y)} : ProgramOutput{"y", y}});
}

Func matrix_func(const std::vector<const Construct *> &nest, bool as_loss) {
    Flow flow;
    flow.unrolled = true;
    const World world(flow);
    const Array y = Nest(nest, world).output(flow);
    return as_loss ? loss_of(y) : y;
}

}  // namespace sylvite::testing
