#pragma once

#include "apps/springs/sizes.h"
#include "apps/support/squashed.h"
#include "frontend/program.h"

#include <cmath>

namespace sylvite::apps {

/// Masses joined by springs over a ground, in two dimensions. Lengths are in m, times in s; all masses are 1, so forces
/// are accelerations.
namespace springs_world {
constexpr float step_length = 0.004f;   // s
constexpr float gravity = -4.8f;        // m/s^2
constexpr float damping = 15;           // 1/s, of all velocities
constexpr float ground = 0.1f;          // m, its height
constexpr float falling = -1e-4f;       // m/s: what moves down slower than this rests
constexpr float shortest = 1e-4f;       // m, added to lengths, so that a spring of none has a direction
constexpr float signal_frequency = 10;  // rad/s, of the controller's clock
constexpr float attention = 0.05f;      // of the controller to single masses, of which there are many
}  // namespace springs_world

/// Where masses are and how fast they move, both (masses, 2): along x and up.
struct Motion {
    Array place, velocity;
};

/// Springs by number: `ends` (springs, 2) are masses; `length` is in m at rest, `stiffness` in 1/s^2, and `reach` is how much
/// of its length a spring gets longer or shorter when it is told to.
struct Springs {
    Array ends, length, stiffness, reach;
};

/// A network of one hidden layer that tells each spring how long to be, from -1 to 1; see told().
struct Controller {
    Array clock;                // (hidden, signals)
    Array posture, motion;      // (hidden, masses, 2)
    Array way, hidden_bias;     // (hidden, 2), (hidden)
    Array muscle, muscle_bias;  // (hidden, springs), (springs)

