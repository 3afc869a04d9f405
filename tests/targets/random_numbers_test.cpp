// Random numbers: known answers of the generator, moments, independence, and that every target has the same.

#include "frontend/random.h"
#include "tests/support/run_on_targets.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace sylvite {

namespace {

using Halide::Buffer;
using Halide::Var;

const Var x("x"), y("y");
const Halide::Target quick("x86-64-linux");

template<typename T>
Buffer<T> values(const Expr &e, int n, int m) {
    Func f("f");
    f(x, y) = e;
    Buffer<T> result(n, m);
    f.realize(result, quick);
    return result;
}

Expr constant(uint32_t value) { return Halide::Internal::make_const(Halide::UInt(32), value); }

// Threefry-2x32 with 20 rounds: the vectors that come with the authors' library (Random123, kat_vectors).
TEST(RandomNumbers, KnownAnswers) {
    struct {
        uint32_t counter[2], key[2], words[2];
    } const vectors[] = {
        {{0, 0}, {0, 0}, {0x6b200159u, 0x99ba4efeu}},
        {{0xffffffffu, 0xffffffffu}, {0xffffffffu, 0xffffffffu}, {0x1cb996fcu, 0xbb002be7u}},
        {{0x243f6a88u, 0x85a308d3u}, {0x13198a2eu, 0x03707344u}, {0xc4923a9cu, 0x483df7a0u}},
    };
    for (const auto &v : vectors) {
        const auto [first, second] =
            random_words({constant(v.key[0]), constant(v.key[1])}, {constant(v.counter[0]), constant(v.counter[1])});
        EXPECT_EQ(values<uint32_t>(first, 1, 1)(0, 0), v.words[0]);
        EXPECT_EQ(values<uint32_t>(second, 1, 1)(0, 0), v.words[1]);
    }
}

struct Moments {
    double mean = 0, variance = 0, skewness = 0, kurtosis = 0, least = 1e30, most = -1e30;
};

template<typename T>
Moments moments(const Buffer<T> &sample) {
    Moments m;
    const double n = static_cast<double>(sample.number_of_elements());
    sample.for_each_value([&](T v) {
        m.mean += static_cast<double>(v) / n;
        m.least = std::min(m.least, static_cast<double>(v));
        m.most = std::max(m.most, static_cast<double>(v));
    });
    sample.for_each_value([&](T v) {
        const double d = static_cast<double>(v) - m.mean;
        m.variance += d * d / n;
        m.skewness += d * d * d / n;
        m.kurtosis += d * d * d * d / n;
    });
    return m;
}

template<typename T>
double correlation(const Buffer<T> &a, const Buffer<T> &b) {
    const Moments ma = moments(a), mb = moments(b);
    double sum = 0;
    a.for_each_element([&](const int *at) { sum += (a(at) - ma.mean) * (b(at) - mb.mean); });
    return sum / static_cast<double>(a.number_of_elements()) / std::sqrt(ma.variance * mb.variance);
}

constexpr int n = 512, m = 256;
// Five standard deviations of a mean of n m samples with variance 1.
const double slack = 5 / std::sqrt(double(n) * m);

template<typename T>
void expect_uniform_and_normal() {
    const RandomKey key = random_key(7);
    const Moments u = moments(values<T>(random_uniform<T>(key, {x, y}), n, m));
    EXPECT_NEAR(u.mean, 0.5, slack);
    EXPECT_NEAR(u.variance, 1.0 / 12, slack);
    EXPECT_NEAR(u.kurtosis, 1.0 / 80, slack);
    EXPECT_GE(u.least, 0);
    EXPECT_LT(u.most, 1);
    const Moments z = moments(values<T>(random_normal<T>(key, {x, y}), n, m));
    EXPECT_NEAR(z.mean, 0, slack);
    EXPECT_NEAR(z.variance, 1, 2 * slack);
    EXPECT_NEAR(z.skewness, 0, 4 * slack);
    EXPECT_NEAR(z.kurtosis, 3, 10 * slack);
    EXPECT_GT(z.most, 3.5);
}

TEST(RandomNumbers, MomentsOfFloats) { expect_uniform_and_normal<float>(); }
TEST(RandomNumbers, MomentsOfDoubles) { expect_uniform_and_normal<double>(); }

TEST(RandomNumbers, IntegersAreEvenlySpread) {
    const Buffer<int> dice = values<int>(random_integer(random_key(1), {x, y}, -2, 4), n, m);
    std::vector<int> counts(6);
    dice.for_each_value([&](int v) {
        ASSERT_TRUE(v >= -2 && v < 4) << v;
        counts[v + 2]++;
    });
    for (const int count : counts) {
        EXPECT_NEAR(count * 6.0 / (n * m), 1, 6 * slack);
    }
    EXPECT_EQ(values<int>(random_integer(random_key(1), {x, y}, 3, 3), 1, 1)(0, 0), 3);
    const Buffer<int> all = values<int>(random_integer(random_key(1), {x, y}, INT32_MIN, INT32_MAX), n, m);
    EXPECT_LT(moments(all).least, -2e9);
    EXPECT_GT(moments(all).most, 2e9);
}

// Neighbours, other keys, other seeds, further dimensions.
TEST(RandomNumbers, AreNotCorrelated) {
    const RandomKey key = random_key(3);
    const std::vector<RandomKey> keys = split(key, 2);
    const Buffer<float> sample = values<float>(random_uniform<float>(key, {x, y}), n, m);
    const auto expect_independent = [&](const Expr &other, const char *what) {
        EXPECT_NEAR(correlation(sample, values<float>(other, n, m)), 0, slack) << what;
    };
    expect_independent(random_uniform<float>(key, {x + 1, y}), "x + 1");
    expect_independent(random_uniform<float>(key, {x, y + 1}), "y + 1");
    expect_independent(random_uniform<float>(key, {y, x}), "transposed");
    expect_independent(random_uniform<float>(random_key(4), {x, y}), "another seed");
    expect_independent(random_uniform<float>(random_key(Expr(int64_t(3) << 32)), {x, y}), "a high seed");
    expect_independent(random_uniform<float>(keys[0], {x, y}), "the first part");
    expect_independent(random_uniform<float>(keys[1], {x, y}), "the second part");
    expect_independent(random_uniform<float>(key, {x, y, 1}), "a third dimension");
    expect_independent(random_uniform<float>(fold_in(key, x), {y}), "folded in");
    const Buffer<float> first = values<float>(random_uniform<float>(keys[0], {x, y}), n, m);
    EXPECT_NEAR(correlation(first, values<float>(random_uniform<float>(keys[1], {x, y}), n, m)), 0, slack);
}

TEST(RandomNumbers, RefuseWhatIsNoInteger) {
    EXPECT_THROW(random_key(Expr(1.f)), Halide::CompileError);
    EXPECT_THROW(random_bits(random_key(1), {Expr(1.f)}), Halide::CompileError);
    EXPECT_THROW(random_uniform(Halide::Int(32), random_key(1), {x}), Halide::CompileError);
}

class RandomNumbersOn : public testing::TestWithParam<TargetRow> {};

TEST_P(RandomNumbersOn, AreThoseOfTheOthers) {
    const Halide::Param<int> seed("seed");
    const RandomKey key = fold_in(random_key(seed), 5);
    const auto array = [](const char *name, const Expr &e) {
        Func f(name);
        f(x) = e;
        return Array(f, {64});
    };
    const Program program("numbers", {seed},
                          {{"bits", array("bits", Halide::cast<int32_t>(random_bits(key, {x})))},
                           {"uniform", array("uniform", random_uniform<float>(key, {x}))},
                           {"normal", array("normal", random_normal<float>(key, {x, 1}))}});
    const NamedArguments arguments{
        {"seed", 11}, {"bits", Buffer<int32_t>(64)}, {"uniform", Buffer<float>(64)}, {"normal", Buffer<float>(64)}};
    std::string schedule = "sylvite-schedule 1\nkernel main\n";
    for (const char *stage : {"bits", "uniform", "normal"}) {
        schedule += std::string("  stage ") + stage +
                    (GetParam().is_gpu() ? "\n    gpu_tile x bx tx 16\n" : "\n    vectorize x 4\n");
    }
    const test::Results want = test::run_here(program, find_target("x86-64"), {}, arguments);
    test::check_on_target(GetParam(), program, parse_schedule(schedule), arguments, want, 1e-6);
}

INSTANTIATE_TEST_SUITE_P(Targets, RandomNumbersOn, testing::ValuesIn(all_targets()), [](const auto &info) {
    std::string name = info.param.name;
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
});

}  // namespace

}  // namespace sylvite
