// Two generators for the tests of the `sylvite` program.

#include "autoscheduler/generator_main/generator.h"

namespace {

using namespace sylvite;

Program blur(Parameters &p) {
    const int n = static_cast<int>(p.integer("n", 500));
    const Halide::Var x("x");
    Array a = input<float>("a", {n});
    Func edge = repeat_edge(a), blurred("blurred");
    blurred(x) = edge(x - 1) + edge(x + 1);
    return Program("blur", {a}, {{"blurred", Array(blurred, {n})}});
}

Program twice(Parameters &) {
    const Halide::Var x("x");
    Array a = input<float>("a", {100});
    Func doubled("doubled");
    doubled(x) = a(x) * 2;
    return Program("twice", {a}, {{"doubled", Array(doubled, {100})}});
}

}  // namespace

SYLVITE_GENERATOR(blur, blur)
SYLVITE_GENERATOR(twice, twice)
