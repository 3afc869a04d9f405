#include "apps/mpm/simulator.h"

#include "apps/mpm/sizes.h"
#include "apps/support/normal.h"
#include "mpm3d_forward.h"
#include "mpm3d_grad.h"
#include "mpm_forward.h"
#include "mpm_grad.h"

#include <HalideBuffer.h>
#include <targets/runtime/sylvite_runtime.h>

#include <stdexcept>

namespace sylvite::apps {

namespace {

template<typename T>
using Values = Halide::Runtime::Buffer<T>;

template<typename T>
Values<T> view(const T *values, std::vector<int> extents) {
    return Values<T>(const_cast<T *>(values), extents);
}

void check(int code) {
    if (code != 0) {
        throw std::runtime_error(sylvite_last_error());
    }
}

// What both libraries are given.
struct Arguments {
    Values<float> place, weights, bias;
    Values<int> material, actuator;

    Arguments(const Scene &scene, const Point &controls) :
        place(view(scene.place.data(), {scene.particles, scene.dimensions})),
        weights(view(controls.data(), {scene.actuators, mpm_sizes::waves})),
        bias(view(controls.data() + scene.actuators * mpm_sizes::waves, {scene.actuators})),
        material(view(scene.material.data(), {scene.particles})),
        actuator(view(scene.actuator.data(), {scene.particles})) {}
};

}  // namespace

size_t controls(const Scene &scene) { return static_cast<size_t>(scene.actuators) * (mpm_sizes::waves + 1); }

Point drawn(const Scene &scene, unsigned seed) {
    Normal normal(seed);
    Point controls(apps::controls(scene));
    for (int actuator = 0; actuator < scene.actuators; actuator++) {
        for (int wave = 0; wave < mpm_sizes::waves; wave++) {
            controls[wave * scene.actuators + actuator] = static_cast<float>(0.01 * normal());
        }
    }
    return controls;
}

std::vector<float> Simulator::place(const Point &controls, int steps) const {
    Arguments a(scene_, controls);
    std::vector<float> formed(scene_.place.size());
    Values<float> loss = Values<float>::make_scalar(),
                  last = view(formed.data(), {scene_.particles, scene_.dimensions});
    const auto forward = scene_.dimensions == 2 ? mpm_forward : mpm3d_forward;
    check(forward(a.place, a.material, a.actuator, a.weights, a.bias, friction_, scene_.particles, scene_.actuators,
                  scene_.cells, steps, loss, last));
    return formed;
}

Recording Simulator::walk(const Point &controls, int steps, const std::vector<int> &when) const {
    return record("particles", "place", when, [&] { return place(controls, steps); });
}

double Simulator::loss(const Point &controls, int steps, Point &gradient) const {
    Arguments a(scene_, controls);
    gradient.resize(controls.size());
    Arguments slope(scene_, gradient);
    Values<float> loss = Values<float>::make_scalar(), last(scene_.particles, scene_.dimensions);
    const auto grad = scene_.dimensions == 2 ? mpm_grad : mpm3d_grad;
    check(grad(a.place, a.material, a.actuator, a.weights, a.bias, friction_, scene_.particles, scene_.actuators,
               scene_.cells, steps, loss, last, slope.weights, slope.bias));
    return loss();
}

}  // namespace sylvite::apps
