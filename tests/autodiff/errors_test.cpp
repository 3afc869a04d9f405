// What is refused, with the whole message, and what must not be.

#include "autodiff/jacobian.h"
#include "autodiff/linearize.h"
#include "autodiff/program.h"
#include "derivative_check.h"
#include "tests/support/example.h"

#include <gtest/gtest.h>

using namespace sylvite;
using namespace sylvite::testing;
using namespace Halide;

HalideExtern_1(float, sylvite_unknown, float);

namespace {

Var x("x"), y("y");

Func define(const std::vector<Var> &args, const Expr &value, const std::string &name = "f") {
    Func f(name);
    f(args) = value;
    return f;
}

// What the refusals are made of.
struct Inputs {
    ImageParam in{Float(32), 1, "in"}, numbers{Int(32), 1, "numbers"};
    Param<float> scale{"scale"};
    Param<int> count{"count"};
    RDom r{0, 5, "r"};
    Func u = define({x}, 1.f, "u");  // an adjoint or tangent
    Region box{{0, 5}};

    void reverse(const Func &f) { vjp(f, u, box)(in); }
    void forward(const Func &f) { jvp(f, {{in, u}}); }
};

struct Refusal {
    std::string name;
    std::function<void(Inputs &)> ask;
    std::string message;
};

const std::vector<Refusal> refusals = {
    // Functions and stages without a derivative.
    {"a C function", [](Inputs &i) { i.reverse(define({x}, 1 + sylvite_unknown(2 * i.in(x)))); },
     "A derivative needs a rule for every operation; f has \"extern sylvite_unknown\" in "
     "sylvite_unknown(2.0f*in_im(x)), which has none: write it with operations of docs/rules.md, or give it a "
     "custom_rule()."},
    {"a C function, forward", [](Inputs &i) { i.forward(define({x}, 1 + sylvite_unknown(2 * i.in(x)))); },
     "A derivative needs a rule for every operation; f has \"extern sylvite_unknown\" in "
     "sylvite_unknown(2.0f*in_im(x)), which has none: write it with operations of docs/rules.md, or give it a "
     "custom_rule()."},
    // Several values at once.
    {"a gather in a pure definition", [](Inputs &i) { i.reverse(define({x}, gather(i.in(x), i.in(x + 1)))); },
     "A derivative needs gather() in updates only; f has one in its pure definition: give it one value there."},
    {"a gather in a pure definition, forward", [](Inputs &i) { i.forward(define({x}, gather(i.in(x), i.in(x + 1)))); },
     "A derivative needs gather() in updates only; f has one in its pure definition: give it one value there."},
    {"packets of two lengths",
     [](Inputs &i) {
         Func f = define({x}, i.in(x));
         f(scatter(0, 1)) = gather(f(1), f(2), f(0));
         i.reverse(f);
     },
     "A derivative needs scatter() and gather() of one length in a stage; update 0 of f has 2 and 3: repeat the last "
     "element of the shorter one."},
    {"a packet in a packet",
     [](Inputs &i) {
         Func f = define({x}, i.in(x));
         f(scatter(0, 1)) = gather(f(gather(1, 2)), f(2));
         i.forward(f);
     },
     "A derivative needs scatter() and gather() of scalars; update 0 of f has one inside another: write out the "
     "elements."},
    {"a packet in a condition",
     [](Inputs &i) {
         Func f = define({x}, i.in(x));
         RDom r(0, 3);
         r.where(i.in(gather(r, r + 1)) > 0);
         f(scatter(r, r + 1)) = f(gather(r + 1, r));
         i.reverse(f);
     },
     "A derivative needs conditions that hold for all that a stage stores at once; that of update 0 of f has a "
     "gather(): select() among the values in its place."},
    {"the bits of a float",
     [](Inputs &i) { i.reverse(define({x}, reinterpret<float>(reinterpret<int>(i.in(x)) + 1))); },
     "A derivative needs a rule for every operation; f has \"bits of a float\" in "
     "reinterpret<float32>(reinterpret<int32>(in_im(x)) + 1), which has none: write it with operations of "
     "docs/rules.md, or give it a custom_rule()."},
    {"an extern stage",
     [](Inputs &i) {
         Func stage("stage");
         stage.define_extern("c_stage", {i.in}, Float(32), {x});
         i.reverse(define({x}, stage(x)));
     },
     "A derivative needs definitions; stage is an extern stage, whose derivative is not known: give it a "
     "custom_rule(), write it as a Func, or "
     "leave it off the way from the inputs to the output."},
    {"an extern stage, forward",
     [](Inputs &i) {
         Func stage("stage");
         stage.define_extern("c_stage", {i.in}, Float(32), {x});
         i.forward(define({x}, stage(x)));
     },
     "A derivative needs definitions; stage is an extern stage, whose derivative is not known: give it a "
     "custom_rule(), write it as a Func, or "
     "leave it off the way from the inputs to the output."},
    // Accesses.
    {"an index without bounds",
     [](Inputs &i) {
         Func g = define({x}, i.in(x)*2, "g");
         i.reverse(define({x}, g(i.numbers(x))));
     },
     "vjp() needs bounded accesses; f reads g in dimension 0 at an index without bounds: clamp() the index."},
    // Inputs.
    {"an integer ImageParam", [](Inputs &i) { vjp(define({x}, i.in(x)), i.u, i.box)(i.numbers); },
     "vjp() needs float inputs; numbers has type int32: integers have no derivative."},
    {"an integer Param", [](Inputs &i) { vjp(define({x}, i.in(x)), i.u, i.box)(i.count); },
     "vjp() needs float inputs; count has type int32: integers have no derivative."},
    {"an integer Func", [](Inputs &i) { vjp(define({x}, i.in(x)), i.u, i.box)(define({x}, x, "g")); },
     "vjp() needs float inputs; g has type int32: integers have no derivative."},
    {"an undefined Func", [](Inputs &i) { vjp(define({x}, i.in(x)), i.u, i.box)(Func("g")); },
     "A derivative needs defined Funcs; g is not: define it first."},
    {"an undefined Buffer", [](Inputs &i) { vjp(define({x}, i.in(x)), i.u, i.box)(Buffer<float>()); },
     "A derivative needs defined Buffers; it was given one that is not: allocate it first."},
    {"an undefined ImageParam", [](Inputs &i) { vjp(define({x}, i.in(x)), i.u, i.box)(ImageParam()); },
     "A derivative needs defined parameters; it was given one that is not: give it a type."},
    {"an integer input, forward",
     [](Inputs &i) {
         jvp(define({x}, i.in(x)), {{i.numbers, i.u}});
     },
     "jvp() needs float inputs; numbers has type int32: integers have no derivative."},
    {"a parameter named like a variable", [](Inputs &i) { i.reverse(define({x}, i.in(x)*Expr(Param<float>("x")))); },
     "Parameters and variables are told apart by name; x is a parameter in f and a variable in f: rename one of "
     "them."},
    {"a parameter named like a variable of another Func",
     [](Inputs &i) { i.reverse(define({x}, define({Var("y")}, i.in(Var("y")) * Expr(Param<float>("x")), "g")(x))); },
     "Parameters and variables are told apart by name; x is a parameter in g and a variable in f: rename one of them."},
    // Tangents, adjoints and boxes.
    {"a box of another rank", [](Inputs &i) { vjp(define({x}, i.in(x)), i.u, {}); },
     "vjp() needs a box with {min, extent} per dimension; f has 1 dimensions and the box 0: give the region on which "
     "the adjoint counts."},
    {"a box without bounds", [](Inputs &i) { vjp(define({x}, i.in(x)), i.u, {Range()}); },
     "vjp() needs a box with bounds; that of f has a dimension without: give the region on which the adjoint counts."},
    {"a box of a negative extent",
     [](Inputs &i) {
         vjp(define({x}, i.in(x)), i.u, {{0, -3}});
     },
     "vjp() needs a box with extents of at least 0; that of f has one of -3: give {min, extent} for each dimension."},
    {"two parameters of one name",
     [](Inputs &i) {
         Func f = define({x}, i.in(x)*Expr(Param<float>("p")));
         f(x) += Expr(Param<float>("p"));  // in one definition Halide takes them for one
         jvp(f, {{i.in, i.u}});
     },
     "Parameters are told apart by name; two different ones are called p: rename one of them."},
    {"an adjoint of another rank",
     [](Inputs &i) {
         vjp(define({x}, i.in(x)), define({x, y}, 1.f, "u"), i.box);
     },
     "vjp() needs an adjoint with the rank and number of values of the output; f has 1 dimensions and 1 values, its "
     "adjoint 2 and 1: give it the arguments of the output."},
    {"an adjoint of integers", [](Inputs &i) { vjp(define({x}, i.in(x)), define({x}, 1, "u"), i.box); },
     "vjp() needs float adjoints of float outputs; the adjoint of f has type int32: cast it."},
    {"an undefined adjoint", [](Inputs &i) { vjp(define({x}, i.in(x)), Func("u"), i.box); },
     "vjp() needs defined Funcs; the adjoint u is not: define it first."},
    {"an undefined output", [](Inputs &i) { vjp(Func("f"), i.u, i.box); },
     "vjp() needs defined Funcs; the output f is not: define it first."},
    {"an output of integers", [](Inputs &i) { vjp(define({x}, i.numbers(x)), i.u, i.box); },
     "vjp() needs float outputs; f has type int32: integers have no derivative."},
    {"a tangent of another rank",
     [](Inputs &i) {
         jvp(define({x}, i.in(x)), {{i.in, define({x, y}, 1.f, "u")}});
     },
     "jvp() needs tangents with the rank and number of values of their input; in has 1 dimensions and 1 values, its "
     "tangent 2 and 1: give it the arguments of the input."},
    {"a tangent of integers",
     [](Inputs &i) {
         jvp(define({x}, i.in(x)), {{i.in, define({x}, 1, "u")}});
     },
     "jvp() needs float tangents; that of in has type int32: cast it."},
    {"an undefined tangent",
     [](Inputs &i) {
         jvp(define({x}, i.in(x)), {{i.in, Func("u")}});
     },
     "jvp() needs defined tangents; that of in is not: define it first."},
    {"two tangents",
     [](Inputs &i) {
         jvp(define({x}, i.in(x)), {{i.in, i.u}, {i.in, i.u}});
     },
     "jvp() needs one tangent per input; in has two: add them up."},
    {"an undefined output, forward", [](Inputs &i) { i.forward(Func("f")); },
     "jvp() needs defined Funcs; f is not: define it first."},
    // Matrices.
    {"a Jacobian of what is undefined", [](Inputs &i) { jacobian(Func("f"), i.in); },
     "jacobian() needs a defined Func; f is not: define it first."},
    {"a banded Jacobian of what is undefined", [](Inputs &i) { banded_jacobian(Func("f"), i.in); },
     "banded_jacobian() needs a defined Func; f is not: define it first."},
    {"the linearisation of what is undefined", [](Inputs &i) { linearize(Func("f"), {i.in}); },
     "linearize() needs a defined Func; f is not: define it first."},
    {"the linearisation of integers", [](Inputs &i) { linearize(define({x}, i.numbers(x)), {i.in}); },
     "linearize() needs one float value; f has 1 of type int32: take it apart, or cast it."},
    // Losses.
    {"a loss with dimensions", [](Inputs &i) { grad(define({x}, i.in(x))); },
     "grad() needs a scalar Func; f has 1 dimensions: sum it first, or use vjp()."},
    {"a loss of integers", [](Inputs &i) { grad(define({}, i.count)); },
     "grad() needs one float value; f has 1 of type int32: cast it to float."},
    {"an undefined loss", [](Inputs &) { grad(Func("f")); }, "grad() needs a defined Func; f is not: define it first."},
    {"a loss of two values",
     [](Inputs &i) {
         Func f("f");
         f() = Tuple(i.in(0), i.in(1));
         grad(f);
     },
     "grad() needs one float value; f has 2 of type float32: use vjp()."},
};

TEST(Refusals, SayWhatIsNeededWhatThereIsAndWhatToDo) {
    for (const Refusal &refusal : refusals) {
        Inputs inputs;
        EXPECT_EQ(error_of([&] { refusal.ask(inputs); }), refusal.message) << refusal.name;
    }
}

Program two_outputs(const std::vector<std::string> &names) {
    Array a = input<float>("a", {4});
    Param<int> n("n");
    std::vector<ProgramOutput> outputs;
    for (const std::string &name : names) {
        Func f("f");
        f() = a(0) * a(1) + cast<float>(n);
        outputs.push_back({name, Array(f, {})});
    }
    outputs.push_back({"b", Array(define({x}, a(x) * 2), {4})});
    return Program("p", {a, n}, outputs);
}

struct ProgramRefusal {
    std::string name;
    std::function<void()> ask;
    std::string message;
};

const std::vector<ProgramRefusal> program_refusals = {
    {"an unknown input", [] { jvp(two_outputs({}), {"c"}); },
     "Program p has no input c; its inputs are a, n: did you mean a?"},
    {"an unknown input, reverse", [] { vjp(two_outputs({}), {"c"}); },
     "Program p has no input c; its inputs are a, n: did you mean a?"},
    {"an integer", [] { vjp(two_outputs({}), {"n"}); },
     "vjp() needs float inputs; n of p has type int32: integers have no derivative."},
    {"an integer, forward", [] { jvp(two_outputs({}), {"n"}); },
     "jvp() needs float inputs; n of p has type int32: integers have no derivative."},
    {"one input twice",
     [] {
         vjp(two_outputs({}), {"a", "a"});
     },
     "vjp() needs distinct inputs; a is given twice: name it once."},
    {"no inputs", [] { grad(two_outputs({"loss"}), {}); },
     "grad() needs inputs to differentiate by; wrt is empty: name one."},
    {"no scalar output", [] { grad(two_outputs({}), {"a"}); },
     "grad() needs a scalar float output; p has none: sum one up, or use vjp()."},
    {"two scalar outputs",
     [] {
         grad(two_outputs({"one", "two"}), {"a"});
     },
     "grad() needs one scalar float output; p has one and two: use vjp()."},
    {"two scalar outputs, second order",
     [] {
         hvp(two_outputs({"one", "two"}), {"a"});
     },
     "hvp() needs one scalar float output; p has one and two: use vjp()."},
};

TEST(Refusals, OfPrograms) {
    for (const ProgramRefusal &refusal : program_refusals) {
        EXPECT_EQ(error_of(refusal.ask), refusal.message) << refusal.name;
    }
}

}  // namespace
