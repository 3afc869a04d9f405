// Vectors that are wider than the arrays that they are of.

#include "targets/compile.h"

#include <gtest/gtest.h>

namespace sylvite {

namespace {

// Reads and writes backwards, and reads what is shifted: vectors of 8 begin at elements -5 and -2.
TEST(VectorRules, VectorsMayBeginBeforeTheirArrays) {
    constexpr int n = 3;
    const Halide::Var x("x");
    const Halide::RDom r(0, n, "r");
    const Array a = input<double>("a", {n});
    Func read("read"), shifted("shifted"), written("written");
    read(x) = a(n - 1 - x);
    shifted(x) = zero_outside(a)(x - 2);
    written(x) = Halide::undef<double>();
    written(n - 1 - r) = a(r);
    const Program program(
        "backwards", {a},
        {{"read", Array(read, {n})}, {"shifted", Array(shifted, {n})}, {"written", Array(written, {n})}});
    const Schedule schedule = parse_schedule("sylvite-schedule 1\n"
                                             "kernel main\n"
                                             "  stage read\n    vectorize x 8 guard_with_if\n"
                                             "  stage shifted\n    vectorize x 8 guard_with_if\n"
                                             "  stage written.update(0)\n    vectorize r.x 8 guard_with_if\n");
    Halide::Buffer<double> in(n), first(n), second(n), third(n);
    for (int i = 0; i < n; i++) {
        in(i) = i + 1;
    }
    compile(program, find_target("x86-64"), schedule)
        .run({{"a", in}, {"read", first}, {"shifted", second}, {"written", third}});
    for (int i = 0; i < n; i++) {
        EXPECT_EQ(first(i), n - i) << i;
        EXPECT_EQ(second(i), i == 2 ? 1 : 0) << i;
        EXPECT_EQ(third(i), n - i) << i;
    }
}

}  // namespace

}  // namespace sylvite
