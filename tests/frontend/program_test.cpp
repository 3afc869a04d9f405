#include "frontend/program.h"
#include "frontend/substitute.h"

#include <gtest/gtest.h>

#include <future>

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
    loop(3, {u}, [&](const Expr &, const Arrays &s) {
        leaked = s[0];
        return s;
    });
    EXPECT_ERROR(Program("p", {u}, {{"y", leaked}}), "reads state u of a loop outside that loop");
}

TEST(Program, RefusesAnArmThatChangesTheTypeOfAState) {
    Array u = input<float>("u", {4});
    Func whole("whole");
    whole(x) = cast<int>(u(x));
    EXPECT_ERROR(branch(
                     u(0) > 0.f, {u}, [&](const Arrays &) { return Arrays{Array(whole, {4})}; },
                     [](const Arrays &s) { return s; }),
                 "branch() needs states that keep their type; state 0 (u) of branch_then is float32 before and int32");
}

TEST(Program, RefusesWhatChangesInALoopBesideItsResult) {
    Array u = input<float>("u", {4}), leaked;
    Expr step;
    const Array end = loop(3, {u}, [&](const Expr &t, const Arrays &s) {
        step = t;
        leaked = plus_one(s[0], {4});
        return Arrays{leaked};
    })[0];
    EXPECT_ERROR(Program("p", {u}, {{"z", end}, {"y", leaked}}), "reads state u of a loop outside that loop");
    Func late("late");
    late(Var("x")) = end(Var("x")) + cast<float>(step);
    EXPECT_ERROR(Program("p", {u}, {{"z", end}, {"y", Array(late, {4})}}),
                 "the number of a loop's step, outside that loop");
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
        loop(3, {u}, [&](const Expr &, const Arrays &s) { return Arrays{plus_one(s[0], {5})}; }),
        "loop() needs states that keep their extents; state 0 (u) of step is {4} before and {5} after a step.");
}

TEST(Loop, RefusesAStateThatChangesItsType) {
    Array u = input<float>("u", {4});
    EXPECT_ERROR(loop(3, {u},
                      [&](const Expr &, const Arrays &s) {
                          Func f("f");
                          f(x) = Halide::cast<double>(s[0](x));
                          return Arrays{Array(f, {4})};
                      }),
                 "loop() needs states that keep their type; state 0 (u) of step is float32 before and float64 after");
}

TEST(Loop, RefusesABodyThatReadsAnArrayThatIsNotDefined) {
    const Array u = input<float>("u", {4}), undefined;
    const std::string reads = " reads one that is not: give it a value first.";
    const LoopOptions named{.name = "heat"};
    EXPECT_EQ(error_of([&] {
                  loop(
                      3, {u}, [&](const Expr &, const Arrays &) { return Arrays{plus_one(undefined, {4})}; }, named);
              }),
              "Error: loop() needs Arrays that are defined; heat" + reads);
    EXPECT_ERROR(
        loop(
            3, {u}, [&](const Expr &, const Arrays &) { return Arrays{Array(zero_outside(undefined), {4})}; }, named),
        "loop() needs Arrays that are defined; heat" + reads);
    EXPECT_ERROR(while_loop([&](const Arrays &) { return undefined(0) > 0; }, {u},
                            [](const Expr &, const Arrays &s) { return s; }, named),
                 "while_loop() needs Arrays that are defined; heat" + reads);
    EXPECT_ERROR(scan(3, {u}, {},
                      [&](const Expr &, const Arrays &s, const Arrays &) {
                          return Scanned{s, {plus_one(undefined, {4})}};
                      }),
                 "scan() needs Arrays that are defined; scan" + reads);
    // The inner loop is named where it is in one.
    EXPECT_ERROR(loop(3, {u},
                      [&](const Expr &, const Arrays &s) {
                          return loop(
                              2, s, [&](const Expr &, const Arrays &) { return Arrays{plus_one(undefined, {4})}; },
                              named);
                      }),
                 "heat" + reads);
    EXPECT_ERROR(loop(
                     3, {u}, [&](const Expr &, const Arrays &) { return Arrays{Array()}; }, named),
                 "loop() needs defined states; state 0 (u) of heat is not after a step.");
    EXPECT_EQ(error_of([&] { undefined(0); }),
              "Error: An Array must be defined before it is read: give it a value first.");
}

