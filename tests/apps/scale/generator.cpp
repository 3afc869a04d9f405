// y = k x, and the sum of y.

#include <sylvite.h>

using namespace sylvite;

Program scale(Parameters &) {
    Array x = input<float>("x", {4}), k = input<float>("k", {});
    Halide::Var i("i");
    Halide::RDom r(0, 4, "r");
    Func y("y"), sum("sum");
    y(i) = k() * x(i);
    sum() += y(r);
    return Program("scale", {x, k}, {{"sum", Array(sum, {})}});
}
SYLVITE_GENERATOR(scale, scale)
