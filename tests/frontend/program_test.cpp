#include "frontend/program.h"
#include "frontend/substitute.h"

#include <gtest/gtest.h>

using namespace sylvite;
using Halide::Param;
using Halide::Var;

namespace {

Var x("x");

// The text of the error that `act` throws, with the function of the message, or "" if it throws none.
template<typename F>
std::string error_of(const F &act) {
    try {
        act();
    } catch (const Halide::CompileError &e) {
        std::string text = e.what();
        return text.substr(0, text.find_last_not_of("\n ") + 1);
    }
    return "";
}

Array plus_one(const Array &a, std::vector<Expr> extents) {
    Func f("f");
    f(x) = a(x) + 1.f;
    return Array(f, std::move(extents));
}

#define EXPECT_ERROR(statement, message) \
    EXPECT_NE(error_of([&] { statement; }).find(message), std::string::npos) << error_of([&] { statement; })

TEST(Program, RefusesArraysThatAreNotAmongItsInputs) {
    Array u = input<float>("u", {4});
    EXPECT_ERROR(Program("p", {}, {{"y", plus_one(u, {4})}}),
                 "Program() needs all Arrays that its outputs depend on; p reads u, which is not among its inputs: add "
                 "it to the list.");
}

TEST(Program, RefusesParametersThatAreNotAmongItsInputs) {
    Param<int> n("n");
    Array u = input<float>("u", {n});
    EXPECT_ERROR(Program("p", {u}, {{"y", plus_one(u, {n})}}), "p reads n, which is not among its inputs");
}

TEST(Program, RefusesAStateOutsideItsLoop) {
    Array u = input<float>("u", {4}), leaked;
    loop(3, {u}, [&](Expr, const Arrays &s) {
        leaked = s[0];
        return s;
    });
    EXPECT_ERROR(Program("p", {u}, {{"y", leaked}}), "reads state u of a loop outside that loop");
}

TEST(Program, RefusesNamesThatAreTakenOrNoIdentifiers) {
    Array u = input<float>("u", {4});
    EXPECT_ERROR(Program("p", {u}, {{"u", plus_one(u, {4})}}), "needs distinct names; p has u twice");
    EXPECT_ERROR(Program("p q", {u}, {{"y", plus_one(u, {4})}}), "needs names that are C identifiers");
    EXPECT_ERROR(input<float>("2u", {4}), "needs a name that is a C identifier");
}

TEST(Program, UnknownInputNamesTheNearest) {
    Array u = input<float>("speed", {4});
    Program p("p", {u}, {{"y", plus_one(u, {4})}});
    EXPECT_ERROR(p.input("sped"), "Program p has no input sped; its inputs are speed: did you mean speed?");
}

TEST(Program, UnknownOutputNamesTheNearest) {
    Array u = input<float>("u", {4});
    EXPECT_ERROR(Program("p", {u}, {{"loss", u}, {"end", u}}).output("los"),
                 "Program p has no output los; its outputs are loss, end: did you mean loss?");
}

// Arrays that are gone when the next one is made, perhaps at the same address.
TEST(Substitution, TellsTemporaryArraysApart) {
    const Array a = input<float>("a", {4}), b = input<float>("b", {4});
    Substitution substitution;
    substitution.replace(a, b);
    for (int i = 0; i < 50; i++) {
        Func f("f");
        f(x) = a(x) + static_cast<float>(i);
        const Array copy = substitution(Array(f, {4}));
        const Expr value = copy.node()->value.value();
        EXPECT_TRUE(Halide::Internal::is_const(value.as<Halide::Internal::Add>()->b, i)) << i << ": " << value;
    }
}

TEST(Loop, RefusesAStateThatChangesItsExtents) {
    Array u = input<float>("u", {4});
    EXPECT_ERROR(
        loop(3, {u}, [&](Expr, const Arrays &s) { return Arrays{plus_one(s[0], {5})}; }),
        "loop() needs states that keep their extents; state 0 (u) of step is {4} before and {5} after a step.");
}

TEST(Loop, RefusesAStateThatChangesItsType) {
    Array u = input<float>("u", {4});
    EXPECT_ERROR(loop(3, {u},
                      [&](Expr, const Arrays &s) {
                          Func f("f");
                          f(x) = Halide::cast<double>(s[0](x));
                          return Arrays{Array(f, {4})};
                      }),
                 "loop() needs states that keep their type; state 0 (u) of step is float32 before and float64 after");
}

TEST(Loop, RefusesAMissingState) {
    Array u = input<float>("u", {4});
    EXPECT_ERROR(loop(3, {u, u}, [&](Expr, const Arrays &s) { return Arrays{s[0]}; }),
                 "step was given 2 and returns 1.");
}

TEST(Array, RefusesTuplesAndWrongRanks) {
    Func t("t");
    t(x) = Halide::Tuple(x, x);
    EXPECT_ERROR(Array(t, {4}), "Array() needs a Func with one value; t has 2");
    Func f("f");
    f(x) = x;
    EXPECT_ERROR(Array(f, {4, 4}), "f has 1 dimensions and 2 extents were given");
}

TEST(Array, RefusesExtentsThatNoArrayCanHave) {
    EXPECT_EQ(error_of([] {
                  input<float>("a", {4, -3});
              }),
              "Error: input() needs extents that are not negative; a has -3.");
    EXPECT_ERROR(plus_one(input<float>("a", {4}), {Expr(2) - 3}),
                 "Array() needs extents that are not negative; f has -1.");
    const Param<int64_t> n("n");
    const Param<uint16_t> m("m");
    EXPECT_EQ(error_of([&] { input<float>("a", {n}); }),
              "Error: input() needs extents that an int32 can hold; a has (int64)n: cast it to int32 if it is never "
              "larger.");
    EXPECT_ERROR(input<float>("a", {Expr(int64_t(1) << 32)}), "extents that an int32 can hold; a has");
    EXPECT_ERROR(input<float>("a", {Expr(1.f)}), "input() needs integer extents; a was given");
    EXPECT_EQ(error_of([&] { input<float>("a", {m, Expr(int64_t(5)), 0}); }), "");
}

TEST(Loop, RefusesStepsThatAreCutToInt32AndNamesThatSchedulesCannotSay) {
    const Array u = input<float>("u", {4});
    const auto step = [](Expr, const Arrays &state) { return state; };
    const Param<int64_t> n("n");
    EXPECT_EQ(error_of([&] { loop(n, {u}, step); }),
              "Error: loop() needs numbers of steps that an int32 can hold; step has (int64)n: cast it to int32 if "
              "it is never larger.");
    EXPECT_ERROR(loop(Expr(uint32_t(3000000000u)), {u}, step), "numbers of steps that an int32 can hold; step has");
    EXPECT_ERROR(loop(3, {u}, step, {.capacity = n}), "the capacity of step has (int64)n");
    EXPECT_EQ(error_of([&] { loop(3, {u}, step, {.name = "time step"}); }),
              "Error: loop() needs a name that is a C identifier, since schedules use it; it was given \"time step\".");
    EXPECT_EQ(error_of([&] { loop(Expr(int64_t(-1)), {u}, step); }), "");
}

TEST(Loop, UnpacksStatesIntoParametersAndBindings) {
    Array u = input<float>("u", {4}), v = input<double>("v", {2, 2});
    auto [a, b] = loop(3, {u, v}, [&](Expr, Array p, Array q) { return Arrays{plus_one(p, {4}), q}; });
    EXPECT_EQ(a.dimensions(), 1);
    EXPECT_EQ(b.dimensions(), 2);
    EXPECT_EQ(b.type(), Halide::Float(64));
    EXPECT_EQ(history(a).dimensions(), 2);
}

}  // namespace
