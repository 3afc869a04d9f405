// Conventions at kinks and singular points, and which of Halide's operations have a rule.

#include "autodiff/linear_form.h"
#include "rule_check.h"
#include "tests/support/example.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>

using namespace sylvite;
using namespace sylvite::testing;
using namespace Halide;
using Halide::Internal::Call;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();

// The derivative of an expression at one point, said beforehand.
struct Kink {
    std::string name;
    std::function<Expr(const Operands &)> value;
    std::vector<double> at, derivative;
};

Expr real(double value) { return Internal::make_const(Float(64), value); }
Expr cut(const Expr &e) { return cast<double>(cast<int>(e)); }

const std::vector<Kink> kinks = {
    // Ties share evenly.
    {"min", [](auto &a) { return min(a[0], a[1]); }, {1, 1}, {0.5, 0.5}},
    {"max", [](auto &a) { return max(a[0], a[1]); }, {1, 1}, {0.5, 0.5}},
    {"min + max", [](auto &a) { return min(a[0], a[1]) + max(a[0], a[1]); }, {1, 1}, {1, 1}},
    {"strict min", [](auto &a) { return strict_float(min(a[0], a[1])); }, {1, 1}, {0.5, 0.5}},
    {"strict max", [](auto &a) { return strict_float(max(a[0], a[1])); }, {1, 1}, {0.5, 0.5}},
    {"min of one thing", [](auto &a) { return min(a[0], a[0]) + max(a[0] * 2, a[0] * 2); }, {1}, {3}},
    // Halide's simplifier takes a == a % c of floats for a == 0, and a % c < 1 for a % c == 0.
    {"max of a remainder", [](auto &a) { return max(a[0], a[0] % real(1.75)); }, {1}, {1}},
    {"min of a remainder", [](auto &a) { return min(a[0] % real(1.75), a[0]); }, {1}, {1}},
    {"min of a remainder and 1", [](auto &a) { return min(a[0] % real(1.75), real(1)); }, {0.5}, {1}},
    {"max of a remainder and 1", [](auto &a) { return max(real(1), a[0] % real(1.75)); }, {1.5}, {1}},
    {"abs of a remainder", [](auto &a) { return abs(a[0] % real(2) - 1) + abs(1 - a[0] % real(2)); }, {0.5}, {-2}},
    {"relu", [](auto &a) { return max(a[0], real(0)); }, {0}, {0.5}},
    {"clamp at its lower end", [](auto &a) { return clamp(a[0], real(0), real(1)); }, {0}, {0.5}},
    {"clamp at its upper end", [](auto &a) { return clamp(a[0], real(0), real(1)); }, {1}, {0.5}},
    {"min of a singularity", [](auto &a) { return min(a[0], 1 / a[1]); }, {1, 0}, {1, 0}},
    // Zero at a kink.
    {"abs", [](auto &a) { return abs(a[0]); }, {0}, {0}},
    {"abs of -0", [](auto &a) { return abs(a[0]); }, {-0.0}, {0}},
    // What is not chosen contributes exactly 0.
    {"sqrt behind a select", [](auto &a) { return select(a[0] > 0, sqrt(a[0]), real(0)); }, {0}, {0}},
    {"1 / x behind a select", [](auto &a) { return select(a[0] != 0, 1 / a[0], a[0]); }, {0}, {1}},
    {"log behind a select", [](auto &a) { return select(a[0] > 0, log(a[0]), a[0] * a[0]); }, {-3}, {-6}},
    {"a factor of a select", [](auto &a) { return a[1] * select(a[0] > 0, sqrt(a[0]), real(2)); }, {0, 3}, {0, 2}},
    {"selects in selects",
     [](auto &a) {
         return select(a[0] > 0, select(a[0] > 1, a[0], sqrt(a[0])), select(a[0] < -1, log(a[0]), a[0] * 5));
     },
     {0},
     {5}},
    {"a shared subexpression under two conditions",
     [](auto &a) {
         const Expr shared = log(a[0]);
         return select(a[0] > 0, shared, real(0)) + select(a[0] > 1, shared * shared, a[0]);
     },
     {0},
     {1}},
    {"a shared subexpression under opposite conditions",
     [](auto &a) {
         const Expr shared = sqrt(a[0]);
         return select(a[1] > 0, shared, real(0)) * 3 + select(a[1] <= 0, shared, a[0]);
     },
     {4, 1},
     {1.75, 0}},
    {"a chain below a condition",
     [](auto &a) { return select(a[1] > 0, a[0], exp(sqrt(log(a[0]) * 7) / a[1])); },
     {0, 1},
     {1, 0}},
    {"if_then_else",
     [](auto &a) {
         return Call::make(Float(64), Call::if_then_else, {a[0] > 0, sqrt(a[0]), a[0] * 2}, Call::PureIntrinsic);
     },
     {0},
     {2}},
    {"mux",
     [](auto &a) {
         return mux(cast<int>(a[1]), {1 / a[0], a[0] * 3, log(a[0])});
     },
     {0, 1},
     {3, 0}},
    {"lerp of the infinite",
     [](auto &a) { return select(a[0] > 0, lerp(1 / a[0], a[0], a[1]), a[0]); },
     {0, 0.5},
     {1, 0}},
    // Powers.
    {"0^y", [](auto &a) { return pow(a[0], a[1]); }, {0, 2}, {0, 0}},
    {"0^1", [](auto &a) { return pow(a[0], a[1]); }, {0, 1}, {1, 0}},
    {"0^0", [](auto &a) { return pow(a[0], a[1]); }, {0, 0}, {0, 0}},
    {"0^half", [](auto &a) { return pow(a[0], a[1]); }, {0, 0.5}, {inf, 0}},
    {"(-2)^3", [](auto &a) { return pow(a[0], a[1]); }, {-2, 3}, {12, nan}},
    {"(-2)^3 by the base only", [](auto &a) { return pow(a[0], real(3)); }, {-2}, {12}},
    // Singular points.
    {"sqrt", [](auto &a) { return sqrt(a[0]); }, {0}, {inf}},
    {"log", [](auto &a) { return log(a[0]); }, {0}, {inf}},
    {"asin", [](auto &a) { return asin(a[0]); }, {1}, {inf}},
    {"acos", [](auto &a) { return acos(a[0]); }, {1}, {-inf}},
    {"acosh", [](auto &a) { return acosh(a[0]); }, {1}, {inf}},
    {"atanh", [](auto &a) { return atanh(a[0]); }, {1}, {inf}},
    {"atan2", [](auto &a) { return atan2(a[0], a[1]); }, {0, 0}, {nan, nan}},
    // Floored remainders.
    {"%", [](auto &a) { return a[0] % a[1]; }, {-5.5, 2}, {1, 3}},
    {"% of a negative", [](auto &a) { return a[0] % a[1]; }, {5.5, -2}, {1, 3}},
    {"% at its jump", [](auto &a) { return a[0] % a[1]; }, {4, 2}, {1, -2}},
    // Integers cut.
    {"floor", [](auto &a) { return floor(a[0]) * a[0]; }, {2.5}, {2}},
    {"a cast to an integer", [](auto &a) { return cut(a[0]) * a[0]; }, {2.5}, {2}},
    {"a condition", [](auto &a) { return cast<double>(a[0] > 1) * a[0]; }, {2.5}, {1}},
    {"an index",
     [](auto &a) {
         return mux(cast<int>(a[0]), {real(5), real(7)}) * a[0];
     },
     {1},
     {7}},
    {"lerp by all of uint8", [](auto &a) { return lerp(a[0], a[1], cast<uint8_t>(255)); }, {1, 2}, {0, 1}},
    {"lerp by a fifth of uint16", [](auto &a) { return lerp(a[0], a[1], cast<uint16_t>(13107)); }, {1, 2}, {0.8, 0.2}},
    {"lerp by an integer made from a float",
     [](auto &a) { return lerp(a[0], a[1], cast<uint8_t>(a[2])); },
     {1, 2, 51},
     {0.8, 0.2, 0}},
    // Conversions.
    {"saturating_cast", [](auto &a) { return cast<double>(saturating_cast<float>(a[0])); }, {2}, {1}},
    {"saturating_cast to an integer", [](auto &a) { return cast<double>(saturating_cast<uint8_t>(a[0])); }, {2}, {0}},
    {"fast_log of a power of two", [](auto &a) { return cast<double>(fast_log(cast<float>(a[0]))); }, {0.25}, {4}},
};

