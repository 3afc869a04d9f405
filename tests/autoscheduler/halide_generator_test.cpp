// Halide::Generator<> classes as generators: their derivatives against values derived by hand, and what is refused.

#include "autoscheduler/generator_main/derivatives.h"
#include "autoscheduler/generator_main/generator.h"
#include "targets/target_table.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace fs = std::filesystem;
using namespace sylvite;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

using Halide::Buffer;
using Halide::Generator;
using Halide::Var;
template<typename T>
using In = Halide::GeneratorInput<T>;
template<typename T>
using Out = Halide::GeneratorOutput<T>;

const Var x("x");

enum class Shape { line, curve };

// Every kind of input: arrays of buffers and of scalars, a Func, an integer; several outputs, one of them a Tuple.
class Mixture : public Generator<Mixture> {
public:
    GeneratorParam<int> power{"power", 1};
    GeneratorParam<Shape> shape{"shape", Shape::line, {{"line", Shape::line}, {"curve", Shape::curve}}};
    In<Buffer<float, 1>[2]> in { "in" };
    In<float[2]> k{"k"};
    In<Func> table{"table", Halide::Float(64), 1};
    In<int> shift{"shift"};
    Out<Buffer<float, 1>> y{"y"};
    Out<Func> pair{"pair", {Halide::Float(32), Halide::Int(32)}, 1};
    Out<Buffer<float, 1>[2]> z { "z" };

    void generate() {
        Expr p = 1.f;
        for (int i = 0; i < power; i++) {
            p = p * in[0](x);
        }
        y(x) = k[0] * p + in[1](x + shift);
        pair(x) = Halide::Tuple(Halide::cast<float>(table(x)) * k[1], shift + x);
        z[0](x) = y(x) * in[1](x);
        z[1](x) = in[1](x);
    }
};

// A scalar loss, scheduled whatever it is told.
class Loss : public Generator<Loss> {
public:
    In<Buffer<double, 1>> a{"a"};
    Out<Buffer<double, 0>> loss{"loss"};

    void generate() {
        Halide::RDom r(0, a.dim(0).extent(), "r");
        Func cube("cube"), sum("sum");
        cube(x) = a(x) * a(x) * a(x);
        sum() += cube(r);
        loss() = sum() / 2;
        cube.compute_at(sum, r).memoize();
        sum.compute_root();
        cube.in(sum).compute_root();
        a.set_estimates({{0, 64}});
        loss.set_estimates({});
    }
};

// An extern stage.
class Foreign : public Generator<Foreign> {
public:
    In<Buffer<float, 1>> a{"a"};
    Out<Buffer<float, 1>> b{"b"};

    void generate() {
        Func f("made_in_c");
        f.define_extern("some_c_function", {Func(a)}, Halide::Float(32), 1);
        f.compute_root();
        b(x) = f(x);
    }
};

// Asks for the size of its own output.
class Sized : public Generator<Sized> {
public:
    In<Buffer<float, 1>> a{"a"};
    Out<Buffer<float, 1>> b{"b"};
    void generate() { b(x) = a(x) * b.dim(0).extent(); }
};

// Of a float, but in integers.
class Rounded : public Generator<Rounded> {
public:
    In<float> gain{"gain"};
    Out<Buffer<uint8_t, 1>> b{"b"};
    void generate() { b(x) = Halide::saturating_cast<uint8_t>(gain * x); }
};

// In Halide's registry for as long as the object lives.
template<typename T>
class Registered {
public:
    explicit Registered(const std::string &name) : name_(name) {
        Halide::Internal::GeneratorRegistry::register_factory(
            name, [name](const Halide::GeneratorContext &context) { return T::create(context, name, name); });
    }
    ~Registered() { Halide::Internal::GeneratorRegistry::unregister_factory(name_); }
    Registered(const Registered &) = delete;
    Registered &operator=(const Registered &) = delete;

private:
    const std::string name_;
};

