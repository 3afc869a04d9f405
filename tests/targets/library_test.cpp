// Programs compiled ahead of time: as the JIT's, linked and called from C, and without an abort whatever they are given.

#include "tests/support/run_on_targets.h"
#include "tests/targets/programs.h"

#include <gtest/gtest.h>

#include <cmath>

namespace sylvite {

namespace {

namespace fs = std::filesystem;
using Halide::OutputFileType;

const TargetRow &baseline() { return find_target("x86-64"); }

std::string read(const std::string &path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

TEST(Library, AgreesWithTheJitBitForBit) {
    const Program wave = test::wave("wave", 13, 7);
    Halide::Buffer<float> u0(13, 7), c(13, 7), u(13, 7);
    u0.for_each_element([&](int i, int j) { u0(i, j) = std::sin(0.7f * i + 1.3f * j); });
    c.fill(0.13f);
    const NamedArguments arguments{{"u0", u0}, {"c", c}, {"steps", 9}, {"u", u}};
    const Schedule schedule = parse_schedule("sylvite-schedule 1\nkernel step\n  stage next\n    parallel y\n");
    const auto jit = test::run_here(wave, baseline(), schedule, arguments);
    const auto library = test::run_library(wave, baseline(), schedule, arguments, "cc", "");
    test::expect_same(library, jit, 0);
}

TEST(Library, TwoInOneProgramAndErrorsAsCodes) {
    const std::string folder = test::new_kept_folder("two_libraries");
    for (const char *name : {"wave_a", "wave_b"}) {
        emit(test::wave(name, 5, 4), baseline(), {},
             {{OutputFileType::static_library, folder + "/" + name + ".a"},
              {OutputFileType::c_header, folder + "/" + name + ".h"}});
    }
    std::ofstream(folder + "/main.c") << R"(
#include "wave_a.h"
#include "wave_b.h"
#include <stdio.h>

static void report(int code) { printf("%d: %s\n", code, sylvite_last_error()); }

int main(void) {
    float values[4][20] = {{1, 2, 3}};
    struct halide_dimension_t dims[] = {{0, 5, 1, 0}, {0, 4, 5, 0}}, narrow[] = {{0, 4, 1, 0}, {0, 4, 5, 0}};
    struct halide_type_t real = {halide_type_float, 32, 1};
    struct halide_buffer_t a[4];
    for (int i = 0; i < 4; i++) {
        struct halide_buffer_t one = {0, NULL, (uint8_t *)values[i], 0, real, 2, dims, NULL};
        a[i] = one;
    }
    report(wave_a(&a[0], &a[1], 3, &a[2]));
    report(wave_b(&a[0], &a[1], 3, &a[3]));
    printf("%d\n", values[2][1] == values[3][1]);
    report(wave_a(NULL, &a[1], 3, &a[2]));
    a[1].dim = narrow;
    report(wave_b(&a[0], &a[1], 3, &a[2]));
    a[1].dim = dims;
    a[1].host = NULL;
    report(wave_a(&a[0], &a[1], 3, &a[2]));
    a[1].host = (uint8_t *)values[1];
    report(wave_a(&a[0], &a[1], 3, &a[0]));
    a[1].type.bits = 64;
    report(wave_a(&a[0], &a[1], 3, &a[2]));
    a[1].type = real;
    a[1].dimensions = 3;
    report(wave_a(&a[0], &a[1], 3, &a[2]));
    a[1].dimensions = 2;
    report(wave_a(&a[0], &a[1], 0, &a[2]));
    printf("%g\n", values[2][1]);
    return 0;
}
)";
    test::output_of(test::compile_command("cc", folder) + folder + "/main.c " + folder + "/wave_a.a " + folder +
                    "/wave_b.a -o " + folder + "/main -lpthread -ldl -lm");
    EXPECT_EQ(test::output_of(folder + "/main"),
              "0: \n0: \n1\n"
              "1001: wave_a: argument u0 is a null pointer and must be an array\n"
              "1005: wave_b: argument c has extent 4 in dimension 0 but must have 5\n"
              "1002: wave_a: argument c has neither host memory nor device memory\n"
              "1007: wave_a: output u shares memory with argument u0\n"
              "1003: wave_a: argument c has elements of type float64 but must have float32\n"
              "1004: wave_a: argument c has 3 dimensions but must have 2\n"
              "0: \n2\n");
}

TEST(Library, AKernelThatFailsOnAnotherThreadReturnsItsText) {
    // A bad index, found inside a parallel loop, and the same one found before it.
    Halide::Var x("x"), y("y");
    Array a = input<float>("a", {8}), index = input<int>("index", {1});
    Func row("row"), out("out");
    row(x, y) = a(x) + y;
    out(x, y) = row(x, y) + row(clamp(index(0), 0, 1000000000), y);
    const Program program("gather", {a, index}, {{"b", Array(out, {8, 4})}});
    const std::string folder = test::new_kept_folder("gather");
    const Schedule schedule = parse_schedule(
        "sylvite-schedule 1\nkernel main\n  stage row\n    compute_at out y\n  stage out\n    parallel y\n");
    emit(program, baseline(), schedule,
         {{OutputFileType::static_library, folder + "/gather.a"}, {OutputFileType::c_header, folder + "/gather.h"}});
    std::ofstream(folder + "/main.c") << R"(
#include "gather.h"
#include <stdio.h>

int main(void) {
    float a[8] = {0}, b[32];
    int index = 1000000000;
    struct halide_dimension_t da = {0, 8, 1, 0}, di = {0, 1, 1, 0}, db[] = {{0, 8, 1, 0}, {0, 4, 8, 0}};
    struct halide_type_t real = {halide_type_float, 32, 1}, integer = {halide_type_int, 32, 1};
    struct halide_buffer_t A = {0, NULL, (uint8_t *)a, 0, real, 1, &da, NULL};
    struct halide_buffer_t I = {0, NULL, (uint8_t *)&index, 0, integer, 1, &di, NULL};
    struct halide_buffer_t B = {0, NULL, (uint8_t *)b, 0, real, 2, db, NULL};
    int code = gather(&A, &I, &B);
    printf("%d\n%s\n", code != 0, sylvite_last_error());
    index = 3;
    printf("%d%s\n", gather(&A, &I, &B), sylvite_last_error());
    return 0;
}
)";
    test::output_of(test::compile_command("cc", folder) + folder + "/main.c " + folder + "/gather.a -o " + folder +
                    "/main -lpthread -ldl -lm");
    const std::string output = test::output_of(folder + "/main");
    EXPECT_EQ(output,
              "1\ngather: kernel main: Input buffer a is accessed at 1000000000, which is beyond the max (7) in "
              "dimension 0\n0\n");
}

TEST(Library, AllNamesBeginWithTheProgramsName) {
    const std::string folder = test::new_kept_folder("visible");
    emit(test::wave("wave", 5, 4), baseline(), {}, {{OutputFileType::static_library, folder + "/wave.a"}},
         {.with_halide_runtime = false});
    std::istringstream symbols(test::output_of("nm -g --defined-only " + folder + "/wave.a"));
    int names = 0;
    for (std::string line; std::getline(symbols, line);) {
        if (const size_t space = line.rfind(' '); space != std::string::npos) {
            EXPECT_EQ(line.substr(space + 1, 4), "wave") << line;
            names++;
        }
    }
    EXPECT_GE(names, 2);
}

TEST(Library, RuntimeByItself) {
    const std::string folder = test::new_kept_folder("runtime");
    emit_runtime(baseline(), folder + "/runtime.a");
    EXPECT_NE(test::output_of("nm -g " + folder + "/runtime.a").find("halide_malloc"), std::string::npos);
}

TEST(Library, HeaderTellsTypesAndExtents) {
    Halide::Param<int> n("n");
    Halide::Param<bool> flag("flag");
    Halide::Var x("x"), y("y");
    Array a = input<uint8_t>("a", {n, 3});
    Func f("f");
    f(x) = Halide::cast<float>(a(x, 0)) + Halide::select(flag, 1, 0);
    const std::string header = c_header(Program("blend", {a, n, flag}, {{"out", Array(f, {n - 1})}}));
    EXPECT_NE(header.find("int blend(struct halide_buffer_t *a, int32_t n, bool flag, struct halide_buffer_t *out);"),
              std::string::npos)
        << header;
    EXPECT_NE(header.find("int blend_memory(int32_t n, bool flag, int32_t threads, int64_t *bytes);"),
              std::string::npos)
        << header;
    EXPECT_NE(header.find("@param[in] a uint8 [n, 3]"), std::string::npos) << header;
    EXPECT_NE(header.find("@param[in] n int32\n"), std::string::npos) << header;
    EXPECT_NE(header.find("@param[out] out float32 [n - 1]"), std::string::npos) << header;
}

TEST(Library, RefusesNamesThatNoHeaderCanHave) {
    const std::string folder = test::new_kept_folder("names");
    Halide::Var x("x");
    Array a = input<float>("register", {4});
    Func f("f");
    f(x) = a(x) + 1.f;
    const auto error = [&](const Program &program) -> std::string {
        try {
            emit(program, baseline(), {}, {{OutputFileType::c_header, folder + "/names.h"}});
        } catch (const Halide::CompileError &error) {
            return error.what();
        }
        return "";
    };
    EXPECT_EQ(error(Program("p", {a}, {{"b", Array(f, {4})}})),
              "Error: emit() needs names that C and C++ programs can use; p has register: rename it.\n");
    Array plain = input<float>("a", {4});
    EXPECT_EQ(error(Program("p", {plain}, {{"__b", plain}})),
              "Error: lower() needs names that do not begin with __; p has __b: rename it.\n");
    for (const char *name : {"halide_malloc", "sinf", "memset", "tanh"}) {
        EXPECT_EQ(error(test::wave(name, 4, 4)),
                  std::string("Error: lower() needs a program whose name no function of the C library or of the run "
                              "times has; ") +
                      name + " is one: rename the program.\n");
        EXPECT_THROW(compile(test::wave(name, 4, 4), baseline()), Halide::CompileError);
    }
    EXPECT_EQ(error(test::wave("wave", 4, 4)), "");
}

TEST(Library, NothingIsHalfWritten) {
    const std::string folder = test::new_kept_folder("half");
    // The last of the files cannot be made: no kernel has device code.
    EXPECT_THROW(emit(test::wave("wave", 5, 4), baseline(), {},
                      {{OutputFileType::c_header, folder + "/wave.h"},
                       {OutputFileType::static_library, folder + "/wave.a"},
                       {OutputFileType::device_code, folder + "/wave.ptx"}}),
                 Halide::CompileError);
    EXPECT_TRUE(fs::is_empty(folder));
    try {
        emit(test::wave("wave", 5, 4), baseline(), {}, {{OutputFileType::stmt, folder + "/missing/wave.stmt"}});
        FAIL() << "nothing was thrown";
    } catch (const Halide::CompileError &error) {
        EXPECT_NE(std::string(error.what()).find("emit() needs a folder that exists; "), std::string::npos);
    }
    const std::string pipe = folder + "/wave.h";
    ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
    try {
        emit(test::wave("wave", 5, 4), baseline(), {}, {{OutputFileType::c_header, pipe}});
        FAIL() << "a pipe was replaced";
    } catch (const Halide::CompileError &error) {
        EXPECT_EQ(std::string(error.what()), "Error: emit() cannot write " + pipe + ": it is not a regular file.\n");
    }
}

TEST(Library, TextOutputs) {
    const std::string folder = test::new_kept_folder("texts");
    emit(test::wave("wave", 5, 4), baseline(), {},
         {{OutputFileType::stmt, folder + "/wave.stmt"},
          {OutputFileType::assembly, folder + "/wave.s"},
          {OutputFileType::llvm_assembly, folder + "/wave.ll"},
          {OutputFileType::object, folder + "/wave.o"}});
    EXPECT_NE(read(folder + "/wave.stmt").find("wave__step("), std::string::npos);
    EXPECT_NE(read(folder + "/wave.s").find("wave:"), std::string::npos);
    EXPECT_NE(read(folder + "/wave.ll").find("define i32 @wave("), std::string::npos);
    EXPECT_EQ(read(folder + "/wave.o").substr(1, 3), "ELF");
}

}  // namespace

}  // namespace sylvite
