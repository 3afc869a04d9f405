// Files of arrays: .npy read again by Halide's own reader, .vti as it is to be.

#define HALIDE_NO_PNG
#define HALIDE_NO_JPEG

#include "targets/compile.h"
#include "targets/trace/trace.h"
#include "tests/support/run_on_targets.h"
#include "tests/targets/programs.h"

#include <gmock/gmock.h>
#include <halide_image_io.h>

namespace sylvite {

namespace {

namespace fs = std::filesystem;
using Halide::Runtime::Buffer;
using testing::ElementsAre;
using testing::HasSubstr;

std::string bytes_of_file(const fs::path &path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

// The file's shape as numpy has it, the first dimension first, and its numbers in the file's order, the last dimension
// innermost.
template<typename T>
std::pair<std::vector<int>, std::vector<T>> load(const fs::path &path) {
    Buffer<> all;
    EXPECT_TRUE(Halide::Tools::Internal::load_npy<Buffer<>>(path.string(), &all)) << path;
    std::vector<int> shape;
    for (int d = 0; d < all.dimensions(); d++) {
        shape.push_back(all.dim(d).extent());
    }
    const T *numbers = all.as<T>().data();
    return {shape, {numbers, numbers + all.number_of_elements()}};
}

std::string refusal(const std::function<void()> &f) {
    try {
        f();
    } catch (const std::runtime_error &error) {
        return error.what();
    }
    return "";
}

// Element (x, y, z) of a part of a larger array, whose rows do not follow one another.
template<typename T>
Buffer<T> part() {
    Buffer<T> all(8, 4, 2);
    all.for_each_element([&](int x, int y, int z) { all(x, y, z) = static_cast<T>(x + 10 * y + 100 * z); });
    all.crop(0, 1, 3);
    all.crop(1, 1, 2);
    return all;
}

TEST(Npy, HasTheLastDimensionFirst) {
    const fs::path path = test::new_kept_folder("npy") + "/a.npy";
    write_npy(path, *part<int16_t>().raw_buffer());
    const auto [shape, numbers] = load<int16_t>(path);
    EXPECT_THAT(shape, ElementsAre(2, 2, 3));
    EXPECT_THAT(numbers, ElementsAre(11, 12, 13, 21, 22, 23, 111, 112, 113, 121, 122, 123));
    EXPECT_FALSE(fs::exists(path.string() + ".part"));
    write_npy(path, *part<double>().raw_buffer());
    EXPECT_THAT(load<double>(path).second[11], 123);
}

TEST(Npy, RefusesWhatNumpyDoesNotHaveAndLeavesNothing) {
    const std::string folder = test::new_kept_folder("npy_refused");
    Buffer<> odd(halide_type_t(halide_type_bfloat, 16), 3);
    EXPECT_EQ(refusal([&] { write_npy(folder + "/a.npy", *odd.raw_buffer()); }),
              folder + "/a.npy cannot be written: numpy has no such type of elements");
    EXPECT_TRUE(fs::is_empty(folder));
    EXPECT_EQ(refusal([&] { write_npy(folder + "/none/a.npy", *part<float>().raw_buffer()); }),
              folder + "/none/a.npy cannot be written: No such file or directory");
}

TEST(TraceOfLoop, KeepsEachState) {
    const std::string folder = test::new_kept_folder("trace");
    const Executable run = compile(test::wave("wave", 5, 4), find_target("x86-64"));
    Halide::Buffer<float> u0(5, 4), c(5, 4), u(5, 4);
    u0.for_each_element([&](int i, int j) { u0(i, j) = static_cast<float>(i * j); });
    c.fill(0.1f);
    Trace trace(folder, "step", 2), other(folder, "stop");
    std::vector<float> want;
    run.run({{"u0", u0}, {"c", c}, {"steps", 7}, {"u", u}}, [&](const LoopStep &s) {
        trace.add(s.in_c());
        other.add(s.in_c());
        if (s.step % 2 == 0) {
            const Halide::Buffer<float> now = s.state("u0");
            want.insert(want.end(), now.data(), now.data() + 20);
        }
        return true;
    });
    EXPECT_FALSE(fs::exists(folder + "/u0.npy"));
    trace.finish();
    const auto [shape, numbers] = load<float>(folder + "/u0.npy");
    EXPECT_THAT(shape, ElementsAre(4, 4, 5));
    EXPECT_EQ(numbers, want);
    EXPECT_THAT(load<float>(folder + "/u0.2.npy").first, ElementsAre(4, 4, 5));
    EXPECT_EQ(refusal([&] { other.finish(); }), "a trace needs steps; no step of loop stop was seen");
    {
        Trace unfinished(folder, "step");
        run.run({{"u0", u0}, {"c", c}, {"steps", 1}, {"u", u}}, [&](const LoopStep &s) {
            unfinished.add(s.in_c());
            return true;
        });
    }
    EXPECT_EQ(load<float>(folder + "/u0.npy").second, want);
    EXPECT_EQ(std::distance(fs::directory_iterator(folder), fs::directory_iterator()), 2);
}

TEST(Vti, HasItsFieldsWhereItSays) {
    const fs::path path = test::new_kept_folder("vti") + "/a.vti";
    const Buffer<uint8_t> small = part<uint8_t>();
    const Buffer<double> large = part<double>();
    write_vti(path, {{"small", small.raw_buffer()}, {"large", large.raw_buffer()}}, {.spacing = {0.5, 1, 2}});
    const std::string text = bytes_of_file(path);
    EXPECT_THAT(text, HasSubstr(R"(WholeExtent="0 2 0 1 0 1" Origin="0 0 0" Spacing="0.5 1 2")"));
    EXPECT_THAT(text, HasSubstr(R"(<DataArray type="UInt8" Name="small" format="appended" offset="0"/>)"));
    EXPECT_THAT(text, HasSubstr(R"(<DataArray type="Float64" Name="large" format="appended" offset="28"/>)"));
    // How many bytes, and then these, as base64.b64encode() of Python has them.
    EXPECT_THAT(text,
                testing::EndsWith(
                    "\n_DAAAAAAAAAALDA0VFhdvcHF5ens="
                    "YAAAAAAAAAAAAAAAAAAmQAAAAAAAAChAAAAAAAAAKkAAAAAAAAA1QAAAAAAAADZAAAAAAAAAN0AAAAAAAMBbQAAAAAAAAFxA"
                    "AAAAAABAXEAAAAAAAEBeQAAAAAAAgF5AAAAAAADAXkA="
                    "\n  </AppendedData>\n</VTKFile>\n"));
    EXPECT_TRUE(std::all_of(text.begin(), text.end(), [](char c) { return c == '\n' || (c >= ' ' && c <= '~'); }))
        << "it is XML";
}

TEST(Vti, RefusesFieldsThatDoNotFit) {
    const fs::path path = test::new_kept_folder("vti_refused") + "/a.vti";
    const Buffer<float> a(3, 2), b(3), d(1, 1, 1, 1);
    const std::string refused = path.string() + " cannot be written: ";
    EXPECT_EQ(refusal([&] { write_vti(path, {}); }), refused + "there are no fields");
    EXPECT_EQ(refusal([&] {
                  write_vti(path, {{"a", a.raw_buffer()}, {"b", b.raw_buffer()}});
              }),
              refused + "b has other extents than a");
    const Buffer<> half(halide_type_t(halide_type_float, 16), 3, 2);
    EXPECT_EQ(refusal([&] {
                  write_vti(path, {{"a", half.raw_buffer()}});
              }),
              refused + "VTK has no type for the elements of a: cast them to float32");
    EXPECT_EQ(refusal([&] {
                  write_vti(path, {{"d", d.raw_buffer()}});
              }),
              refused + "d is not a name with an array of one to three dimensions that has elements");
    EXPECT_TRUE(fs::is_empty(path.parent_path()));
}

}  // namespace

}  // namespace sylvite