class HalideGenerators : public testing::Test {
protected:
    const Registered<Mixture> mixture{"mixture"};
    const Registered<Loss> loss{"loss_of_cubes"};
    const Registered<Foreign> foreign{"foreign"};
    const Registered<Sized> sized{"sized"};
    const Registered<Rounded> rounded{"rounded"};
    const fs::path folder = fs::path(SYLVITE_BINARY_DIR) / "halide_generator_test" /
                            testing::UnitTest::GetInstance()->current_test_info()->name();
    std::string out, err;

    void SetUp() override {
        fs::remove_all(folder);
        fs::create_directories(folder);
    }

    int run(std::vector<std::string> arguments) {
        arguments.insert(arguments.end(), {"-o", folder.string(), "target=x86-64"});
        std::ostringstream out_stream, err_stream;
        const int code = generator_main("tool", arguments, registered_generators(), out_stream, err_stream);
        out = out_stream.str();
        err = err_stream.str();
        return code;
    }
    std::string refusal(const std::vector<std::string> &arguments, int code = 1) {
        EXPECT_EQ(run(arguments), code);
        EXPECT_TRUE(fs::is_empty(folder));
        return err.substr(0, err.find('\n'));
    }
    std::string text(const std::string &file) const {
        std::ifstream stream(folder / file);
        return {std::istreambuf_iterator<char>(stream), {}};
    }

    static HalideAlgorithm derived(const std::string &name, const std::vector<DerivativeRequest> &derivatives,
                                   bool primal = false, const std::map<std::string, std::string> &params = {}) {
        const auto generator = create_halide_generator(name, find_target("x86-64").halide_target(), params, true);
        return differentiate(algorithm_of(*generator), derivatives, primal);
    }
};

template<typename T>
Buffer<T> numbers(int min, const std::vector<T> &values) {
    Buffer<T> buffer(static_cast<int>(values.size()));
    std::copy(values.begin(), values.end(), buffer.begin());
    buffer.set_min(min);
    return buffer;
}

template<typename T>
std::vector<T> list(const Buffer<> &buffer) {
    const Buffer<T> typed(buffer);
    return {typed.begin(), typed.end()};
}

std::vector<std::string> names_of(const std::vector<HalideAlgorithm::Output> &outputs) {
    std::vector<std::string> names;
    for (const HalideAlgorithm::Output &output : outputs) {
        for (const std::string &name : output.buffer_names()) {
            names.push_back(name);
        }
    }
    return names;
}

std::vector<std::string> names_of(const std::vector<Halide::Parameter> &inputs) {
    std::vector<std::string> names;
    for (const Halide::Parameter &input : inputs) {
        names.push_back(input.name());
    }
    return names;
}

void set(const HalideAlgorithm &algorithm, const std::string &name, const Buffer<> &values) {
    Halide::Parameter(algorithm.input(name)).set_buffer(values);
}
template<typename T>
void set_scalar(const HalideAlgorithm &algorithm, const std::string &name, T value) {
    Halide::Parameter(algorithm.input(name)).set_scalar(value);
}

// Computes all outputs, without a schedule.
void realize(const HalideAlgorithm &algorithm, const std::vector<Buffer<>> &buffers) {
    std::vector<Func> outputs;
    for (const HalideAlgorithm::Output &output : algorithm.outputs) {
        outputs.push_back(output.func);
    }
    Halide::Realization realization(buffers);
    Halide::Pipeline(outputs).realize(realization, find_target("x86-64").halide_target());
}

// Inputs of `mixture` on [5, 8), with a shift of -1.
void set_inputs(const HalideAlgorithm &m) {
    set(m, "in_0", numbers<float>(5, {1, 2, 3}));
    set(m, "in_1", numbers<float>(4, {10, 20, 30, 40}));
    set(m, "table", numbers<double>(5, {7, 8, 9}));
    set_scalar(m, "k_0", 2.f);
    set_scalar(m, "k_1", 3.f);
    set_scalar(m, "shift", -1);
}

