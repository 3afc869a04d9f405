#include "autoscheduler/generator_main/parameters.h"
#include "autoscheduler/generator_main/words.h"

#include <gtest/gtest.h>

using namespace sylvite;

namespace {

using Values = Parameters::Values;

// The text of the error that `act` throws, or "" if it throws none.
template<typename F>
std::string error_of(const F &act) {
    try {
        act();
    } catch (const Halide::CompileError &error) {
        return one_line(error.what());
    }
    return "";
}

TEST(Parameters, GivenValuesReplaceDefaults) {
    Parameters p(Values{{"n", "-7"}, {"k", "2.5e-3"}, {"fast", "false"}, {"edge", "periodic"}, {"t", "float64"}});
    EXPECT_EQ(p.integer("n", 512), -7);
    EXPECT_EQ(p.real("k", 0.1), 2.5e-3);
    EXPECT_FALSE(p.flag("fast", true));
    EXPECT_EQ(p.choice("edge", "zero", {"zero", "periodic"}), "periodic");
    EXPECT_EQ(p.type("t", Halide::Float(32)), Halide::Float(64));
    EXPECT_EQ(error_of([&] { p.refuse_unknown(); }), "");
}

TEST(Parameters, DefaultsStandWhereNothingIsGiven) {
    Parameters p;
    EXPECT_EQ(p.integer("n", 512), 512);
    EXPECT_EQ(p.real("k", 0.1), 0.1);
    EXPECT_TRUE(p.flag("fast", true));
    EXPECT_EQ(p.choice("edge", "zero", {"zero", "periodic"}), "zero");
    EXPECT_EQ(p.type("t", Halide::UInt(8)), Halide::UInt(8));
    EXPECT_EQ(error_of([&] { p.refuse_unknown(); }), "");
}

TEST(Parameters, AreDeclaredByAsking) {
    Parameters p(Values{{"n", "8"}});
    p.integer("n", 512, {.help = "cells", .minimum = 2, .maximum = 4096});
    p.real("k", 0.25, {.minimum = 0});
    p.integer("n", 512, {.help = "cells", .minimum = 2, .maximum = 4096});
    ASSERT_EQ(p.declared().size(), 2u);
    EXPECT_EQ(p.declared()[0].name, "n");
    EXPECT_EQ(p.declared()[0].value, "512");
    EXPECT_EQ(p.declared()[0].kind, "an integer from 2 to 4096");
    EXPECT_EQ(p.declared()[0].help, "cells");
    EXPECT_EQ(p.declared()[1].kind, "a number, at least 0");
    EXPECT_EQ(p.declared()[1].value, "0.25");
}

TEST(Parameters, RefuseValuesOfAnotherKindOrOutOfRange) {
    for (const char *bad : {"many", "3.5", "3x", "99999999999", "1"}) {
        EXPECT_EQ(error_of([&] {
                      Parameters(Values{{"n", bad}}).integer("n", 512, {.minimum = 2});
                  }),
                  std::string("parameter n needs an integer, at least 2; it has ") + bad +
                      ": write n=512 for the default.");
    }
    EXPECT_EQ(error_of([] {
                  Parameters(Values{{"k", "nan"}}).real("k", 0.5);
              }),
              "parameter k needs a number; it has nan: write k=0.5 for the default.");
    EXPECT_EQ(error_of([] {
                  Parameters(Values{{"fast", "yes"}}).flag("fast", true);
              }),
              "parameter fast needs one of true, false; it has yes: write fast=true for the default.");
    EXPECT_EQ(error_of([] {
                  Parameters(Values{{"edge", "open"}}).choice("edge", "zero", {"zero", "wrap"});
              }),
              "parameter edge needs one of zero, wrap; it has open: write edge=zero for the default.");
}

TEST(Parameters, RefuseWhatNothingAskedFor) {
    Parameters p(Values{{"step", "3"}});
    p.integer("n", 512);
    p.integer("steps", 256);
    EXPECT_EQ(
        error_of([&] { p.refuse_unknown(); }),
        "there is no parameter step; the parameters are n, steps, beside target, derivative, wrt, primal, schedule, "
        "autoscheduler, runtime: did you mean steps?");
    EXPECT_EQ(
        error_of([] {
            Parameters(Values{{"zzzzzz", "3"}}).refuse_unknown();
        }),
        "there is no parameter zzzzzz; the parameters are none, beside target, derivative, wrt, primal, schedule, "
        "autoscheduler, runtime.");
}

TEST(Parameters, RefuseNamesOfTheCommandLine) {
    EXPECT_EQ(
        error_of([] { Parameters().integer("target", 1); }),
        "Parameters need names of their own; target is a word of the command line (target, derivative, wrt, primal, "
        "schedule, autoscheduler, runtime): choose another name.");
}

TEST(Parameters, RefuseTwoDefaults) {
    Parameters p;
    p.integer("n", 512);
    EXPECT_EQ(error_of([&] { p.integer("n", 256); }),
              "Parameters need one default each; n is declared as an integer with 512 and as an integer with 256.");
}

}  // namespace
