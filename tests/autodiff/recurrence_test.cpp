#include "pipelines.h"
#include "program_check.h"

using namespace sylvite;
using namespace sylvite::testing;

namespace {

class Recurrences : public ::testing::TestWithParam<size_t> {};
TEST_P(Recurrences, AllAtRoot) { check_derivatives(recurrences()[GetParam()], Placement::all_roots, 7); }
TEST_P(Recurrences, Inlined) { check_derivatives(recurrences()[GetParam()], Placement::inlined, 8); }
TEST_P(Recurrences, SecondOrder) { check_second_order(recurrences()[GetParam()], 11); }

INSTANTIATE_TEST_SUITE_P(Stages, Recurrences, ::testing::Range<size_t>(0, recurrences().size()), [](const auto &info) {
    std::string name = recurrences()[info.param].name;
    std::replace_if(
        name.begin(), name.end(), [](char c) { return !std::isalnum(static_cast<unsigned char>(c)); }, '_');
    return name;
});

// A schedule given before the derivative is asked for may have taken an update apart.
TEST(Rfactor, IsDifferentiated) {
    using namespace Halide;
    const Case product{"product in three parts", {6}, {{0, 2}}, [](const Func &in) {
                           Func f("f");
                           Var x("x"), u("u");
                           RDom r(0, 6);
                           RVar outer("outer"), inner("inner");
                           f(x) = Internal::make_one(Float(64));
                           f(x) *= in(r) + in(x);
                           f.update().split(r.x, outer, inner, 2).rfactor(outer, u).compute_root();
                           return f;
                       }};
    check_derivatives(product, Placement::all_roots, 1);
    check_derivatives(product, Placement::inlined, 2);
    check_second_order(product, 3);
    const Array a = input<double>("a", {6});
    const Program program("parts", {a}, {{"y", Array(product.build(a.func()), {2})}});
    check_program({"parts", program, {"a"}, {{"a", {6}}, {"y", {2}}}, {}}, 4);
}

TEST(EarlierStages, OfTuplesReadWhatWasThereBefore) {
    // (x, x) -> (2 x, exp(x)) -> (2 x exp(x), exp(x)): the derivative of the last stage reads a copy that ends before it,
    // in which exp must not read 2 x, not even where something else is inlined in the stage.
    using namespace Halide;
    for (const bool is_inlined : {false, true}) {
        SCOPED_TRACE(is_inlined);
        ImageParam in(Float(64), 1, "in");
        Var x("x");
        Func f("f"), two("two"), ones("ones");
        two(x) = Internal::make_const(Float(64), 2);
        f(x) = Tuple(in(x), in(x));
        f(x) = Tuple(f(x)[0] * two(x), exp(f(x)[0]));
        f(x) = Tuple(f(x)[0] * f(x)[1], f(x)[1]);
        ones(x) = Tuple(Internal::make_one(Float(64)), Internal::make_zero(Float(64)));
        Func gradient = vjp(f, ones, {{0, 2}})(in);
        if (!is_inlined) {
            compute_all_at_root({gradient});
        }
        Buffer<double> values(2);
        values(0) = 0.5, values(1) = -1;
        in.set(values);
        const Buffer<double> got = gradient.realize({2}, quick_target());
        for (int i = 0; i < 2; i++) {
            EXPECT_NEAR(got(i), 2 * std::exp(values(i)) * (1 + values(i)), 1e-14) << i;
        }
    }
}

}  // namespace