TEST(Kinks, HaveTheirConventionalDerivativeInBothModes) {
    std::vector<Example> examples;
    Buffer<double> operands(1, 3, static_cast<int>(kinks.size()));
    operands.fill(0);
    for (size_t e = 0; e < kinks.size(); e++) {
        examples.push_back({kinks[e].name, kinks[e].value, {}});
        for (size_t k = 0; k < kinks[e].at.size(); k++) {
            operands(0, static_cast<int>(k), static_cast<int>(e)) = kinks[e].at[k];
            examples[e].tested_on.emplace_back(kinks[e].at[k], kinks[e].at[k]);
        }
    }
    for (const Mode mode : {Mode::forward, Mode::reverse}) {
        const auto derivatives = differentiate(examples, operands, Float(64), mode, 1);
        for (size_t e = 0; e < kinks.size(); e++) {
            for (size_t k = 0; k < kinks[e].at.size(); k++) {
                const double got = derivatives[e][0].first[k], wanted = kinks[e].derivative[k];
                EXPECT_TRUE(std::isnan(wanted) ? std::isnan(got) : got == wanted || std::abs(got - wanted) < 1e-12)
                    << kinks[e].name << (mode == Mode::forward ? ", forward: " : ", reverse: ") << "partial " << k
                    << " is " << got << ", the convention is " << wanted;
            }
        }
    }
}

