// vmap of Programs: values and derivatives of all elements at once against those of the program for each element alone,
// against differences, and by <u, Jv> = <J'u, v>.

#include "program_check.h"

#include "autodiff/implicit.h"
#include "autodiff/program.h"
#include "autodiff/vmap.h"
#include "derivative_check.h"
#include "targets/compile.h"

#include <gmock/gmock.h>

using namespace sylvite;
using namespace sylvite::testing;
using namespace Halide;

namespace {

constexpr int n = 2, batch = 3;
const Var x("x");

const Array a = input<double>("a", {n}), b = input<double>("b", {n});
const Param<double> p("p");

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

Expr total(const Array &array) {
    Func sum("total");
    const RDom r(0, n);
    sum() += array(r);
    return sum();
}

Expr real(double value) { return Internal::make_const(Float(64), value); }

using Sizes = std::map<std::string, std::vector<int>>;

Buffer<double> element(const Buffer<double> &all, int i) { return all.sliced(all.dimensions() - 1, i).copy(); }

// Values of the inputs of a program, those in `mapped` for all elements.
Values random_inputs(const Program &program, Sizes sizes, const std::vector<std::string> &mapped, unsigned seed) {
    std::mt19937 random(seed);
    Values values;
    for (const ProgramInput &input : program.inputs()) {
        if (std::find(mapped.begin(), mapped.end(), input.name()) != mapped.end()) {
            sizes[input.name()].push_back(batch);
        }
        values[input.name()] = random_buffer(sizes[input.name()], random, 0.3, 1.2);
    }
    return values;
}

Sizes with_batch(Sizes sizes, const Program &all, const Program &one) {
    for (const ProgramOutput &output : all.outputs()) {
        if (output.array.dimensions() > one.output(output.name).dimensions()) {
            sizes[output.name].push_back(batch);
        }
    }
    return sizes;
}

// Runs the program for each element.
std::vector<Values> each(const Program &program, const Values &inputs, const std::vector<std::string> &mapped,
                         const Sizes &sizes) {
    std::vector<Values> alone;
    for (int i = 0; i < batch; i++) {
        alone.push_back(inputs);
        for (const std::string &name : mapped) {
            alone.back()[name] = element(inputs.at(name), i);
        }
    }
    return run(program, alone, {}, sizes);
}

void expect_elements(const Buffer<double> &all, const std::vector<Values> &alone, const std::string &name) {
    for (int i = 0; i < batch; i++) {
        const Buffer<double> got = element(all, i), want = alone[i].at(name);
        want.for_each_element([&](const int *at) {
            EXPECT_NEAR(got(at), want(at), 1e-12 * (1 + std::abs(want(at)))) << name << " of element " << i;
        });
    }
}

struct Mapped {
    Program program;
    std::vector<std::string> inputs;  // that are mapped, all of which are differentiated by
    std::vector<std::string> shared;  // that are not, and are differentiated by too
    Sizes sizes;
    unsigned seed = 1;
};

std::vector<std::string> joined(std::vector<std::string> first, const std::vector<std::string> &second) {
    first.insert(first.end(), second.begin(), second.end());
    return first;
}

std::vector<std::string> prefixed(const std::string &prefix, std::vector<std::string> names) {
    for (std::string &name : names) {
        name.insert(0, prefix);
    }
    return names;
}

// A derivative of the program for each element, all elements of it, and that of the program for all elements: there what
// all share has the sum of the adjoints of each.
void check_derivative(const Mapped &c, const std::function<Program(const Program &)> &derivative,
                      const std::vector<std::string> &more_mapped, Sizes sizes, unsigned seed) {
    const Program one = derivative(c.program), all = vmap(one, joined(c.inputs, more_mapped), batch),
                  of_all = derivative(vmap(c.program, c.inputs, batch));
    const std::vector<std::string> mapped = joined(c.inputs, more_mapped);
    const Values inputs = random_inputs(one, sizes, mapped, seed);
    const std::vector<Values> alone = each(one, inputs, mapped, sizes);
    for (const Program &program : {all, of_all}) {
        const Values got = run(program, inputs, {}, with_batch(sizes, program, one));
        for (const ProgramOutput &output : program.outputs()) {
            const std::string &name = output.name;
            if (output.array.dimensions() > one.output(name).dimensions()) {
                expect_elements(got.at(name), alone, name);
                continue;
            }
            const bool is_sum = name.starts_with("adjoint_");
            got.at(name).for_each_element([&](const int *at) {
                double want = alone[0].at(name)(at);
                for (int i = 1; is_sum && i < batch; i++) {
                    want += alone[i].at(name)(at);
                }
                EXPECT_NEAR(got.at(name)(at), want, 1e-12 * (1 + std::abs(want))) << name;
            });
        }
    }
}

void check_vmap(const Mapped &c) {
    SCOPED_TRACE(c.program.name());
    const std::vector<std::string> wrt = joined(c.inputs, c.shared);
    std::vector<std::string> outputs;
    Sizes sizes = c.sizes;
    for (const ProgramOutput &output : c.program.outputs()) {
        outputs.push_back(output.name);
    }
    for (const std::string &name : joined(wrt, outputs)) {
        sizes["d_" + name] = sizes["adjoint_" + name] = sizes[name];
    }
    check_derivative(
        c, [&](const Program &program) { return jvp(program, wrt); }, prefixed("d_", c.inputs), sizes, c.seed);
    check_derivative(
        c, [&](const Program &program) { return vjp(program, wrt); }, prefixed("adjoint_", outputs), sizes, c.seed + 1);
}

// Second derivatives of the sum over all elements.
void check_second(const Mapped &c) {
    const Program all = vmap(c.program, c.inputs, batch);
    std::vector<CallArgument> arguments;
    Sizes sizes = c.sizes;
    for (const ProgramInput &input : all.inputs()) {
        arguments.push_back(input.is_array()
                                ? CallArgument(input.array())
                                : CallArgument(Internal::Variable::make(Float(64), input.name(), input.parameter())));
    }
    for (const std::string &name : c.inputs) {
        sizes[name].push_back(batch);
    }
    const Array y = call(all, arguments)[0];
    Func loss("loss");
    const RDom r(y.box());
    std::vector<Expr> at;
    for (int d = 0; d < y.dimensions(); d++) {
        at.push_back(r[d]);
    }
    loss() += y(at) * y(at);
    check_second_order({c.program.name(),
                        Program(c.program.name(), all.inputs(), {{"loss", Array(loss, {})}}),
                        joined(c.inputs, c.shared),
                        sizes,
                        {}},
                       c.seed);
}

const Sizes rows{{"a", {n}}, {"b", {n}}, {"y", {n}}, {"p", {}}};

TEST(ProgramVmap, Loop) {
    // A state that differs, one that does not, a captured array of each kind, and a scalar.
    const Arrays end = loop(3, {a, b}, [](const Expr &t, const Arrays &s) {
        return Arrays{row("u", sin(s[0](x)) * s[1](x) + a(n - 1 - x) * b(x) * p + t),
                      row("v", s[1](x) * (1 + b(x)) * (t + 1))};
    });
    const Array y = row("y", end[0](x) * end[1](x));
    const Mapped c{Program("mapped", {a, b, p}, {{"y", y}}), {"a"}, {"b", "p"}, rows};
    check_vmap(c);
    check_second(c);
    check_vmap({c.program, {"p"}, {"a", "b"}, rows});
}

LoopOptions named(const std::string &name, int capacity) {
    LoopOptions options;
    options.name = name;
    options.capacity = capacity;
    return options;
}

// Newton's method for roots; the number of steps depends on what the root is taken of.
WhileResult roots(const Array &of) {
    return while_loop(
        [&](const Arrays &s) { return abs(s[0]() * s[0]() - of()) > real(1e-6); }, {single("start", of() + 1)},
        [&](const Expr &, const Arrays &s) { return Arrays{single("root", (s[0]() + of() / s[0]()) / 2)}; },
        named("newton", 20));
}

TEST(ProgramVmap, WhileLoop) {
    // Growth until a bound is met, which some elements do at once; the number of steps counts too.
    const WhileResult w = while_loop(
        [](const Arrays &s) { return total(s[0]) < p * 6; }, {a},
        [](const Expr &t, const Arrays &s) { return Arrays{row("u", s[0](x) * (1 + b(x)) + s[0](n - 1 - x) * t)}; },
        named("growth", 30));
    const Program program("growth", {a, b, p}, {{"y", row("y", w.state[0](x) * (1 + w.steps()) * p)}});
    const Mapped c{program, {"a"}, {"b", "p"}, rows};
    check_vmap(c);
    check_second(c);
    check_vmap({Program("root", {p}, {{"y", roots(single("square", p * p * 20)).state[0]}}), {"p"}, {}, {}});
}

// The same condition for all elements: the loop is not masked, and counts once.
TEST(ProgramVmap, WhileLoopInStep) {
    const WhileResult w =
        while_loop([](const Arrays &s) { return s[1]() < 3; }, {a, single("sum", p)},
                   [](const Expr &, const Arrays &s) {
                       return Arrays{row("u", sin(s[0](x)) * s[1]()), single("more", s[1]() * real(1.5))};
                   },
                   named("growth", 30));
    const Program program("in_step", {a, p}, {{"y", w.state[0]}, {"steps", single("k", cast<double>(w.steps()))}});
    EXPECT_EQ(vmap(program, {"a"}, batch).output("steps").dimensions(), 0);
    EXPECT_EQ(vmap(program, {"p"}, batch).output("steps").dimensions(), 1);
    check_vmap({Program("in_step", {a, p}, {{"y", w.state[0]}}), {"a"}, {"p"}, rows});
}

// What is computed for an element that is done: 1 / 0 and the slope of a square root at 0, of a state, of what is
// captured, and of what all share.
TEST(ProgramVmap, ElementsThatAreDoneSpoilNothing) {
    // Each element counts down from its own number; the next step divides by what is then 0.
    const Array from = single("from", floor(p * 4));
    const auto body = [](const Expr &t, const Arrays &s) {
        const Expr left = s[0]();
        return Arrays{single("left", left - 1),
                      row("u", s[1](x) + sqrt(left) * b(x) / left + log(left) * sqrt(b(x) * left) + real(0.1) * t)};
    };
    const WhileResult w = while_loop([](const Arrays &s) { return s[0]() > 0; }, {from, a}, body, named("down", 9));
    const auto numbers = loop(cast<int>(p * 4), {single("left", floor(p * 4)), a}, LoopBody(body), named("down", 9));
    for (const Array &y : {w.state[1], numbers[1]}) {
        const Program program("down", {a, b, p}, {{"y", y}});
        const Program slope = vjp(vmap(program, {"a", "p"}, batch), {"a", "b"});
        const Program alone = vjp(program, {"a", "b"});
        Sizes sizes = rows;
        sizes["adjoint_a"] = sizes["adjoint_b"] = sizes["adjoint_y"] = {n};
        const std::vector<std::string> mapped{"a", "p", "adjoint_y"};
        const Values inputs = random_inputs(alone, sizes, mapped, 7);
        const std::vector<Values> want = each(alone, inputs, mapped, sizes);
        sizes["y"].push_back(batch), sizes["adjoint_a"].push_back(batch);
        const Values got = run(slope, inputs, {}, sizes);
        expect_elements(got.at("y"), want, "y");
        expect_elements(got.at("adjoint_a"), want, "adjoint_a");
        for (int i = 0; i < n; i++) {
            double sum = 0;
            for (const Values &one : want) {
                sum += one.at("adjoint_b")(i);
            }
            EXPECT_NEAR(got.at("adjoint_b")(i), sum, 1e-12 * std::abs(sum));
        }
    }
}

Arrays folded(const Expr &condition, const Array &u) {
    return branch(
        condition, {u}, [](const Arrays &s) { return Arrays{row("then", sin(s[0](x)) * b(x) * sqrt(p - real(0.7)))}; },
        [](const Arrays &s) {
            return Arrays{row("otherwise", s[0](x) * s[0](x) + a(n - 1 - x) * sqrt(real(0.7) - p))};
        });
}

TEST(ProgramVmap, Branch) {
    // Either arm is no number where the other one is taken.
    const Program differs("differs", {a, b, p}, {{"y", folded(p > real(0.7), row("u", a(x) * b(x)))[0]}});
    const Mapped c{differs, {"p"}, {"a", "b"}, rows};
    check_vmap(c);
    check_vmap({differs, {"a"}, {"b"}, rows});  // remains a branch
}

TEST(ProgramVmap, Scan) {
    const Array xs = input<double>("xs", {n, 5});
    const Scanned s = scan(5, {a}, {xs}, [](const Expr &t, const Arrays &state, const Arrays &now) {
        const Array next = row("next", sin(state[0](x)) + b(x) * now[0](x) * t);
        return Scanned{{next}, {row("squared", next(x) * state[0](n - 1 - x)), single("sum", total(next))}};
    });
    const Program program("scan", {a, b, xs}, {{"y", s.state[0]}, {"ys", s.outputs[0]}, {"sums", s.outputs[1]}});
    Sizes sizes = rows;
    sizes["xs"] = sizes["ys"] = {n, 5};
    sizes["sums"] = {5};
    check_vmap({program, {"xs"}, {"a", "b"}, sizes});
}

// The loop outside and what is in it are masked.
TEST(ProgramVmap, Nested) {
    const auto inner = [](const Array &u, const Expr &steps) {
        return loop(
            steps, {u}, [](const Expr &, const Arrays &s) { return Arrays{row("w", sin(s[0](x)) * b(x) + a(x) / 4)}; },
            named("inner", 9))[0];
    };
    const auto outer = [](const Expr &bound, const std::function<Array(const Expr &, const Array &)> &body) {
        return while_loop([&](const Arrays &s) { return s[1]() < bound; }, {a, single("c", 0 * p)},
                          [&](const Expr &t, const Arrays &s) {
                              return Arrays{body(t, s[0]), single("c", s[1]() + real(0.4))};
                          },
                          named("outer", 9))
            .state[0];
    };
    const Expr steps = cast<int>(p * 4);
    const auto check = [](const char *name, const Array &y) {
        check_vmap({Program(name, {a, b, p}, {{"y", row("y", y(x) * p)}}), {"p"}, {"a", "b"}, rows});
    };
    check("both", outer(p * 2, [&](const Expr &t, const Array &u) { return inner(u, steps - t); }));
    check("branched", outer(p * 2, [&](const Expr &, const Array &u) { return folded(p > real(0.7), u)[0]; }));
    check("scanned", outer(p * 2, [&](const Expr &, const Array &u) {
              const Scanned s = scan(2, {u}, {}, [](const Expr &, const Arrays &v, const Arrays &) {
                  return Scanned{{row("v", sin(v[0](x)) * p)}, {v[0]}};
              });
              return row("sum", s.state[0](x) + s.outputs[0](x, 1));
          }));
    // Of an element that is done the inner loop would not end.
    check("ends", outer(p * 2, [&](const Expr &t, const Array &u) {
              const WhileResult w =
                  while_loop([&](const Arrays &s) { return s[0](0) < 3 || cast<double>(t) * real(0.4) >= p * 2; }, {u},
                             [](const Expr &, const Arrays &s) { return Arrays{row("v", s[0](x) * (1 + b(x)))}; },
                             named("endless", 40));
              return row("part", w.state[0](x) / 4);
          }));
}

TEST(ProgramVmap, Histories) {
    const Array end = loop(
        cast<int>(p * 4), {a}, [](const Expr &, const Arrays &s) { return Arrays{row("u", sin(s[0](x)) * b(x))}; },
        named("some", 9))[0];
    const Expr last = clamp(cast<int>(p * 4) - 1, 0, 8);
    const Array y = row("y", history(end)(x, last) * stack(end)(n - 1 - x, last) * p);
    check_vmap({Program("histories", {a, b, p}, {{"y", y}}), {"a", "p"}, {"b"}, rows});
    check_vmap({Program("histories", {a, b, p}, {{"y", y}}), {"a"}, {"b"}, rows});
}

// Numbers of steps that are scalars, 0 and less among them; a batch of a size that is known when it runs.
TEST(ProgramVmap, NumbersOfSteps) {
    const Param<int> steps("steps"), many("many");
    const Array y = loop(
        steps, {a}, [](const Expr &t, const Arrays &s) { return Arrays{row("u", sin(s[0](x)) * b(x) + t)}; },
        named("steps", 5))[0];
    const Program program("steps", {a, b, steps}, {{"y", y}});
    const Program all = vmap(program, {"steps", "a"}, many);
    ASSERT_EQ(all.inputs().back().name(), "many");
    const Program slope = vjp(all, {"a", "b"}), alone = vjp(program, {"a", "b"});
    const std::vector<int> counts{2, -1, 5, 0};
    Buffer<int> numbers(batch);
    std::copy(counts.begin(), counts.end(), numbers.begin());
    std::mt19937 random(3);
    const Buffer<double> as = random_buffer({n, batch}, random, 0.3, 1.2), bs = random_buffer({n}, random, 0.3, 1.2),
                         us = random_buffer({n, batch}, random, 0.3, 1.2);
    Buffer<double> ys(n, batch), d_a(n, batch), d_b(n), sum(n);
    compile(slope).run({{"a", as},
                        {"b", bs},
                        {"steps", numbers},
                        {"many", batch},
                        {"adjoint_y", us},
                        {"y", ys},
                        {"adjoint_a", d_a},
                        {"adjoint_b", d_b}});
    sum.fill(0);
    for (int i = 0; i < batch; i++) {
        const Values want = run(alone, {{"a", element(as, i)}, {"b", bs}, {"adjoint_y", element(us, i)}},
                                {{"steps", counts[i]}}, {{"y", {n}}, {"adjoint_a", {n}}, {"adjoint_b", {n}}});
        for (int j = 0; j < n; j++) {
            EXPECT_NEAR(ys(j, i), want.at("y")(j), 1e-13);
            EXPECT_NEAR(d_a(j, i), want.at("adjoint_a")(j), 1e-13);
            sum(j) += want.at("adjoint_b")(j);
        }
    }
    for (int j = 0; j < n; j++) {
        EXPECT_NEAR(d_b(j), sum(j), 1e-12);
    }
}

TEST(ProgramVmap, OfABatch) {
    // Twice: a batch of batches.
    const Program once =
        vmap(Program("once", {a, p}, {{"y", row("y", roots(single("s", p)).state[0]() * a(x))}}), {"a"}, batch);
    Sizes sizes;
    sizes["a"] = sizes["y"] = {n, batch};
    check_vmap({once, {"p"}, {"a"}, sizes});
    check_vmap({once, {"a", "p"}, {}, sizes});
}

TEST(ProgramVmap, SolutionsOfEquations) {
    const auto solved = [](const Array &u) {
        return linear_solve(
            [](const Array &v, const Arrays &q) {
                return row("image", 3 * v(x) + q[0](x) * v(x) + real(0.2) * v(n - 1 - x));
            },
            u, {b}, {.steps = 4});
    };
    check_vmap({Program("solved", {a, b}, {{"y", solved(a)}}), {"a"}, {"b"}, rows});
    const Array fixed = fixed_point(
        [](const Array &u, const Arrays &q) { return row("image", cos(q[0](x) * u(n - 1 - x)) * q[1]() / 4); }, a,
        {b, single("scale", p)}, {.steps = 9});
    check_second({Program("fixed", {a, b, p}, {{"y", row("y", fixed(x) * a(x))}}), {"p"}, {"a", "b"}, rows});
    // In a masked loop, whose state is the right-hand side.
    const Array end = loop(
        cast<int>(p * 4), {a}, [&](const Expr &, const Arrays &s) { return Arrays{solved(row("rhs", s[0](x) + p))}; },
        named("implicit", 9))[0];
    check_vmap({Program("implicit", {a, b, p}, {{"y", end}}), {"p"}, {"a", "b"}, rows});
}

TEST(ProgramVmap, Memory) {
    LoopOptions options = named("long", 9);
    options.memory = Memory::sqrt;
    const Array end = loop(
        cast<int>(p * 8), {a}, [](const Expr &, const Arrays &s) { return Arrays{row("u", sin(s[0](x)) * b(x) + p)}; },
        options)[0];
    check_vmap({Program("segments", {a, b, p}, {{"y", end}}), {"p"}, {"a", "b"}, rows});
}

std::string refusal(const std::function<void()> &act) {
    try {
        act();
    } catch (const CompileError &error) {
        return error.what();
    }
    return "";
}

// Of loops whose elements make the same steps, another number of them, or steps until each is done; b undoes them too.
TEST(ProgramVmap, StatesThatAreUndone) {
    const auto force = [](const Array &u) { return sin(u(x)) * b(x); };
    const LoopBody step = [=](const Expr &, const Arrays &s) {
        return Arrays{row("next", force(s[0]) - s[1](n - 1 - x)), s[0], single("level", s[2]() + p)};
    };
    LoopOptions options = named("swing", 9);
    options.memory = Memory::reversible([=](const Expr &, const Arrays &after) {
        const Array before = row("before", force(after[1]) - after[0](x));
        return Arrays{after[1], row("turned", before(n - 1 - x)), single("level", after[2]() - p)};
    });
    const Arrays init{a, row("second", a(x) * real(0.5)), single("level", p)};
    const WhileResult w = while_loop([](const Arrays &s) { return s[2]() < real(2.5); }, init, step, options);
    for (const Arrays &end : {loop(3, init, step, options), loop(cast<int>(p * 4), init, step, options), w.state}) {
        const Program program("swings", {a, b, p}, {{"y", row("y", end[0](x) * end[1](x) * end[2]())}});
        check_vmap({program, {"p"}, {"a", "b"}, rows});
    }
}

TEST(ProgramVmap, Refuses) {
    const Param<int> size("size");
    const Array sized = input<double>("sized", {size});
    const Program program("sizes", {sized, size}, {{"y", sized}});
    EXPECT_THAT(refusal([&] { vmap(program, {"size"}, 3); }), ::testing::HasSubstr("depends on its inputs"));
    EXPECT_THAT(refusal([&] { vmap(program, {"sized"}, size); }), ::testing::IsEmpty());
    EXPECT_THAT(refusal([&] {
                    vmap(program, {"sized", "size"}, size);
                }),
                ::testing::HasSubstr("which is to have many values"));
    EXPECT_THAT(refusal([&] { vmap(program, {"sized", "sized"}, 3); }), ::testing::HasSubstr("given twice"));
    EXPECT_THAT(refusal([&] { vmap(program, {"other"}, 3); }), ::testing::HasSubstr("has no input other"));
    EXPECT_THAT(refusal([&] { vmap(program, {}, 3); }), ::testing::HasSubstr("none of sizes was named"));
    EXPECT_THAT(refusal([&] { vmap(program, {"sized"}, -1); }), ::testing::HasSubstr("not negative"));
    const Array end =
        loop(size, {a}, [](const Expr &, const Arrays &s) { return s; }, {.name = "bounded", .capacity = size})[0];
    EXPECT_THAT(refusal([&] {
                    vmap(Program("bounds", {a, size}, {{"y", end}}), {"size"}, 3);
                }),
                ::testing::HasSubstr("that of bounded depends on its inputs"));
}

}  // namespace
