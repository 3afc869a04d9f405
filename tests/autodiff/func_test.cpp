#include "pipelines.h"

using namespace sylvite;
using namespace sylvite::testing;

namespace {

class FuncDerivatives : public ::testing::TestWithParam<size_t> {};

TEST_P(FuncDerivatives, AllAtRoot) { check_derivatives(pipelines()[GetParam()], Placement::all_roots, 7); }
TEST_P(FuncDerivatives, Inlined) { check_derivatives(pipelines()[GetParam()], Placement::inlined, 8); }

INSTANTIATE_TEST_SUITE_P(Pipelines, FuncDerivatives, ::testing::Range<size_t>(0, pipelines().size()),
                         [](const auto &info) {
                             std::string name = pipelines()[info.param].name;
                             for (char &c : name) {
                                 c = std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
                             }
                             return name;
                         });

// As a tree, the hash of a place has 2^40 nodes.
TEST(SharedExpressions, AreNotWrittenOut) {
    constexpr int n = 5;
    const auto hash = [](auto h) {
        for (int i = 0; i < 40; i++) {
            h = h ^ (h / 2 + i);
        }
        return h % 16;
    };
    const Halide::Var x("x");
    const Halide::RDom r(0, n);
    Halide::Buffer<double> values(n);
    values.for_each_element([&](int i) { values(i) = i + 1; });
    Halide::Func in("in"), loss("loss");
    in(x) = values(x);
    loss() += in(r)*in(r)*Halide::cast<double>(hash(Halide::Expr(r)));
    const Halide::Buffer<double> slope = grad(loss)(in).realize({n});
    slope.for_each_element([&](int i) { EXPECT_EQ(slope(i), 2 * values(i) * hash(i)) << i; });
}

}  // namespace