// The second derivative of what is not chosen is 0 as well, as are products of the infinite with zero tangents.
TEST(Kinks, SecondDerivativesOfWhatIsNotChosenAreZero) {
    const std::vector<Example> examples = {
        {"sqrt", [](auto &a) { return select(a[0] > 0, sqrt(a[0]), a[0] * a[0] * a[0]); }, {{0, 0}}},
        {"shared",
         [](auto &a) {
             const Expr shared = log(a[0]);
             return select(a[0] > 0, shared, real(0)) + select(a[0] > 1, shared * shared, a[0] * a[0]);
         },
         {{0, 0}}},
    };
    Buffer<double> operands(1, 1, 2);
    operands.fill(0);
    for (const Mode mode : {Mode::forward, Mode::reverse}) {
        const auto derivatives = differentiate(examples, operands, Float(64), mode, 2);
        EXPECT_EQ(derivatives[0][0].first[0], 0);
        EXPECT_EQ(derivatives[0][0].second[0][0], 0);
        EXPECT_EQ(derivatives[1][0].first[0], 0);
        EXPECT_EQ(derivatives[1][0].second[0][0], 2);
    }
}

// Intrinsics of Halide 21 that never make a float from floats in an algorithm: integers, conditions, and what only
// lowering makes.
const std::set<std::string> without_floats = {
    "absd",
    "add_image_checks_marker",
    "alloca",
    "bitwise_and",
    "bitwise_not",
    "bitwise_or",
    "bitwise_xor",
    "bool_to_mask",
    "bundle",
    "call_cached_indirect_function",
    "cast_mask",
    "concat_bits",
    "count_leading_zeros",
    "count_trailing_zeros",
    "debug_to_file",
    "declare_box_touched",
    "div_round_to_zero",
    "dynamic_shuffle",
    "extract_bits",
    "extract_mask_element",
    "get_runtime_vscale",
    "get_user_context",
    "gpu_thread_barrier",
    "halving_add",
    "halving_sub",
    "hvx_gather",
    "hvx_scatter",
    "hvx_scatter_acc",
    "hvx_scatter_release",
    "if_then_else_mask",
    "image_load",
    "image_store",
    "load_typed_struct_member",
    "make_struct",
    "mod_round_to_zero",
    "mul_shift_right",
    "popcount",
    "prefetch",
    "profiling_enable_instance_marker",
    "register_destructor",
    "require_mask",
    "rewrite_buffer",
    "rounding_halving_add",
    "rounding_mul_shift_right",
    "rounding_shift_left",
    "rounding_shift_right",
    "saturating_add",
    "saturating_sub",
    "scatter_gather",
    "select_mask",
    "shift_left",
    "shift_right",
    "signed_integer_overflow",
    "size_of_halide_buffer_t",
    "skip_stages_marker",
    "sliding_window_marker",
    "sorted_avg",
    "strict_eq",
    "strict_le",
    "strict_lt",
    "stringify",
    "target_arch_is",
    "target_bits",
    "target_has_feature",
    "target_natural_vector_size",
    "target_os_is",
    "unreachable",
    "widen_right_add",
    "widen_right_mul",
    "widen_right_sub",
    "widening_add",
    "widening_mul",
    "widening_shift_left",
    "widening_shift_right",
    "widening_sub",
};

TEST(Intrinsics, OfHalideHaveARuleOrNoFloats) {
    int with_rule = 0, without = 0;
    for (int op = 0; op < Call::IntrinsicOpCount; op++) {
        const std::string name = Call::get_intrinsic_name(static_cast<Call::IntrinsicOp>(op));
        const bool has_rule = rule_for(name) != nullptr;
        EXPECT_NE(has_rule, without_floats.count(name) == 1) << name;
        has_rule ? with_rule++ : without++;
    }
    std::cout << "intrinsics: " << with_rule << " have a rule, " << without << " have no floats\n";
}

// An intrinsic without a rule is refused by name if it is asked for nevertheless, and so is any other function.
TEST(Intrinsics, WithoutARuleAreRefused) {
    Func x("x");
    x() = 1.f;
    const auto differentiate = [](const Expr &e) {
        linear_form(
            {e}, {Internal::make_one(Float(32))}, [](const ReadTarget &) { return true; }, "y");
    };
    int refused = 0;
    for (const std::string &name : without_floats) {
        const Expr call = Call::make(Float(32), name, {x()}, Call::PureIntrinsic);
        EXPECT_EQ(error_of([&] { differentiate(call); }),
                  "A derivative needs a rule for every operation; y has \"" + name + "\" in " + name +
                      "(x()), which has none: write it with operations of docs/rules.md, or give it a custom_rule().");
        refused++;
    }
    EXPECT_EQ(refused, static_cast<int>(without_floats.size()));
    // C functions that are named like rows are not what those rows are about.
    for (const auto &[name, type] : {std::pair{"random", Call::Extern},
                                     {"lerp", Call::PureExtern},
                                     {"sin", Call::PureExtern},
                                     {"sin_f32", Call::Extern}}) {
        const Expr call = Call::make(Float(32), name, {x()}, type);
        EXPECT_EQ(error_of([&] { differentiate(call); }),
                  std::string("A derivative needs a rule for every operation; y has \"extern ") + name + "\" in " +
                      name +
                      "(x()), which has none: write it with operations of docs/rules.md, or give it a custom_rule().");
    }
}

}  // namespace
