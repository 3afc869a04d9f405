#include "targets/compile.h"
#include "tests/targets/programs.h"

#include <gtest/gtest.h>

#include <set>

namespace sylvite {

namespace {

std::string error_of(const std::function<void()> &act) {
    try {
        act();
    } catch (const Halide::CompileError &error) {
        std::string text = error.what();
        return text.substr(0, text.find_last_not_of('\n') + 1);
    }
    return "";
}

TEST(TargetTable, RowsAreSound) {
    std::set<std::string> names;
    for (const TargetRow &row : all_targets()) {
        EXPECT_TRUE(names.insert(row.name).second) << row.name << " is there twice";
        EXPECT_TRUE(Halide::Target::validate_target_string(row.halide)) << row.halide;
        EXPECT_GT(row.machine.cores, 0) << row.name;
        EXPECT_GT(row.machine.lanes, 0) << row.name;
        EXPECT_GE(row.machine.l2, row.machine.l1) << row.name;
        EXPECT_EQ(row.is_gpu(), row.halide_target().has_gpu_feature()) << row.name;
        if (!row.is_gpu()) {
            EXPECT_LE(row.machine.lanes, 16) << row.name;
            EXPECT_EQ(row.machine.lanes, row.halide_target().natural_vector_size<float>()) << row.name;
        }
    }
    EXPECT_EQ(host().name, "host");
    EXPECT_EQ(why_not_here(host()), "");
}

TEST(TargetTable, ARowThatHalideDoesNotKnowIsNamed) {
    const TargetRow row{"riscv", "riscv-64-linux-vvector", {}, Verified::qemu};
    EXPECT_EQ(error_of([&] { row.halide_target(); }),
              "Error: TargetRow needs a target string of Halide's; riscv has riscv-64-linux-vvector.");
}

TEST(TargetTable, UnknownAndNotHereAreDifferentErrors) {
    std::string names;
    for (const TargetRow &row : all_targets()) {
        names += (names.empty() ? "" : ", ") + row.name;
    }
    EXPECT_EQ(error_of([] { find_target("x86-65"); }),
              "Error: There is no target x86-65; the targets are " + names + ": did you mean x86-64?");
    const char *other = Halide::get_host_target().arch == Halide::Target::X86 ? "aarch64" : "x86-64";
    EXPECT_EQ(error_of([&] { compile(test::wave("wave", 5, 4), find_target(other)); }),
              "Error: compile() needs a target that can run here; " + std::string(other) +
                  " cannot: its code is for another processor or operating system. Code for it can be written with "
                  "emit().");
}

}  // namespace

}  // namespace sylvite
