#include "apps/springs/shape.h"

#include "apps/support/minimise.h"

namespace sylvite::apps {

namespace {

// Springs that are longer and stiffer than those of `net`, by parts of what these are.
Robot changed(const Robot &net, const Point &by) {
    Robot changed = net;
    for (int s = 0; s < net.springs; s++) {
        changed.length[s] *= 1 + by[s];
        changed.stiffness[s] *= 1 + by[net.springs + s];
    }
    return changed;
}

}  // namespace

Shaped shaped(const Robot &net, const std::vector<float> &wanted, int steps, int evaluations,
              const std::function<bool(const std::vector<double> &losses)> &report) {
    const auto loss = [&](const Point &at, Point &gradient) {
        const Robot now = changed(net, at);
        NetSimulator::Gradient slope;
        const double loss = NetSimulator(now, wanted).loss(steps, slope);
        for (int s = 0; s < net.springs; s++) {  // in the same units, parts of what they were
            gradient[s] = net.length[s] * slope.length[s];
            gradient[net.springs + s] = net.stiffness[s] * slope.stiffness[s];
        }
        return loss;
    };
    const Minimum found = minimise(Point(2 * size_t(net.springs), 0.0f), loss, {.evaluations = evaluations}, report);
    return {changed(net, found.point), found.losses};
}

}  // namespace sylvite::apps
