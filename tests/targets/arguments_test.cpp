// Arguments that a program cannot run with: each has its code and one clear text.

#include "targets/compile.h"
#include "targets/runtime/sylvite_runtime.h"
#include "tests/targets/programs.h"

#include <gtest/gtest.h>

namespace sylvite {

namespace {

using Halide::Buffer;

class BadArgument : public testing::Test {
protected:
    static const Executable &run() {
        static const Executable wave = compile(test::wave("wave", 5, 4), find_target("x86-64"));
        return wave;
    }

    Buffer<float> u0_{5, 4}, c_{5, 4}, u_{5, 4};
    NamedArgument u0{"u0", u0_}, c{"c", c_}, steps{"steps", 3}, u{"u", u_};

    void SetUp() override {
        u0_.fill(1.f);
        c_.fill(0.1f);
        ASSERT_EQ(call(), "");
    }

    std::string call() {
        const Status status = run().try_run({u0, c, steps, u});
        code = status.code;
        return status.text;
    }
    int code = 0;
};

TEST_F(BadArgument, NullPointer) {
    u0 = {"u0", static_cast<halide_buffer_t *>(nullptr)};
    EXPECT_EQ(call(), "wave: argument u0 is a null pointer and must be an array");
    EXPECT_EQ(code, sylvite_null_buffer);
    u0 = {"u0", Buffer<float>()};
    EXPECT_EQ(call(), "wave: argument u0 is a null pointer and must be an array");
}

TEST_F(BadArgument, NoDimensions) {
    halide_buffer_t bare = {};
    bare.type = halide_type_of<float>();
    bare.dimensions = 2;
    c = {"c", &bare};
    EXPECT_EQ(call(), "wave: argument c has a null pointer in place of its dimensions");
    EXPECT_EQ(code, sylvite_null_buffer);
}

TEST_F(BadArgument, NoMemory) {
    halide_dimension_t dims[] = {{0, 5, 1, 0}, {0, 4, 5, 0}};
    halide_buffer_t empty = {};
    empty.type = halide_type_of<float>();
    empty.dimensions = 2;
    empty.dim = dims;
    c = {"c", &empty};
    EXPECT_EQ(call(), "wave: argument c has neither host memory nor device memory");
    EXPECT_EQ(code, sylvite_no_data);
}

TEST_F(BadArgument, Type) {
    c = {"c", Buffer<double>(5, 4)};
    EXPECT_EQ(call(), "wave: argument c has elements of type float64 but must have float32");
    EXPECT_EQ(code, sylvite_wrong_type);
}

TEST_F(BadArgument, Rank) {
    u = {"u", Buffer<float>(5)};
    EXPECT_EQ(call(), "wave: argument u has 1 dimensions but must have 2");
    EXPECT_EQ(code, sylvite_wrong_rank);
}

TEST_F(BadArgument, Extent) {
    u0 = {"u0", Buffer<float>(5, 3)};
    EXPECT_EQ(call(), "wave: argument u0 has extent 3 in dimension 1 but must have 4");
    EXPECT_EQ(code, sylvite_wrong_extent);
}

TEST_F(BadArgument, Layout) {
    Buffer<float> moved(5, 4);
    moved.fill(0);
    moved.set_min(1, 0);
    u0 = {"u0", moved};
    EXPECT_EQ(call(), "wave: argument u0 begins at 1 in dimension 0 but must begin at 0");
    EXPECT_EQ(code, sylvite_wrong_layout);
    Buffer<float> turned(4, 5);
    turned.fill(0);
    turned.transpose(0, 1);
    u0 = {"u0", turned};
    EXPECT_EQ(call(), "wave: argument u0 has stride 4 in dimension 0 but must have 1");
    EXPECT_EQ(code, sylvite_wrong_layout);
}

TEST_F(BadArgument, Overlap) {
    u = {"u", u0_};
    EXPECT_EQ(call(), "wave: output u shares memory with argument u0");
    EXPECT_EQ(code, sylvite_overlap);
    Buffer<float> both(5, 7);
    both.fill(0);
    c = {"c", both.cropped(1, 0, 4)};
    Buffer<float> upper = both.cropped(1, 3, 4);
    upper.set_min(0, 0);
    u = {"u", upper};
    EXPECT_EQ(call(), "wave: output u shares memory with argument c");
}

TEST_F(BadArgument, OutputWhoseRowsLieOnOneAnother) {
    std::vector<float> memory(60);
    halide_dimension_t dims[] = {{0, 5, 1, 0}, {0, 4, 5, 0}};
    halide_buffer_t rows = {};
    rows.host = reinterpret_cast<uint8_t *>(&memory[20]);
    rows.type = halide_type_of<float>();
    rows.dimensions = 2;
    rows.dim = dims;
    u = {"u", &rows};
    for (int stride : {0, 1, 4, -4}) {
        dims[1].stride = stride;
        EXPECT_EQ(call(),
                  "wave: elements of output u overlap: it has stride " + std::to_string(stride) + " in dimension 1");
        EXPECT_EQ(code, sylvite_wrong_layout);
    }
    for (int stride : {5, -5, 6}) {
        dims[1].stride = stride;
        EXPECT_EQ(call(), "");
        EXPECT_EQ(memory[20 + 3 * stride + 4], u_(4, 3));
    }
    dims[1].stride = 0;
    c = {"c", &rows};  // all rows of an input may be the same
    u = {"u", u_};
    EXPECT_EQ(call(), "");
}

TEST_F(BadArgument, InputsMayOverlapAndRowsMayBeApart) {
    c = {"c", u0_};
    EXPECT_EQ(call(), "");
    Buffer<float> wide(9, 4);
    wide.fill(0);
    u0 = {"u0", wide.cropped(0, 0, 5)};
    EXPECT_EQ(call(), "");
}

TEST_F(BadArgument, Name) {
    EXPECT_EQ(run().try_run({u0, c, {"step", 3}, u}).text,
              "wave: there is no argument step; the arguments are u0, c, steps, u: did you mean steps?");
    EXPECT_EQ(run().try_run({u0, c, u}).text, "wave: argument steps is missing");
    EXPECT_EQ(run().try_run({u0, c, steps, u, u0}).text, "wave: argument u0 is given twice");
    EXPECT_EQ(run().try_run({u0, {"c", 1}, steps, u}).text, "wave: argument c must be an array, not a number");
    EXPECT_EQ(run().try_run({u0, c, {"steps", c_}, u}).text, "wave: argument steps must be a number, not an array");
}

TEST_F(BadArgument, RunThrowsTheText) {
    try {
        run()({u0, c, u});
        FAIL() << "nothing was thrown";
    } catch (const Halide::RuntimeError &error) {
        EXPECT_STREQ(error.what(), "wave: argument steps is missing");
    }
}

TEST(Extents, MayDependOnScalarArguments) {
    Halide::Param<int> n("n");
    Halide::Var x("x");
    Array a = input<float>("a", {n + 1});
    Func f("f");
    f(x) = a(x) + a(x + 1);
    const Executable run = compile(Program("pairs", {a, n}, {{"b", Array(f, {n})}}), find_target("x86-64"));
    Buffer<float> in(256), out(255);
    in.fill(1.f);
    EXPECT_EQ(run.try_run({{"a", in}, {"n", 255}, {"b", out}}).text, "");
    EXPECT_EQ(run.try_run({{"a", in}, {"n", 256}, {"b", out}}).text,
              "pairs: argument a has extent 256 in dimension 0 but must have 257");
    EXPECT_EQ(run.try_run({{"a", in}, {"n", -3}, {"b", out}}).text,
              "pairs: argument a has extent 256 in dimension 0 but must have 0");
}

// Halide takes a buffer without memory for a question about bounds, and answers that in place of computing.
TEST(Extents, ThatAreZeroNeedNoMemory) {
    Halide::Param<int> n("n");
    Halide::Var x("x"), y("y");
    Array a = input<float>("a", {2}), none = input<float>("none", {2, n});
    Func sum("sum"), twice("twice");
    sum(x) = a(x);
    sum(x) += none(x, Halide::RDom(0, n));
    twice(x, y) = 2 * none(x, y);
    const Program program("nothing", {a, none, n}, {{"sum", Array(sum, {2})}, {"twice", Array(twice, {2, n})}});
    const Executable run = compile(program, find_target("x86-64"));
    for (int size : {0, 1}) {
        Buffer<float> in(2), empty(2, size), out(2), also(2, size);
        ASSERT_EQ(empty.data() == nullptr, size == 0);
        in.fill(3.f);
        if (size > 0) {
            empty.fill(1.f);
        }
        EXPECT_EQ(run.try_run({{"a", in}, {"none", empty}, {"n", size}, {"sum", out}, {"twice", also}}).text, "");
        EXPECT_EQ(out(0), 3 + size);
        EXPECT_EQ(out(1), 3 + size);
    }
    Buffer<float> in(2), out(2), also(2, 1);
    halide_dimension_t dims[] = {{0, 2, 1, 0}, {0, 1, 2, 0}};
    halide_buffer_t bare = {};
    bare.type = halide_type_of<float>();
    bare.dimensions = 2;
    bare.dim = dims;
    EXPECT_EQ(run.try_run({{"a", in}, {"none", &bare}, {"n", 1}, {"sum", out}, {"twice", also}}).code, sylvite_no_data);
}

// What Halide's run time says of buffers names them as Halide does, `short$3`.
TEST(Extents, ThatAreNegativeWithinAProgramAreAnErrorWithPlainNames) {
    Halide::Param<int> n("n");
    Halide::Var x("x");
    Array a = input<float>("a", {1});
    const Func first("less");  // so that the others get numbers
    const auto column = [&](const Expr &value) {
        Func less("less");
        less(x) = value;
        return Array(less, {n - 2});
    };
    const Array last = loop(2, {column(a(0))}, [&](Expr, const Arrays &s) { return Arrays{column(s[0](x) + 1.f)}; })[0];
    Func sum("sum");
    sum() = 0.f;
    sum() += last(Halide::RDom(0, n - 2));
    const Executable run = compile(Program("shrunk", {a, n}, {{"b", Array(sum, {})}}), find_target("x86-64"));
    Buffer<float> in(1);
    Buffer<float, 0> out = Buffer<float, 0>::make_scalar();
    in.fill(1.f);
    EXPECT_EQ(run.try_run({{"a", in}, {"n", 2}, {"b", out}}).text, "");
    EXPECT_EQ(out(), 0);
    EXPECT_EQ(run.try_run({{"a", in}, {"n", 1}, {"b", out}}).text,
              "shrunk: kernel main: Constraint violated: less.extent.0 (0) == (n - 2) (-1)");
}

// Halide 21 reads what an update adds to as if it were aligned to a vector.
TEST(Arguments, OutputsMayLieAnywhere) {
    const int n = 40;
    const Array a = input<float>("a", {n});
    Halide::Var x("x");
    Halide::RDom r(0, 3, "r");
    Func b("b");
    b(x) = a(x);
    b(x) += a(x) * r;
    const Schedule schedule = parse_schedule(
        "sylvite-schedule 1\nkernel main\n  stage b.update(0)\n    split x xo xi 8\n    reorder xi r.x xo\n"
        "    vectorize xi\n",
        "anywhere.sched");
    const Executable run = compile(Program("anywhere", {a}, {{"b", Array(b, {n})}}), find_target("x86-64"), schedule);
    alignas(64) float in[n + 1], out[n + 1];
    for (int i = 0; i < n; i++) {
        in[i + 1] = static_cast<float>(i);
    }
    run({{"a", Buffer<float>(in + 1, n)}, {"b", Buffer<float>(out + 1, n)}});
    for (int i = 0; i < n; i++) {
        EXPECT_EQ(out[i + 1], 4 * i);
    }
}

}  // namespace

}  // namespace sylvite