TEST(Loop, RefusesAMissingState) {
    Array u = input<float>("u", {4});
    EXPECT_ERROR(loop(3, {u, u}, [&](const Expr &, const Arrays &s) { return Arrays{s[0]}; }),
                 "step was given 2 and returns 1.");
}

// A second state that counts, and what is made of the results.
Program counting(const std::function<Arrays(const Arrays &)> &loop, const std::vector<int> &outputs) {
    const Array u = input<float>("u", {4}), v = input<float>("v", {4});
    const Arrays results = loop({u, v});
    std::vector<ProgramOutput> named;
    for (const int i : outputs) {
        named.push_back({"y" + std::to_string(i), results[i]});
    }
    return Program("p", {u, v}, named);
}

TEST(Program, RefusesAStateThatChangesNoOutput) {
    const auto apart = [](const Arrays &s) { return Arrays{plus_one(s[0], {4}), plus_one(s[1], {4})}; };
    const auto plain = [&](const Arrays &init) {
        return loop(3, init, [&](const Expr &, const Arrays &s) { return apart(s); }, {.name = "turn"});
    };
    const auto stepped = [&](const Arrays &init) {
        return while_loop([](const Arrays &s) { return s[0](0) < 3.f; }, init,
                          [&](const Expr &, const Arrays &s) { return apart(s); }, {.name = "turn"})
            .state;
    };
    const auto scanned = [&](const Arrays &init) {
        return scan(3, init, {},
                    [&](const Expr &, const Arrays &s, const Arrays &) {
                        return Scanned{apart(s), {s[0]}};
                    },
                    {.name = "turn"})
            .state;
    };
    const std::string refused =
        "Error: Program() needs states that an output depends on; state 1 (v) of turn in p changes "
        "none: leave it out, or make its result an output. Program::derived() takes some outputs of another program.";
    for (const std::function<Arrays(const Arrays &)> &flow :
         {std::function<Arrays(const Arrays &)>(plain), {stepped}, {scanned}}) {
        EXPECT_EQ(error_of([&] { counting(flow, {0}); }), refused);
        EXPECT_EQ(error_of([&] { counting(flow, {0, 1}); }), "");
    }
    // The condition of a while_loop needs its state.
    EXPECT_EQ(error_of([&] { counting(stepped, {1}); }), "");
    EXPECT_ERROR(counting(plain, {1}), "state 0 (u) of turn in p changes none");
    // In a loop within another.
    EXPECT_EQ(error_of([&] {
                  counting(
                      [&](const Arrays &init) {
                          return loop(2, {init[0]}, [&](const Expr &, const Arrays &s) {
                              return Arrays{plain({s[0], init[1]})[0]};
                          });
                      },
                      {0});
              }),
              refused);
}

// Whatever programs were made of the loop before, or are being made.
TEST(Program, JudgesStatesByTheProgramAlone) {
    const Array u = input<float>("u", {4}), v = input<float>("v", {4});
    const Arrays results = loop(3, {u, v}, [](const Expr &, const Arrays &s) {
        return Arrays{plus_one(s[0], {4}), plus_one(s[1], {4})};
    });
    const std::vector<ProgramOutput> one{{"y", results[0]}}, all{{"y", results[0]}, {"z", results[1]}};
    const auto verdicts = [&] {
        std::vector<std::string> texts;
        for (int i = 0; i < 20; i++) {
            texts.push_back(error_of([&] { Program("p", {u, v}, one); }));
            texts.push_back(error_of([&] { Program("p", {u, v}, all); }));
            texts.push_back(error_of([&] { Program::derived("p", {u, v}, one); }));
        }
        return texts;
    };
    auto elsewhere = std::async(std::launch::async, verdicts);
    const std::vector<std::string> here = verdicts();
    EXPECT_EQ(elsewhere.get(), here);
    for (size_t i = 0; i < here.size(); i++) {
        EXPECT_EQ(here[i].empty(), i % 3 != 0) << i << ": " << here[i];
    }
}