// y = k_0 in_0^2 + in_1(x - 1), pair = (table k_1, -), z_0 = y in_1, z_1 = in_1.
TEST_F(HalideGenerators, ReverseOfArraysTuplesAndSeveralOutputs) {
    const HalideAlgorithm m = derived("mixture", {{"vjp", {}}}, false, {{"power", "2"}});
    EXPECT_THAT(names_of(m.inputs), ElementsAre("in_0", "in_1", "k_0", "k_1", "table", "shift", "adjoint_y",
                                                "adjoint_pair_0", "adjoint_z_0", "adjoint_z_1"));
    EXPECT_THAT(names_of(m.outputs),
                ElementsAre("adjoint_in_0", "adjoint_in_1", "adjoint_k_0", "adjoint_k_1", "adjoint_table"));
    set_inputs(m);
    set(m, "adjoint_y", numbers<float>(5, {1, 0, 2}));
    set(m, "adjoint_pair_0", numbers<float>(5, {1, 10, 100}));
    set(m, "adjoint_z_0", numbers<float>(5, {0, 1, 0}));
    set(m, "adjoint_z_1", numbers<float>(5, {0, 0, 5}));
    const Buffer<float> in_0 = numbers<float>(4, {-1, -1, -1, -1, -1}), in_1 = in_0.copy();
    const Buffer<float> k_0 = Buffer<float>::make_scalar(), k_1 = Buffer<float>::make_scalar();
    const Buffer<double> table = numbers<double>(5, {-1, -1, -1});
    realize(m, {in_0, in_1, k_0, k_1, table});
    // The whole adjoint of y is {1, 30, 2}, since z_0 reads it: in_1 is 30 at 6.
    EXPECT_THAT(list<float>(in_0), ElementsAre(0, 4 * 1 * 1, 4 * 2 * 30, 4 * 3 * 2, 0));
    // Through the shift of y: {1, 30, 2} from 4 on; through z_0: y(6) = 2 * 4 + 20 at 6; through z_1: 5 at 7.
    EXPECT_THAT(list<float>(in_1), ElementsAre(1, 30, 2 + 28, 5, 0));
    EXPECT_EQ(k_0(), 1 * 1 + 4 * 30 + 9 * 2);
    EXPECT_EQ(k_1(), 7 * 1 + 8 * 10 + 9 * 100);
    EXPECT_THAT(list<double>(table), ElementsAre(3, 30, 300));
}

TEST_F(HalideGenerators, ForwardOfArraysTuplesAndSeveralOutputs) {
    const HalideAlgorithm m = derived("mixture", {{"jvp", {"in_1", "k_1"}}});
    EXPECT_THAT(names_of(m.inputs), ElementsAre("in_0", "in_1", "k_0", "k_1", "table", "shift", "d_in_1", "d_k_1"));
    EXPECT_THAT(names_of(m.outputs), ElementsAre("d_y", "d_pair_0", "d_pair_1", "d_z_0", "d_z_1"));
    EXPECT_THAT(names_of(derived("mixture", {{"jvp", {"in_1"}}}, true).outputs),
                ElementsAre("y", "pair_0", "pair_1", "z_0", "z_1", "d_y", "d_pair_0", "d_pair_1", "d_z_0", "d_z_1"));
    set_inputs(m);
    set(m, "d_in_1", numbers<float>(4, {1, 2, 3, 4}));
    Buffer<float> d_k = Buffer<float>::make_scalar();
    d_k() = 0.5f;
    set(m, "d_k_1", d_k);
    const Buffer<float> d_y = numbers<float>(5, {0, 0, 0}), d_pair = d_y.copy(), d_z_0 = d_y.copy(), d_z_1 = d_y.copy();
    const Buffer<int> d_integers = numbers<int>(5, {1, 1, 1});
    realize(m, {d_y, d_pair, d_integers, d_z_0, d_z_1});
    EXPECT_THAT(list<float>(d_y), ElementsAre(1, 2, 3));
    EXPECT_THAT(list<float>(d_pair), ElementsAre(3.5, 4, 4.5));
    EXPECT_THAT(list<int>(d_integers), ElementsAre(0, 0, 0));
    // y is {12, 24, 36}.
    EXPECT_THAT(list<float>(d_z_0), ElementsAre(1 * 20 + 12 * 2, 2 * 30 + 24 * 3, 3 * 40 + 36 * 4));
    EXPECT_THAT(list<float>(d_z_1), ElementsAre(2, 3, 4));
}

