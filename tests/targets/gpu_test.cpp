// Programs with kernels on GPUs: values on lavapipe, device code for CUDA, and what is refused.

#include "autodiff/program.h"
#include "tests/support/run_on_targets.h"
#include "tests/targets/programs.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

namespace sylvite {

namespace {

const Halide::Var x("x"), y("y");

const TargetRow &vulkan() { return find_target("vulkan"); }

#define SKIP_WITHOUT(row)                                                   \
    if (const std::string why = test::why_not_checked(row); !why.empty()) { \
        GTEST_SKIP() << "[SKIP] " << (row).name << ": " << why;             \
    }

std::string error_of(const std::function<void()> &act) {
    try {
        act();
    } catch (const Halide::CompileError &error) {
        return error.what();
    }
    return "";
}

std::string tiles(const std::string &kernel, const std::vector<std::string> &stages, const std::string &tile) {
    std::string text = "kernel " + kernel + "\n";
    for (const std::string &stage : stages) {
        text += "  stage " + stage + "\n    gpu_tile " + tile + "\n";
    }
    return text;
}

// Halide 21 compiles these wrongly for Vulkan: notes at gpu_rules().
template<typename T>
void check_integer_arithmetic(const std::string &tile) {
    constexpr int n = 77;
    Array a = input<T>("a", {n});
    const auto c = [](int v) { return Halide::cast<T>(v); };
    const auto wide = [](const Expr &e) { return Halide::cast(e.type().with_bits(2 * e.type().bits()), e); };
    const auto unsigned_of = [](const Expr &e) { return Halide::cast(e.type().with_code(halide_type_uint), e); };
    const std::vector<std::pair<std::string, Expr>> formulas = {
        {"by3", a(x) / c(3)},
        {"by13", a(x) / c(13)},
        {"by_minus7", a(x) / c(-7)},
        {"by8", a(x) / c(8)},
        {"mod3", a(x) % c(3)},
        {"mod17", a(x) % c(17)},
        {"mod_minus5", a(x) % c(-5)},
        {"mod8", a(x) % c(8)},
        {"shift", a(x) >> Halide::cast(Halide::type_of<T>().with_code(halide_type_uint), 2)},
        {"shift_by_x", a(x) >> Halide::cast(Halide::type_of<T>().with_code(halide_type_uint), x % 5)},
        // Halide makes intrinsics with shifts inside of these.
        {"round_by_x", Halide::cast<T>((wide(a(x)) + (wide(c(1)) << unsigned_of(wide(Halide::cast<T>(x % 5)))) / 2) >>
                                       unsigned_of(wide(Halide::cast<T>(x % 5))))},
        {"rounding", Halide::cast<T>((wide(a(x)) + 2) / 4)},
        {"average", Halide::cast<T>((wide(a(x)) + wide(a(n - 1 - x)) + 1) / 2)},
        {"half", Halide::cast<T>((wide(a(x)) + wide(a(n - 1 - x))) / 2)},
        {"either_way", (a(x) % c(8)) >> Halide::cast<T>(x % 5 - 2)},
        {"halving", Halide::cast<T>((wide(a(x)) - wide(a(n - 1 - x))) / 2)},
        {"scaled", Halide::cast<T>((wide(a(x)) * wide(a(n - 1 - x))) >> (4 * static_cast<int>(sizeof(T))))},
    };
    std::vector<ProgramOutput> outputs;
    std::vector<std::string> stages;
    Halide::Buffer<T> in(n);
    for (int i = 0; i < n; i++) {
        in(i) = static_cast<T>((i - n / 2) * (sizeof(T) == 1 ? 3 : sizeof(T) == 2 ? 801 : 54321987));
    }
    NamedArguments arguments{{"a", in}};
    for (const auto &[name, formula] : formulas) {
        Func f(name);
        f(x) = formula;
        outputs.push_back({name, Array(f, {n})});
        stages.push_back(name);
        arguments.emplace_back(name, Halide::Buffer<T>(n));
    }
    const Program program("arithmetic", {a}, outputs);
    const Schedule schedule = parse_schedule("sylvite-schedule 1\n" + tiles("main", stages, tile));
    const auto want = test::run_here(program, find_target("x86-64"), {}, arguments);
    const auto got = test::run_here(program, vulkan(), schedule, arguments);
    for (const auto &[name, a] : want) {
        const Halide::Buffer<T> must = a, is = got.at(name);
        for (int i = 0; i < n; i++) {
            ASSERT_EQ(is(i), must(i)) << name << " of " << int64_t(in(i));
        }
    }
}

TEST(Vulkan, ArithmeticOfNegativeInt32) {
    SKIP_WITHOUT(vulkan());
    check_integer_arithmetic<int32_t>("x b t 16");
}
TEST(Vulkan, ArithmeticOfNegativeInt16) {
    SKIP_WITHOUT(vulkan());
    check_integer_arithmetic<int16_t>("x b t 16");
}
TEST(Vulkan, ArithmeticOfNegativeInt8) {
    SKIP_WITHOUT(vulkan());
    check_integer_arithmetic<int8_t>("x b t 16");
}

TEST(Vulkan, ArithmeticOfVectors) {
    SKIP_WITHOUT(vulkan());
    check_integer_arithmetic<int16_t>("x b t 16\n    vectorize t 4");
}

// Of all pairs of 13 numbers, 0 among the divisors.
template<typename T>
void check_division_by_variables() {
    constexpr int n = 13;
    Array a = input<T>("a", {n}), d = input<T>("d", {n});
    Func quotient("quotient"), remainder("remainder");
    quotient(x, y) = a(x) / d(y);
    remainder(x, y) = a(x) % d(y);
    const Program program("divide", {a, d}, {{"q", Array(quotient, {n, n})}, {"r", Array(remainder, {n, n})}});
    Halide::Buffer<T> numbers(n), q(n, n), r(n, n);
    for (int i = 0; i < n; i++) {
        numbers(i) = static_cast<T>(i - n / 2);
    }
    const NamedArguments arguments{{"a", numbers}, {"d", numbers}, {"q", q}, {"r", r}};
    const Schedule schedule =
        parse_schedule("sylvite-schedule 1\n" + tiles("main", {"quotient", "remainder"}, "x y bx by tx ty 8 4"));
    const auto got = test::run_here(program, vulkan(), schedule, arguments);
    const Halide::Buffer<T> gq = got.at("q"), gr = got.at("r");
    gq.for_each_element([&](int i, int j) {
        // Halide's division: 0 by zero, else the remainder is not negative.
        const int64_t p = numbers(i), by = numbers(j);
        const int64_t rest = by == 0 ? 0 : ((p % by) + std::abs(by)) % std::abs(by);
        const T quotient_must = static_cast<T>(by == 0 ? 0 : (p - rest) / by), rest_must = static_cast<T>(rest);
        EXPECT_EQ(gq(i, j), quotient_must) << p << " / " << by;
        EXPECT_EQ(gr(i, j), rest_must) << p << " % " << by;
    });
}

TEST(Vulkan, DivisionByVariablesThatMayBeZero) {
    SKIP_WITHOUT(vulkan());
    check_division_by_variables<int32_t>();
    check_division_by_variables<uint32_t>();
    check_division_by_variables<int8_t>();
}

// What does not change in a kernel is computed before it.
TEST(Vulkan, BoolsThatAKernelIsGiven) {
    SKIP_WITHOUT(vulkan());
    constexpr int n = 77;
    const Array a = input<float>("a", {n});
    const Halide::Param<int> limit("limit");
    Func f("f");
    f(x) = select(limit % 7 > 2 && a(x) > 0, a(x) + 1, a(x));
    const Program program("given", {a, limit}, {{"f", Array(f, {n})}});
    Halide::Buffer<float> in(n), out(n);
    in.for_each_element([&](int i) { in(i) = float(i % 9 - 4); });
    for (const int value : {3, 8}) {
        const NamedArguments arguments = {{"a", in}, {"limit", value}, {"f", out}};
        test::check_on_target(vulkan(), program,
                              parse_schedule("sylvite-schedule 1\n" + tiles("main", {"f"}, "x xo xi 16")), arguments,
                              test::run_here(program, find_target("x86-64"), {}, arguments));
    }
}

// A Func of bools that the host computes, and a cast.
TEST(Vulkan, BoolsThatAreRead) {
    SKIP_WITHOUT(vulkan());
    constexpr int n = 5;
    const Array a = input<int>("a", {n});
    Func is_large("is_large"), f("f");
    is_large(x) = a(x) > 2;
    f(x) = Halide::select(is_large(x), 10, 0) + Halide::select(Halide::cast<bool>(a(n - 1 - x)), 1, 2);
    Halide::Buffer<int> in(n);
    std::iota(in.begin(), in.end(), 0);
    const Schedule schedule = parse_schedule("sylvite-schedule 1\nkernel main\n  stage is_large\n    compute_root\n"
                                             "  stage f\n    gpu_tile x b t 4\n");
    const Halide::Buffer<int> got = test::run_here(Program("bools", {a}, {{"b", Array(f, {n})}}), vulkan(), schedule,
                                                   {{"a", in}, {"b", Halide::Buffer<int>(n)}})
                                        .at("b");
    for (int i = 0; i < n; i++) {
        EXPECT_EQ(got(i), (i > 2 ? 10 : 0) + (n - 1 - i ? 1 : 2)) << i;
    }
}

TEST(Vulkan, ConstantsOfF64) {
    SKIP_WITHOUT(vulkan());
    const Array a = input<double>("a", {4});
    const auto constant = [](double value) { return Halide::Internal::make_const(Halide::Float(64), value); };
    Func f("f");
    f(x) = a(x) * constant(0.1) + constant(1e300) * Halide::select(x == 3, constant(M_PI), constant(-1 / 3.0));
    const Program program("constants", {a}, {{"b", Array(f, {4})}});
    Halide::Buffer<double> in(4), out(4);
    in.fill(1e298);
    const NamedArguments arguments{{"a", in}, {"b", out}};
    for (const char *tile : {"x b t 4", "x b t 4\n    vectorize t 2"}) {
        const Halide::Buffer<double> got =
            test::run_here(program, vulkan(), parse_schedule("sylvite-schedule 1\n" + tiles("main", {"f"}, tile)),
                           arguments)
                .at("b");
        for (int i = 0; i < 4; i++) {
            EXPECT_DOUBLE_EQ(got(i), 1e298 * 0.1 + 1e300 * (i == 3 ? M_PI : -1 / 3.0)) << tile << ", " << i;
        }
    }
}

TEST(Vulkan, FlooredRemainderOfFloats) {
    SKIP_WITHOUT(vulkan());
    Array a = input<float>("a", {5});
    Func f("f");
    f(x) = a(x) % 3.f + 100 * (a(x) % -2.5f);
    const Program program("floored", {a}, {{"b", Array(f, {5})}});
    Halide::Buffer<float> in(5), out(5);
    for (int i = 0; i < 5; i++) {
        in(i) = 2.25f * (i - 2) - 64;
    }
    const NamedArguments arguments{{"a", in}, {"b", out}};
    const Schedule schedule = parse_schedule("sylvite-schedule 1\n" + tiles("main", {"f"}, "x b t 4"));
    test::expect_same(test::run_here(program, vulkan(), schedule, arguments),
                      test::run_here(program, find_target("x86-64"), {}, arguments), 1e-6);
}

// A wave whose every state is summed up afterwards, with a kernel after the loop: histories, several kernels.
Program recorded_wave(int n, int m) {
    Halide::Param<int> steps("steps");
    Array u0 = input<float>("u0", {n, m});
    const Arrays r = loop(steps, {u0, u0}, [&](Expr, const Arrays &s) {
        Func next("next"), w = repeat_edge(s[0]);
        next(x, y) = 1.9f * s[0](x, y) - 0.95f * s[1](x, y) + 0.1f * (w(x - 1, y) + w(x, y + 1));
        return Arrays{Array(next, {n, m}), s[0]};
    });
    Func sum("sum"), twice("twice");
    Halide::RDom t(0, steps);
    sum(x, y) = 0.f;
    sum(x, y) += history(r[0])(x, y, t) * Halide::cast<float>(t + 1);
    twice(x, y) = 2.f * r[0](x, y);
    return Program("recorded", {u0, steps}, {{"sum", Array(sum, {n, m})}, {"twice", Array(twice, {n, m})}});
}

// A state that no step reads takes the place of its last value, on the device too.
TEST(Vulkan, StatesThatAreOnlyWritten) {
    SKIP_WITHOUT(vulkan());
    const Array a = input<int>("a", {4});
    const Halide::Param<int> n("n");
    const Arrays end = loop(n, {a, a}, [](const Expr &t, const Arrays &s) {
        Func next("next"), seen("seen");
        next(x) = s[0](x) + 1;
        seen(x) = s[0](x) * 10 + t;
        return Arrays{Array(next, {4}), Array(seen, {4})};
    });
    const Program program("watched", {a, n}, {{"last", end[0]}, {"seen", end[1]}});
    const Schedule schedule = parse_schedule("sylvite-schedule 1\n"
                                             "kernel step\n"
                                             "  stage seen\n"
                                             "    gpu_tile x bx tx 4\n");
    Halide::Buffer<int> start(4), last(4), seen(4);
    start.for_each_element([&](int i) { start(i) = i; });
    for (const int steps : {0, 1, 2, 3}) {
        const NamedArguments arguments{{"a", start}, {"n", steps}, {"last", last}, {"seen", seen}};
        test::expect_same(test::run_here(program, vulkan(), schedule, arguments),
                          test::run_here(program, find_target("x86-64"), {}, arguments), 0);
    }
}

TEST(Vulkan, KernelsOnTheDeviceBesideKernelsOnTheCpu) {
    SKIP_WITHOUT(vulkan());
    const Program program = recorded_wave(13, 7);
    Halide::Buffer<float> u0(13, 7), sum(13, 7), twice(13, 7);
    u0.for_each_element([&](int i, int j) { u0(i, j) = std::sin(0.7f * i + 1.3f * j); });
    const std::string loop_on_gpu = tiles("step", {"next"}, "x y bx by tx ty 8 4");
    const std::string update = "  stage sum\n    gpu_tile x y bx by tx ty 4 4\n"
                               "  stage sum.update(0)\n    gpu_tile x y bx by tx ty 4 4 guard_with_if\n";
    for (int steps : {0, 1, 6}) {
        const NamedArguments arguments{{"u0", u0}, {"steps", steps}, {"sum", sum}, {"twice", twice}};
        const auto want = test::run_here(program, find_target("x86-64"), {}, arguments);
        for (const std::string &text :
             {loop_on_gpu, "kernel main\n" + update, loop_on_gpu + "kernel main\n" + update}) {
            const Schedule schedule = parse_schedule("sylvite-schedule 1\n" + text);
            test::expect_same(test::run_here(program, vulkan(), schedule, arguments), want, 1e-5);
        }
    }
}

// The states that the steps back read were kept by the other processor.
TEST(Vulkan, AGradientOnTwoProcessors) {
    SKIP_WITHOUT(vulkan());
    const Halide::Param<int> steps("steps");
    const Array u0 = input<float>("u0", {13, 7});
    const Array u = loop(steps, {u0}, [&](Expr, const Arrays &s) {
        Func next("next"), w = repeat_edge(s[0]);
        next(x, y) = Halide::sin(w(x, y)) + 0.1f * w(x + 1, y) * w(x, y);
        return Arrays{Array(next, {13, 7})};
    })[0];
    Func loss("loss");
    const Halide::RDom cell(0, 13, 0, 7, "cell");
    loss() += u(cell.x, cell.y) * u(cell.x, cell.y);
    const Program program = grad(Program("both", {u0, steps}, {{"loss", Array(loss, {})}}), {"u0"});
    Halide::Buffer<float> start(13, 7), value = Halide::Buffer<float>::make_scalar(), slope(13, 7);
    start.for_each_element([&](int i, int j) { start(i, j) = std::sin(0.7f * i + 1.3f * j); });
    const std::string forward = tiles("step", {"next"}, "x y bx by tx ty 8 4"),
                      back = tiles("step_reverse", {"adjoint_u0"}, "i0 i1 bx by tx ty 8 4");
    for (const int count : {0, 1, 6}) {
        const NamedArguments arguments{{"u0", start}, {"steps", count}, {"loss", value}, {"d_loss_d_u0", slope}};
        const auto want = test::run_here(program, find_target("x86-64"), {}, arguments);
        for (const std::string &text : {forward, back, forward + back}) {
            const Schedule schedule = parse_schedule("sylvite-schedule 1\n" + text);
            test::expect_same(test::run_here(program, vulkan(), schedule, arguments), want, 1e-5);
        }
    }
}

TEST(Vulkan, AsAStaticLibrary) {
    SKIP_WITHOUT(vulkan());
    const Program wave = test::wave("wave", 13, 7);
    Halide::Buffer<float> u0(13, 7), c(13, 7), u(13, 7);
    u0.for_each_element([&](int i, int j) { u0(i, j) = std::sin(0.7f * i + 1.3f * j); });
    c.fill(0.1f);
    const NamedArguments arguments{{"u0", u0}, {"c", c}, {"steps", 6}, {"u", u}};
    const Schedule schedule = parse_schedule("sylvite-schedule 1\n" + tiles("step", {"next"}, "x y bx by tx ty 8 4"));
    test::expect_same(test::run_library(wave, vulkan(), schedule, arguments, "cc", "HL_VK_ALLOC_CONFIG=0:32:0:0:64"),
                      test::run_here(wave, find_target("x86-64"), {}, arguments), 1e-6);
}

// Halide's run time would end the process.
TEST(Vulkan, LibrariesSayThatThereIsNoDriver) {
    SKIP_WITHOUT(vulkan());
    const Array a = input<float>("a", {9});
    Func f("f");
    f(x) = a(x) * 2.f;
    const Program program("driverless", {a}, {{"b", Array(f, {9})}});
    const Schedule schedule = parse_schedule("sylvite-schedule 1\n" + tiles("main", {"f"}, "x b t 4"));
    const NamedArguments arguments{{"a", Halide::Buffer<float>(9)}, {"b", Halide::Buffer<float>(9)}};
    test::run_library(program, vulkan(), schedule, arguments, "cc", "HL_VK_ALLOC_CONFIG=0:32:0:0:64");
    const std::string folder = test::kept_folder("driverless_vulkan"),
                      run = folder + "/main " + folder + "/in " + folder + "/out; echo status $?";
    EXPECT_EQ(test::output_of("VK_DRIVER_FILES=/none.json VK_ICD_FILENAMES=/none.json " + run),
              "1014 driverless: was compiled for Vulkan, and the Vulkan loader finds no driver that works\nstatus 1\n");
}

TEST(Vulkan, ArraysThatNeverSawADevice) {
    SKIP_WITHOUT(vulkan());
    setenv("HL_VK_ALLOC_CONFIG", "0:32:0:0:64", 0);
    Array a = input<float>("a", {9});
    Func f("f");
    f(x) = a(x) * 2.f;
    const Executable run = compile(Program("twice", {a}, {{"b", Array(f, {9})}}), vulkan(),
                                   parse_schedule("sylvite-schedule 1\n" + tiles("main", {"f"}, "x b t 4")));
    Halide::Buffer<float> in(9), out(9);
    for (int round = 1; round <= 3; round++) {
        in.data()[8] = static_cast<float>(round);  // without a word about dirty bits
        run({{"a", in}, {"b", out}});
        EXPECT_EQ(out(8), 2.f * round);
        EXPECT_FALSE(in.has_device_allocation());
        EXPECT_FALSE(out.has_device_allocation());
    }
    // One that has device memory keeps it and obeys its dirty bits.
    in.set_host_dirty();
    in.copy_to_device(vulkan().halide_target());
    in.data()[8] = 100;
    run({{"a", in}, {"b", out}});
    EXPECT_EQ(out(8), 6);
    EXPECT_TRUE(in.has_device_allocation());
    in.set_host_dirty();
    run({{"a", in}, {"b", out}});
    EXPECT_EQ(out(8), 200);
}

TEST(Vulkan, RefusesThreadBlocksThatAreNotConstant) {
    SKIP_WITHOUT(vulkan());
    // Where tiles are cut off at the edge, the rows of `across` that a tile needs differ from tile to tile.
    Halide::Param<int> n("n");
    Array a = input<float>("a", {n, n});
    Func in = repeat_edge(a), across("across"), blur("blur");
    across(x, y) = in(x - 1, y) + in(x, y) + in(x + 1, y);
    blur(x, y) = across(x, y - 1) + across(x, y) + across(x, y + 1);
    const Program program("blurred", {a, n}, {{"b", Array(blur, {n, n})}});
    const auto schedule = [](const std::string &tail) {
        return parse_schedule("sylvite-schedule 1\nkernel main\n  stage blur\n    gpu_tile x y bx by tx ty 8 4 " +
                              tail + "\n  stage across\n    compute_at blur bx\n    gpu_threads x y\n");
    };
    const std::string error = error_of([&] { lower(program, vulkan(), schedule("guard_with_if")); });
    EXPECT_NE(error.find("A Vulkan kernel needs thread blocks of constant extents; loop "), std::string::npos) << error;
    EXPECT_NE(error.find("of kernel main has extent "), std::string::npos) << error;
    Halide::Buffer<float> image(19, 19), b(19, 19);
    image.for_each_element([&](int i, int j) { image(i, j) = static_cast<float>(i * j % 7); });
    const NamedArguments arguments{{"a", image}, {"n", 19}, {"b", b}};
    test::expect_same(test::run_here(program, vulkan(), schedule("shift_inwards"), arguments),
                      test::run_here(program, find_target("x86-64"), {}, arguments), 1e-6);
}

// Arrays of many sizes, one program after the other: Halide's allocator would lay small ones over one another.
TEST(Vulkan, ArraysOfOddSizesInUsedMemory) {
    SKIP_WITHOUT(vulkan());
    for (int n : {77, 154, 77, 19, 5, 264, 20}) {
        Array a = input<uint8_t>("a", {n});
        std::vector<ProgramOutput> outputs;
        std::vector<std::string> stages;
        Halide::Buffer<uint8_t> in(n);
        in.for_each_element([&](int i) { in(i) = static_cast<uint8_t>(3 * i); });
        NamedArguments arguments{{"a", in}};
        for (int k = 0; k < 4; k++) {
            const std::string name = "f" + std::to_string(k);
            Func f(name);
            f(x) = a(x) + Halide::cast<uint8_t>(k);
            outputs.push_back({name, Array(f, {n})});
            stages.push_back(name);
            arguments.emplace_back(name, Halide::Buffer<uint8_t>(n));
        }
        const Program program("sizes", {a}, outputs);
        const Schedule schedule = parse_schedule("sylvite-schedule 1\n" + tiles("main", stages, "x b t 4"));
        test::expect_same(test::run_here(program, vulkan(), schedule, arguments),
                          test::run_here(program, find_target("x86-64"), {}, arguments), 0);
    }
}

TEST(Gpu, RefusesThreadBlocksThatAreTooLarge) {
    const Program program = test::wave("wave", 64, 64);
    const Schedule schedule = parse_schedule("sylvite-schedule 1\n" + tiles("step", {"next"}, "x y bx by tx ty 32 16"));
    EXPECT_NE(error_of([&] {
                  lower(program, vulkan(), schedule);
              }).find("A thread block needs at most 256 threads on this target; kernel step has 512 at loop "),
              std::string::npos);
    EXPECT_EQ(error_of([&] { lower(program, find_target("cuda-75"), schedule); }), "");
}

// Lavapipe wrote beyond its table of them, and crashed now and then.
TEST(Gpu, RefusesKernelsOfTooManyArrays) {
    const auto sum_of = [](int count) {
        Arrays inputs;
        Func sum("sum");
        Expr all = 0.f;
        for (int i = 0; i < count; i++) {
            inputs.push_back(input<float>("a" + std::to_string(i), {64}));
            all += inputs.back()(x);
        }
        sum(x) = all;
        return Program("sum", {inputs.begin(), inputs.end()}, {{"sum", Array(sum, {64})}});
    };
    const Schedule schedule = parse_schedule("sylvite-schedule 1\n" + tiles("main", {"sum"}, "x b t 32"));
    EXPECT_EQ(error_of([&] { lower(sum_of(31), vulkan(), schedule); }), "");
    EXPECT_NE(error_of([&] {
                  lower(sum_of(32), vulkan(), schedule);
              }).find("A kernel on this target reads and writes at most 32 arrays; loop "),
              std::string::npos);
    EXPECT_EQ(error_of([&] { lower(sum_of(32), find_target("cuda-75"), schedule); }), "");
}

TEST(Gpu, EachKernelHasDeviceCodeOfItsOwn) {
    // The names are the same whatever was compiled before.
    for (int round = 0; round < 2; round++) {
        const Program program = recorded_wave(13, 7);
        const Schedule schedule =
            parse_schedule("sylvite-schedule 1\n" + tiles("step", {"next"}, "x y bx by tx ty 8 4") +
                           tiles("main", {"sum", "twice"}, "x y bx by tx ty 8 4"));
        const auto names = [&](const char *target) {
            std::vector<std::string> all;
            std::set<std::string> codes;
            for (const DeviceCode &code : device_code(lower(program, find_target(target), schedule))) {
                all.push_back(code.name);
                codes.insert(code.bytes);
            }
            EXPECT_EQ(codes.size(), all.size());
            return all;
        };
        EXPECT_EQ(names("cuda-80"), (std::vector<std::string>{"recorded__step", "recorded__main"}));
        EXPECT_EQ(names("vulkan"),
                  (std::vector<std::string>{"recorded__step", "recorded__main.1", "recorded__main.2"}));
        const std::string folder = test::new_kept_folder("device_code");
        emit(program, find_target("vulkan"), schedule, {{Halide::OutputFileType::device_code, folder + "/code"}});
        for (const char *name : {"step", "main.1", "main.2"}) {
            EXPECT_TRUE(std::filesystem::exists(folder + "/code.recorded__" + name)) << name;
        }
    }
}

TEST(Gpu, PtxasRefusesWhatIsNoPtx) {
    SKIP_WITHOUT(find_target("cuda-80"));
    try {
        assemble_ptx(".version 7.0\n.target sm_80\nnonsense", "sm_80", SYLVITE_PTXAS);
        FAIL() << "nothing was thrown";
    } catch (const Halide::RuntimeError &error) {
        EXPECT_NE(std::string(error.what()).find("refuses the code"), std::string::npos);
    }
}

TEST(Gpu, SpirvValRefusesWhatIsNoSpirv) {
    if (!test::is_there(SYLVITE_SPIRV_VAL)) {
        GTEST_SKIP() << "[SKIP] there is no spirv-val (spirv-tools)";
    }
    EXPECT_THROW(validate_spirv("nonsense", SYLVITE_SPIRV_VAL), Halide::RuntimeError);
}

}  // namespace

}  // namespace sylvite