// An error of the user's own stays what it is, whatever it says.
TEST(Program, PassesOnErrorsOfABody) {
    const Array u = input<float>("u", {4});
    const std::string text = "An Array must be defined before it is read";
    const auto turn = [&](const std::function<Array(const Array &)> &body) {
        return error_of([&] { loop(3, {u}, [&](const Expr &, const Arrays &s) { return Arrays{body(s[0])}; }); });
    };
    EXPECT_EQ(turn([&](const Array &) -> Array { throw Halide::CompileError(text); }), text);
    EXPECT_EQ(turn([&](const Array &) { return plus_one(Array(), {4}); }),
              "Error: loop() needs Arrays that are defined; step reads one that is not: give it a value first.");
}

TEST(Program, TakesStatesThatAnOutputNeedsSomehow) {
    const auto crossed = [](const Arrays &init) {
        return loop(3, init, [](const Expr &, const Arrays &s) { return Arrays{plus_one(s[1], {4}), s[0]}; });
    };
    EXPECT_EQ(error_of([&] { counting(crossed, {0}); }), "");
    // By a history, by an arm of a branch, and by how many steps an inner loop makes.
    EXPECT_EQ(error_of([&] {
                  counting(
                      [&](const Arrays &init) {
                          const Arrays results = loop(3, init, [](const Expr &, const Arrays &s) {
                              return Arrays{plus_one(s[0], {4}), plus_one(s[1], {4})};
                          });
                          return Arrays{results[0], slice(history(results[1]), 2)};
                      },
                      {0, 1});
              }),
              "");
    EXPECT_EQ(error_of([&] {
                  counting(
                      [](const Arrays &init) {
                          return branch(
                              init[0](0) > 0.f, init,
                              [](const Arrays &s) {
                                  return Arrays{s[1], s[1]};
                              },
                              [](const Arrays &s) { return s; });
                      },
                      {0});
              }),
              "");
    EXPECT_EQ(error_of([&] {
                  counting(
                      [](const Arrays &init) {
                          return loop(3, init, [](const Expr &, const Arrays &s) {
                              const Expr count = Halide::cast<int>(s[1](0));
                              return Arrays{
                                  loop(count, {s[0]},
                                       [](const Expr &, const Arrays &t) { return Arrays{plus_one(t[0], {4})}; })[0],
                                  plus_one(s[1], {4})};
                          });
                      },
                      {0});
              }),
              "");
}

TEST(Program, MayTakeAPartOfWhatAnotherMakes) {
    const Array u = input<float>("u", {4}), v = input<float>("v", {4});
    const Arrays both = loop(3, {u, v}, [](const Expr &, const Arrays &s) {
        return Arrays{plus_one(s[0], {4}), plus_one(s[1], {4})};
    });
    const Arrays fixed = loop(3, {zeros("z", Halide::Float(32), {4}), zeros("w", Halide::Float(32), {4})},
                              [](const Expr &, const Arrays &s) {
                                  return Arrays{plus_one(s[0], {4}), plus_one(s[1], {4})};
                              });
    const Program all("all", {u, v}, {{"a", both[0]}, {"b", both[1]}, {"c", fixed[0]}, {"d", fixed[1]}});
    EXPECT_EQ(error_of([&] { Program::derived("one", {u, v}, {{"a", all.output("a")}}); }), "");
    EXPECT_EQ(error_of([&] {
                  const Arrays called = call(all, {v, u});
                  Program("calling", {u, v}, {{"b", called[1]}, {"d", called[3]}});
              }),
              "");
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
    const auto step = [](const Expr &, const Arrays &state) { return state; };
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
    auto [a, b] = loop(3, {u, v}, [&](const Expr &, const Array &p, const Array &q) {
        return Arrays{plus_one(p, {4}), q};
    });
    EXPECT_EQ(a.dimensions(), 1);
    EXPECT_EQ(b.dimensions(), 2);
    EXPECT_EQ(b.type(), Halide::Float(64));
    EXPECT_EQ(history(a).dimensions(), 2);
}

}  // namespace