    std::vector<ProgramInput> inputs() const { return {clock, posture, motion, way, hidden_bias, muscle, muscle_bias}; }
};

/// What the controller tells the springs at a time: the place of each mass from the centre, its velocity, a clock and the way to
/// the goal go in.
inline Array told(const Controller &controller, const Motion &now, const Array &goal, const Expr &time,
                  const Expr &springs) {
    using namespace springs_world;
    using namespace springs_sizes;
    const Expr masses = now.place.extents()[0];
    Halide::Var i("i"), k("k"), m("m"), c("c"), s("s");
    Halide::RDom mass(0, masses, "mass"), signal(0, signals, "signal"), each(0, 2, 0, masses, "each"),
        axis(0, 2, "axis"), unit(0, hidden, "unit");
    Func centre("centre"), from_centre("from_centre"), sine("sine"), sensed("sensed"), told("told"), tension("tension"),
        obeyed("obeyed");
    centre(c) += now.place(mass, c) / Halide::cast<float>(masses);
    from_centre(m, c) = now.place(m, c) - centre(c);
    sine(k) = sin(signal_frequency * time + Halide::Internal::make_const(time.type(), 2 * M_PI / signals) * k);

    sensed(i) = controller.hidden_bias(i);
    sensed(i) += controller.clock(i, signal) * sine(signal);
    sensed(i) += attention * (controller.posture(i, each.y, each.x) * from_centre(each.y, each.x) +
                              controller.motion(i, each.y, each.x) * now.velocity(each.y, each.x));
    sensed(i) += controller.way(i, axis) * (goal(axis) - centre(axis));
    told(i) = squashed(sensed(i));

    tension(s) = controller.muscle_bias(s);
    tension(s) += controller.muscle(unit, s) * told(unit);
    obeyed(s) = squashed(tension(s));
    return Array(obeyed, {springs});
}

/// What the springs add to the velocities in a step: (masses, 2). Where `told` has no value they are told nothing.
inline Func impulses(const Springs &springs, const Array &told, const Array &place) {
    using namespace springs_world;
    const Expr count = springs.ends.extents()[0], masses = place.extents()[0];
    Halide::Var s("s"), m("m"), c("c");
    Halide::RDom spring(0, count, "spring"), axis(0, 2, "axis");
    Func at("at"), along("along"), square("square"), length("length"), tightness("tightness"), pull("pull"),
        added("added");
    const auto end = [&](const Expr &spring, int which) { return clamp(springs.ends(spring, which), 0, masses - 1); };
    at(m, c) = place(m, c);  // a schedule may lay it out as the springs read it
    along(s, c) = at(end(s, 0), c) - at(end(s, 1), c);
    square(s) += along(s, axis) * along(s, axis);
    length(s) = sqrt(square(s)) + shortest;
    Expr wanted = springs.length(s);
    if (told.defined()) {
        wanted *= 1 + springs.reach(s) * told(s);
    }
    tightness(s) = step_length * springs.stiffness(s) * (length(s) - wanted) / length(s);
    pull(s, c) = tightness(s) * along(s, c);
    added(m, c) = Halide::cast(place.type(), 0);
    added(end(spring, 0), c) -= pull(spring, c);
    added(end(spring, 1), c) += pull(spring, c);
    return added;
}

/// The motion one step later. A mass that would fall through the ground stops at the moment it gets there, which counts in
/// the derivative (Hu et al., DiffTaichi, ICLR 2020, section 4), and is held there by friction for the rest of the step.
inline Motion moved(const Motion &now, const Func &impulses) {
    using namespace springs_world;
    Halide::Var m("m"), c("c");
    const auto number = [&](float value) { return Halide::cast(now.place.type(), value); };
    const auto velocity = [&](const Expr &axis) {
        return std::exp(-step_length * damping) * now.velocity(m, axis) +
               select(axis == 1, number(step_length * gravity), number(0)) + impulses(m, axis);
    };
    Func free("free"), until_contact("until_contact"), place("place"), speed("speed");
    free(m, c) = velocity(c);
    Expr height = now.place(m, 1);
    Expr lands = height + step_length * free(m, 1) < ground && free(m, 1) < falling;
    until_contact(m) = select(lands, (ground - height) / free(m, 1), number(step_length));
    place(m, c) = now.place(m, c) + until_contact(m) * free(m, c);
    speed(m, c) = select(lands, number(0), free(m, c));
    return {Array(place, now.place.extents()), Array(speed, now.velocity.extents())};
}

/// Where the masses are after `steps` steps from rest at `place` (masses, 2), and the loss, minus how far to the right the first
/// mass, the head, got. The controller is told of `goal` (2). Sizes are given at run time; `type` is that of all floats.
inline Program springs(Type type) {
    const Halide::Param<int> masses("masses"), count("count"), steps("steps");
    using namespace springs_world;
    using namespace springs_sizes;
    const Array place = input(type, "place", {masses, 2}), goal = input(type, "goal", {2});
    const Springs springs{input<int>("ends", {count, 2}), input(type, "length", {count}),
                          input(type, "stiffness", {count}), input(type, "reach", {count})};
    const Controller given{input(type, "clock", {hidden, signals}),    input(type, "posture", {hidden, masses, 2}),
                           input(type, "motion", {hidden, masses, 2}), input(type, "way", {hidden, 2}),
                           input(type, "hidden_bias", {hidden}),       input(type, "muscle", {count, hidden}),
                           input(type, "muscle_bias", {count})};
    Halide::Var i("i"), s("s"), m("m"), c("c");
    Func by_unit("by_unit");
    by_unit(i, s) = given.muscle(s, i);
    Controller controller = given;
    controller.muscle =
        Array(by_unit, {hidden, count});  // laid out once, before the loop, as all sums over units read it
    Func rest("rest"), loss("loss");
    rest(m, c) = Halide::cast(type, 0);
    const auto step = [&](const Expr &t, const Arrays &state) {
        const Motion now{state[0], state[1]};
        const Array orders = told(controller, now, goal, Halide::cast(type, t) * step_length, count);
        const Motion next = moved(now, impulses(springs, orders, now.place));
        return Arrays{next.place, next.velocity};
    };
    const Arrays last = loop(steps, {place, Array(rest, place.extents())}, LoopBody(step), {.name = "motion"});
    loss() = -last[0](0, 0);
    std::vector<ProgramInput> inputs{place, springs.ends, springs.length, springs.stiffness, springs.reach};
    const std::vector<ProgramInput> learnt = given.inputs();
    inputs.insert(inputs.end(), learnt.begin(), learnt.end());
    inputs.insert(inputs.end(), {goal, masses, count, steps});
    return Program("springs", inputs, {{"loss", Array(loss, {})}, {"formed", last[0]}});
}

/// Where the masses are that springs without muscles let go at `place` (masses, 2), after `steps` steps, and the loss, the
/// mean of the squares of how far they are from where they are `wanted` (masses, 2).
inline Program springs_net(Type type) {
    const Halide::Param<int> masses("masses"), count("count"), steps("steps");
    const Array place = input(type, "place", {masses, 2}), wanted = input(type, "wanted", {masses, 2});
    const Springs springs{
        input<int>("ends", {count, 2}), input(type, "length", {count}), input(type, "stiffness", {count}), {}};
    Halide::Var m("m"), c("c");
    Func rest("rest"), loss("loss");
    rest(m, c) = Halide::cast(type, 0);
    const auto step = [&](const Expr &, const Arrays &state) {
        const Motion now{state[0], state[1]};
        const Motion next = moved(now, impulses(springs, {}, now.place));
        return Arrays{next.place, next.velocity};
    };
    const Arrays last = loop(steps, {place, Array(rest, place.extents())}, LoopBody(step), {.name = "motion"});
    Halide::RDom each(0, masses, 0, 2, "each");
    const Expr off = last[0](each.x, each.y) - wanted(each.x, each.y);
    loss() += off * off / Halide::cast(type, masses);
    const std::vector<ProgramInput> inputs{place,  springs.ends, springs.length, springs.stiffness,
                                           wanted, masses,       count,          steps};
    return Program("springs_net", inputs, {{"loss", Array(loss, {})}, {"formed", last[0]}});
}

}  // namespace sylvite::apps
