#include "apps/springs/simulator.h"

#include "apps/springs/sizes.h"
#include "springs_forward.h"
#include "springs_grad.h"
#include "springs_net_forward.h"
#include "springs_net_grad.h"

#include <HalideBuffer.h>
#include <targets/runtime/sylvite_runtime.h>

#include <stdexcept>

namespace sylvite::apps {

namespace {

using namespace springs_sizes;
template<typename T>
using Values = Halide::Runtime::Buffer<T>;

template<typename T>
Values<T> view(const std::vector<T> &values, std::vector<int> extents) {
    return Values<T>(const_cast<T *>(values.data()), extents);
}

// The arrays that describe a robot.
struct Body {
    Values<float> place, length, stiffness, reach;
    Values<int> ends;

    explicit Body(const Robot &robot) :
        place(view(robot.place, {robot.masses, 2})), length(view(robot.length, {robot.springs})),
        stiffness(view(robot.stiffness, {robot.springs})), reach(view(robot.reach, {robot.springs})),
        ends(view(robot.ends, {robot.springs, 2})) {}
};

// Weights as arrays.
struct Brain {
    Values<float> clock, posture, motion, way, hidden_bias, muscle, muscle_bias;

    Brain(const Robot &robot, const Weights &weights) :
        clock(view(weights.part[0], {hidden, signals})), posture(view(weights.part[1], {hidden, robot.masses, 2})),
        motion(view(weights.part[2], {hidden, robot.masses, 2})), way(view(weights.part[3], {hidden, 2})),
        hidden_bias(view(weights.part[4], {hidden})), muscle(view(weights.part[5], {robot.springs, hidden})),
        muscle_bias(view(weights.part[6], {robot.springs})) {}
};

const std::vector<float> goal = {0.9f, 0.2f};  // m

void check(int code) {
    if (code != 0) {
        throw std::runtime_error(sylvite_last_error());
    }
}

}  // namespace

std::vector<float> Simulator::place(const Weights &weights, int steps) const {
    Body body(robot_);
    Brain brain(robot_, weights);
    Values<float> to = view(goal, {2}), loss = Values<float>::make_scalar();
    std::vector<float> formed(robot_.place.size());
    Values<float> last = view(formed, {robot_.masses, 2});
    check(springs_forward(body.place, body.ends, body.length, body.stiffness, body.reach, brain.clock, brain.posture,
                          brain.motion, brain.way, brain.hidden_bias, brain.muscle, brain.muscle_bias, to,
                          robot_.masses, robot_.springs, steps, loss, last));
    return formed;
}

Recording Simulator::walk(const Weights &weights, int steps, const std::vector<int> &when) const {
    return record("motion", "place", when, [&] { return place(weights, steps); });
}

double Simulator::loss(const Weights &weights, int steps, Weights &gradient) const {
    Body body(robot_);
    Brain brain(robot_, weights), slope(robot_, gradient);
    Values<float> to = view(goal, {2}), loss = Values<float>::make_scalar(), last(robot_.masses, 2);
    check(springs_grad(body.place, body.ends, body.length, body.stiffness, body.reach, brain.clock, brain.posture,
                       brain.motion, brain.way, brain.hidden_bias, brain.muscle, brain.muscle_bias, to, robot_.masses,
                       robot_.springs, steps, loss, last, slope.clock, slope.posture, slope.motion, slope.way,
                       slope.hidden_bias, slope.muscle, slope.muscle_bias));
    return loss();
}

double NetSimulator::loss(int steps, std::vector<float> &place) const {
    Body body(net_);
    Values<float> to = view(wanted_, {net_.masses, 2}), loss = Values<float>::make_scalar();
    place.resize(net_.place.size());
    Values<float> last = view(place, {net_.masses, 2});
    check(springs_net_forward(body.place, body.ends, body.length, body.stiffness, to, net_.masses, net_.springs, steps,
                              loss, last));
    return loss();
}

Recording NetSimulator::walk(int steps, const std::vector<int> &when) const {
    return record("motion", "place", when, [&] {
        std::vector<float> place;
        loss(steps, place);
        return place;
    });
}

double NetSimulator::loss(int steps, Gradient &gradient) const {
    Body body(net_);
    Values<float> to = view(wanted_, {net_.masses, 2}), loss = Values<float>::make_scalar(), last(net_.masses, 2);
    gradient.length.resize(net_.springs);
    gradient.stiffness.resize(net_.springs);
    Values<float> by_length = view(gradient.length, {net_.springs}),
                  by_stiffness = view(gradient.stiffness, {net_.springs});
    check(springs_net_grad(body.place, body.ends, body.length, body.stiffness, to, net_.masses, net_.springs, steps,
                           loss, last, by_length, by_stiffness));
    return loss();
}

}  // namespace sylvite::apps
