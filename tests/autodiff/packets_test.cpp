#include "autodiff/vmap.h"
#include "frontend/graph.h"
#include "pipelines.h"
#include "program_check.h"

#include <complex>

using namespace sylvite;
using namespace sylvite::testing;
using namespace Halide;

namespace {

class Packets : public ::testing::TestWithParam<size_t> {};
TEST_P(Packets, AllAtRoot) { check_derivatives(packets()[GetParam()], Placement::all_roots, 7); }
TEST_P(Packets, Inlined) { check_derivatives(packets()[GetParam()], Placement::inlined, 8); }
TEST_P(Packets, SecondOrder) { check_second_order(packets()[GetParam()], 11); }

INSTANTIATE_TEST_SUITE_P(Stages, Packets, ::testing::Range<size_t>(0, packets().size()), [](const auto &info) {
    std::string name = packets()[info.param].name;
    std::replace_if(
        name.begin(), name.end(), [](char c) { return !std::isalnum(static_cast<unsigned char>(c)); }, '_');
    return name;
});

const Case &packet_case(const std::string &name) {
    return *std::find_if(packets().begin(), packets().end(), [&](const Case &c) { return c.name == name; });
}

Func func_named(const std::vector<Func> &outputs, const std::string &name) {
    for (const Internal::Function &function : functions_of(outputs)) {
        if (plain_name(function.name()) == name) {
            return Func(function);
        }
    }
    ADD_FAILURE() << "no " << name;
    return Func();
}

// What derivatives compute of the values themselves is what Halide computes, bit by bit: in lockstep with tangents, and
// in the run that records what was read.
TEST(PacketValues, AreThoseOfHalide) {
    Var x("x"), c("c");
    for (const char *name : {"the last of several values for one place", "bubble sort", "places that the Func says",
                             "sums of which the last counts"}) {
        SCOPED_TRACE(name);
        const Case &of = packet_case(name);
        const int size = of.in_sizes[0];
        ImageParam in(Float(64), 1, "in"), v(Float(64), 1, "v");
        const Func f = of.build(in), tangent = jvp(f, {{in, v}}), gradient = vjp(f, v, {{0, size}})(in);
        const Func lockstep = func_named({tangent}, "f_with_tangent");
        std::vector<Func> values{f, Func("of_lockstep")};
        values[1](x) = lockstep(x)[1];
        if (std::string(name) != "sums of which the last counts") {  // which are linear: nothing is recorded
            values.emplace_back("of_record");
            values[2](x) = func_named({gradient}, "reads_of_f")(x, 0);
        }
        compute_all_at_root(values);
        std::mt19937 random(3);
        in.set(random_buffer({size}, random, 0.2, 1.8));
        v.set(random_buffer({size}, random, -1, 1));
        std::vector<Buffer<double>> got(values.size(), Buffer<double>());
        std::vector<Buffer<>> to;
        for (Buffer<double> &each : got) {
            each = Buffer<double>(size);
            to.emplace_back(each);
        }
        Pipeline(values).realize(Realization(to), quick_target());
        for (int i = 0; i < size; i++) {
            for (size_t k = 1; k < got.size(); k++) {
                EXPECT_EQ(got[k](i), got[0](i)) << k << " at " << i;
            }
        }
    }
}

// The case is what it is called.
TEST(PacketValues, OfTheFourierTransform) {
    const Case &of = packet_case("Fourier transform in place");
    std::mt19937 random(4);
    Buffer<double> in = random_buffer({8, 2}, random, -1, 1);
    ImageParam image(Float(64), 2, "in");
    image.set(in);
    const Buffer<double> got = Func(of.build(image)).realize({8}, quick_target());
    for (int k = 0; k < 8; k++) {
        std::complex<double> sum;
        for (int n = 0; n < 8; n++) {
            sum += std::complex<double>(in(n, 0), in(n, 1)) * std::polar(1.0, -2 * M_PI * k * n / 8);
        }
        const double a = sum.real(), b = sum.imag();
        EXPECT_NEAR(got(k), a * a + a * b + b * b, 1e-12) << k;
    }
}

// Values, gradients and tangents for many inputs at once are those for each.
TEST(PacketsOfABatch, AreThoseOfTheElements) {
    constexpr int batch = 3;
    for (const char *name :
         {"butterflies", "the last of several values for one place", "swaps where data say", "places that are data"}) {
        SCOPED_TRACE(name);
        const Case &of = packet_case(name);
        const int size = of.in_sizes[0];
        ImageParam in(Float(64), 1, "in"), v(Float(64), 1, "v"), many(Float(64), 2, "many");
        const Func f = of.build(in);
        const std::vector<Func> single{f, jvp(f, {{in, v}}), vjp(f, v, {{0, size}})(in)};
        std::vector<Func> all = vmap(single, {{in, many}});
        // The gradient of all is that of each.
        Func weights("weights");
        Var x("x"), b("b");
        weights(x, b) = v(x);
        all.push_back(vjp(all[0], weights, {{0, size}, {0, batch}})(many));
        compute_all_at_root(all);
        compute_all_at_root(single);
        std::mt19937 random(5);
        const Buffer<double> values = random_buffer({size, batch}, random, 0.2, 1.8);
        many.set(values);
        v.set(random_buffer({size}, random, -1, 1));
        std::vector<Buffer<double>> got;
        for (int k = 0; k < 4; k++) {
            got.emplace_back(size, batch);
        }
        Pipeline(all).realize({got[0], got[1], got[2], got[3]}, quick_target());
        for (int element = 0; element < batch; element++) {
            Buffer<double> one(size), value(size), tangent(size), gradient(size);
            for (int i = 0; i < size; i++) {
                one(i) = values(i, element);
            }
            in.set(one);
            Pipeline(single).realize({value, tangent, gradient}, quick_target());
            for (int i = 0; i < size; i++) {
                EXPECT_EQ(got[0](i, element), value(i));
                EXPECT_NEAR(got[1](i, element), tangent(i), 1e-13);
                EXPECT_NEAR(got[2](i, element), gradient(i), 1e-13);
                EXPECT_NEAR(got[3](i, element), gradient(i), 1e-13);
            }
        }
    }
}

// The body of a loop mixes its state in place.
TEST(PacketsInALoop, AreDifferentiated) {
    Var x("x");
    const Array a = input<double>("a", {6}), w = input<double>("w", {6});
    const Array end = loop(Expr(3), {a}, [&](const Expr &, const Arrays &state) {
        Func next("next");
        RDom r(0, 3);
        next(x) = state[0](x);
        next(scatter(r, 5 - r)) = gather(next(5 - r) * w(r) + next(r), sin(next(r)));
        return Arrays{Array(next, {6})};
    })[0];
    Func energy("energy");
    RDom all(0, 6);
    energy() = Internal::make_zero(Float(64));
    energy() += end(all) * end(all);
    const std::map<std::string, std::vector<int>> sizes{{"a", {6}}, {"w", {6}}, {"y", {6}}};
    check_program({"mixing", Program("mixing", {a, w}, {{"y", end}}), {"a", "w"}, sizes, {}}, 1);
    check_second_order({"mixed",
                        Program("mixed", {a, w}, {{"e", Array(energy, {})}}),
                        {"a", "w"},
                        {{"a", {6}}, {"w", {6}}, {"e", {}}},
                        {}},
                       2);
}

}  // namespace