// Sum of a^3 / 2: the gradient is 3 a^2 / 2, the Hessian diag(3 a). Its own schedule, which would not fit, is left out.
TEST_F(HalideGenerators, GradientAndHessianOfALossThatSchedulesItself) {
    const HalideAlgorithm g = derived("loss_of_cubes", {{"hvp", {}}});
    EXPECT_THAT(names_of(g.inputs), ElementsAre("a", "v_a"));
    EXPECT_THAT(names_of(g.outputs), ElementsAre("d_loss_d_a", "hvp_a"));
    set(g, "a", numbers<double>(0, {1, 2, 3}));
    set(g, "v_a", numbers<double>(0, {1, 10, 100}));
    const Buffer<double> gradient = numbers<double>(0, {0, 0, 0}), product = gradient.copy();
    realize(g, {gradient, product});
    EXPECT_THAT(list<double>(gradient), ElementsAre(1.5, 6, 13.5));
    EXPECT_THAT(list<double>(product), ElementsAre(3, 60, 900));
    // Derivatives of derivatives are applied in their order; the last one's outputs are kept.
    EXPECT_THAT(names_of(derived("loss_of_cubes", {{"grad", {}}, {"jvp", {"a"}}}).outputs),
                ElementsAre("d_loss", "d_d_loss_d_a"));
}

TEST_F(HalideGenerators, EstimatesBelongToTangentsAndAdjointsToo) {
    const HalideAlgorithm g = derived("loss_of_cubes", {{"hvp", {}}});
    EXPECT_TRUE(Halide::Internal::is_const(g.input("v_a").extent_constraint_estimate(0), 64));
    EXPECT_TRUE(Halide::Internal::is_const(g.outputs[1].func.output_buffer().dim(0).extent_estimate(), 64));
}

TEST_F(HalideGenerators, MakesLibrariesOfTheGeneratorAndOfItsDerivatives) {
    ASSERT_EQ(run({"-g", "mixture", "-e", "static_library,h"}), 0) << err;
    EXPECT_THAT(text("mixture.h"), HasSubstr("int mixture(struct halide_buffer_t *_in_0_buffer, "));
    EXPECT_EQ(text("mixture.a").substr(0, 7), "!<arch>");
    ASSERT_EQ(run({"-g", "mixture", "-e", "o,h,schedule", "derivative=vjp", "wrt=in_0,k_1", "runtime=none"}), 0) << err;
    EXPECT_THAT(text("mixture_vjp.h"),
                HasSubstr("struct halide_buffer_t *_adjoint_z_1_buffer, struct halide_buffer_t *_adjoint_in_0_buffer, "
                          "struct halide_buffer_t *_adjoint_k_1_buffer);"));
    EXPECT_THAT(text("mixture_vjp.sched"), HasSubstr("sylvite-schedule 1"));
    EXPECT_FALSE(text("mixture_vjp.o").empty());
    ASSERT_EQ(run({"-g", "mixture", "-e", "h", "derivative=jvp", "wrt=in_0", "primal=true", "-n", "both"}), 0) << err;
    EXPECT_THAT(text("both.h"), HasSubstr("*_y_buffer, struct halide_buffer_t *_pair_0_buffer, struct halide_buffer_t "
                                          "*_pair_1_buffer, struct halide_buffer_t *_z_0_buffer"));
    EXPECT_THAT(text("both.h"), HasSubstr("*_d_pair_1_buffer"));
}

TEST_F(HalideGenerators, TheirDerivativesAreScheduledAsProgramsAre) {
    ASSERT_EQ(run({"-g", "loss_of_cubes", "-e", "schedule", "derivative=grad", "-n", "found"}), 0) << err;
    const std::string schedule = text("found.sched");
    ASSERT_EQ(
        run({"-g", "loss_of_cubes", "-e", "stmt", "derivative=grad", "schedule=" + (folder / "found.sched").string()}),
        0)
        << err;
    EXPECT_THAT(schedule, HasSubstr("kernel main\n"));
    ASSERT_EQ(run({"-g", "loss_of_cubes", "-e", "schedule", "autoscheduler=Mullapudi2016", "-n", "by_halide"}), 0)
        << err;
    EXPECT_THAT(text("by_halide.sched"), HasSubstr("Mullapudi2016"));
    ASSERT_EQ(run({"-g", "loss_of_cubes", "-e", "schedule", "schedule=none", "-n", "none"}), 0) << err;
    EXPECT_EQ(text("none.sched"), "sylvite-schedule 1\n");
}

