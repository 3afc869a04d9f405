#pragma once

#include "apps/smoke/pressure.h"
#include "frontend/program.h"

#include <functional>

namespace sylvite::apps {

/// Smoke in a square of n x n cells that goes on periodically, carried by a flow whose volume is kept. Lengths are in
/// cells, times in steps:
///
///     dq/dt + (velocity . grad) q = 0  for q = velocity, smoke,     div velocity = 0
///
/// A flow is an Array (n, n, 3): the velocity along x and y in cells a step, and the density of the smoke.
enum FlowChannel { velocity_x, velocity_y, density };

/// All fields one step later, but for the pressure: each cell gets what is where its velocity comes from, interpolated
/// between the four cells around that place (Stam, Stable Fluids, 1999). Of first order in time and space; no field gets
/// larger or smaller than it was. Any number of channels; the first two are the velocity.
inline Array carried(const Array &flow) {
    Halide::Var x("x"), y("y"), c("c");
    const Expr width = flow.extents()[0], height = flow.extents()[1];
    Func from_x("from_x"), from_y("from_y"), carried("carried");
    from_x(x, y) = x - flow(x, y, velocity_x);
    from_y(x, y) = y - flow(x, y, velocity_y);

    Expr left = floor(from_x(x, y)), top = floor(from_y(x, y));
    Expr right_share = from_x(x, y) - left, bottom_share = from_y(x, y) - top;
    Halide::RDom corner(0, 2, 0, 2, "corner");
    Expr share =
        select(corner.x == 0, 1 - right_share, right_share) * select(corner.y == 0, 1 - bottom_share, bottom_share);
    carried(x, y, c) +=
        share * flow((Halide::cast<int>(left) + corner.x) % width, (Halide::cast<int>(top) + corner.y) % height, c);
    return Array(carried, flow.extents());
}

/// The pressure of a divergence, both on the whole plane: lap pressure = divergence, as nearly as it is solved.
using PressureSolver = std::function<Func(const Func &divergence)>;

/// The flow without the gradient of the pressure that its divergence gives, velocity - grad p by central differences, and
/// with `source`, an Expr of x and y, more smoke.
inline Array projected(const Array &flow, const PressureSolver &pressure_of, const Expr &source) {
    Halide::Var x("x"), y("y"), c("c");
    Func plane = repeat_image(flow), divergence("divergence"), incompressible("incompressible");
    divergence(x, y) = (plane(x + 1, y, velocity_x) - plane(x - 1, y, velocity_x) +  //
                        plane(x, y + 1, velocity_y) - plane(x, y - 1, velocity_y)) /
                       2;
    const Func p = pressure_of(divergence);
    Expr slope_x = (p(x + 1, y) - p(x - 1, y)) / 2, slope_y = (p(x, y + 1) - p(x, y - 1)) / 2;
    incompressible(x, y, c) = flow(x, y, c) + mux(c, {-slope_x, -slope_y, source});
    return Array(incompressible, flow.extents());
}

/// How far the smoke after `steps` steps is from a picture: `loss` is the mean of their squared differences, `formed` the
/// flow itself. `velocity` is (n, n, 2), `smoke` and `picture` are (n, n). Where there is smoke at first, `inflow` of it
/// comes in with each step.
///
/// The smoke moves with the velocity at the start of its step, as the velocity itself does, so one place to come from
/// serves all fields and a step of the reverse derivative needs nothing but the flow at its start. What moves it first is
/// the given velocity one step later.
inline Program smoke(int n, Type type, const PressureSolver &pressure_of) {
    const Array velocity = input(type, "velocity", {n, n, 2}), smoke = input(type, "smoke", {n, n}),
                picture = input(type, "picture", {n, n});
    Halide::Param<float> inflow("inflow");
    Halide::Param<int> steps("steps");
    Halide::Var x("x"), y("y"), c("c");

    const Array moving = projected(carried(velocity), pressure_of, Halide::cast(type, 0));
    Func start("start");
    start(x, y, c) = mux(c, {moving(x, y, velocity_x), moving(x, y, velocity_y), smoke(x, y)});
    const auto step = [&](const Expr &, const Array &flow) {
        return Arrays{projected(carried(flow), pressure_of, Halide::cast(type, inflow) * smoke(x, y))};
    };
    const auto [formed] = loop(steps, {Array(start, {n, n, 3})}, step, {.name = "flow"});

    // Summed row by row: the rounding of 12,100 small numbers added one after the other would show.
    Halide::RDom column(0, n, "column"), row(0, n, "row");
    Func row_sum("row_sum"), loss("loss");
    Expr difference = formed(column, y, density) - picture(column, y);
    row_sum(y) += difference * difference;
    loss() += row_sum(row) / (n * n);
    return Program("smoke", {velocity, smoke, picture, inflow, steps}, {{"loss", Array(loss, {})}, {"formed", formed}});
}

}  // namespace sylvite::apps