TEST_F(HalideGenerators, AreListedByHelp) {
    ASSERT_EQ(run({"-h", "-g", "mixture"}), 0) << err;
    EXPECT_THAT(out, HasSubstr("Halide::Generator<> mixture:\n  inputs\n    in     float32, 1 dimensions\n"));
    EXPECT_THAT(out, HasSubstr("    pair  float32, int32, 1 dimensions\n"));
}

TEST_F(HalideGenerators, RefuseWhatHasNoDerivative) {
    EXPECT_EQ(
        refusal({"-g", "mixture", "derivative=vjp", "wrt=in_3"}),
        "mixture: Generator mixture has no input in_3; its inputs are in_0, in_1, k_0, k_1, table, shift: did you "
        "mean in_0?");
    EXPECT_EQ(refusal({"-g", "mixture", "derivative=vjp", "wrt=shift"}),
              "mixture: vjp() needs float inputs; shift of mixture has type int32: integers have no derivative.");
    EXPECT_EQ(refusal({"-g", "mixture", "derivative=jvp", "wrt=in_0,in_0"}),
              "mixture: jvp() needs distinct inputs; in_0 is given twice: name it once.");
    EXPECT_EQ(refusal({"-g", "mixture", "-e", "dot"}),
              "mixture: -e dot needs a program; mixture is a Halide::Generator<>: leave that kind of file out.");
    EXPECT_EQ(refusal({"-g", "mixture", "derivative=gradient"}),
              "mixture: derivative= needs jvp, vjp, grad or hvp; it has gradient.");
    EXPECT_EQ(refusal({"-g", "mixture", "derivative=grad"}),
              "mixture: grad() needs an output without dimensions and with one float value; mixture has none: sum one "
              "up, or use vjp.");
    for (const std::string derivative : {"vjp", "jvp"}) {
        EXPECT_EQ(refusal({"-g", "rounded", "derivative=" + derivative}),
                  "rounded: " + derivative + "() needs float outputs; rounded has none: integers have no derivative.");
    }
    EXPECT_EQ(refusal({"-g", "foreign", "derivative=vjp"}),
              "foreign: derivative= and schedule= need stages that are defined by expressions; foreign has the extern "
              "stage made_in_c: leave both out, and the generator schedules itself.");
    EXPECT_EQ(refusal({"-g", "sized", "derivative=vjp"}),
              "sized: derivative= and schedule= need an algorithm that reads inputs alone; stage b of sized reads b, "
              "which is an output or no argument: pass its size as an input.");
}

TEST_F(HalideGenerators, RefuseWrongWords) {
    EXPECT_EQ(refusal({"-g", "mixture", "pwer=2"}),
              "mixture: parameter pwer=2: Generator mixture has no GeneratorParam named: pwer");
    EXPECT_EQ(refusal({"-g", "mixture", "shape=circle"}),
              "mixture: parameter shape=circle: Enumeration value not found: circle");
    EXPECT_EQ(refusal({"-g", "mixture", "power=two"}), "mixture: parameter power=two: Unable to parse: two");
    EXPECT_EQ(
        refusal({"-g", "mixture", "-e", "schedule"}),
        "mixture: -e schedule needs a schedule that is data; mixture schedules itself: add schedule=auto, or leave "
        "that kind of file out.");
    EXPECT_EQ(refusal({"-g", "mixture", "primal=true"}, 2), "tool: primal= needs a derivative=jvp|vjp|grad|hvp");
    EXPECT_EQ(refusal({"-g", "mixture", "primal=yes"}, 2), "tool: primal= needs true or false; it has yes");
    EXPECT_EQ(refusal({"-g", "mixtur"}, 2).substr(0, 35), "tool: there is no generator mixtur;");
}

}  // namespace
