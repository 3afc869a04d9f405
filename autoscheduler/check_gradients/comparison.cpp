#include "autoscheduler/check_gradients/comparison.h"

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <random>
#include <sstream>

namespace sylvite {

namespace comparison {

using Halide::Buffer;
using Halide::Type;

namespace {

// What differences in a type can tell.
struct Precision {
    double epsilon, step, tolerance;
};
Precision precision_of(const System &system) {
    int bits = 64;
    for (const System::Slot &slot : system.inputs) {
        bits = std::min(bits, slot.values.type().bits());
    }
    for (const Buffer<> &weights : system.weights) {
        bits = std::min(bits, weights.type().bits());
    }
    return bits == 64   ? Precision{1e-15, 1e-3, 1e-6}
           : bits == 32 ? Precision{6e-7, 3e-2, 1e-2}
                        : Precision{5e-3, 0.25, 0.1};
}

std::vector<std::vector<int>> all_elements(const Buffer<> &buffer) {
    std::vector<std::vector<int>> elements;
    buffer.for_each_element([&](const int *at) { elements.emplace_back(at, at + buffer.dimensions()); });
    return elements;
}

double magnitude(const std::vector<Buffer<>> &a, const std::vector<Buffer<>> &b) {
    double sum = 0;
    for (size_t i = 0; i < a.size(); i++) {
        for (const std::vector<int> &at : all_elements(a[i])) {
            sum += std::abs(element(a[i], at) * element(b[i], at));
        }
    }
    return sum;
}

struct Difference {
    size_t input;
    std::vector<int> element;
    double value, noise;
};

// The slope of <weights, outputs> along one element: differences over one step and two, so that the error is of order 4.
Difference difference_of(System &system, size_t input, const std::vector<int> &at, const Precision &precision) {
    System::Slot &slot = system.inputs[input];
    const double x = element(slot.values, at);
    const double h = precision.step * std::max(1., std::abs(x));
    double noise = 0;
    const auto value = [&](double moved) {
        set_element(slot.values, at, moved);
        slot.push();
        const std::vector<Buffer<>> outputs = system.outputs();
        noise = std::max(noise, magnitude(system.weights, outputs));
        return std::make_pair(element(slot.values, at), dot(system.weights, outputs));  // x is rounded to its type
    };
    const auto [x1, y1] = value(x + h);
    const auto [x2, y2] = value(x - h);
    const auto [x3, y3] = value(x + 2 * h);
    const auto [x4, y4] = value(x - 2 * h);
    set_element(slot.values, at, x);
    slot.push();
    const double slope = (4 * (y1 - y2) / (x1 - x2) - (y3 - y4) / (x3 - x4)) / 3;
    return {input, at, slope, 16 * precision.epsilon * noise / h};
}

}  // namespace

double element(const Buffer<> &buffer, const std::vector<int> &at) {
    switch (buffer.type().bits()) {
    case 64:
        return buffer.as<const double>()(at.data());
    case 32:
        return buffer.as<const float>()(at.data());
    default:
        return static_cast<float>(buffer.as<const Halide::float16_t>()(at.data()));
    }
}

void set_element(Buffer<> &buffer, const std::vector<int> &at, double value) {
    switch (buffer.type().bits()) {
    case 64:
        buffer.as<double>()(at.data()) = value;
        break;
    case 32:
        buffer.as<float>()(at.data()) = static_cast<float>(value);
        break;
    default:
        buffer.as<Halide::float16_t>()(at.data()) = Halide::float16_t(value);
    }
    buffer.set_host_dirty();
}

double dot(const std::vector<Buffer<>> &a, const std::vector<Buffer<>> &b) {
    double sum = 0;
    for (size_t i = 0; i < a.size(); i++) {
        for (const std::vector<int> &at : all_elements(a[i])) {
            sum += element(a[i], at) * element(b[i], at);
        }
    }
    return sum;
}

Buffer<> random_weights(Type type, const std::vector<std::pair<int, int>> &box, unsigned seed) {
    std::vector<int> extents;
    for (const auto &[min, extent] : box) {
        extents.push_back(extent);
    }
    Buffer<> buffer(type, extents);
    for (size_t d = 0; d < box.size(); d++) {
        buffer.translate(static_cast<int>(d), box[d].first);
    }
    std::mt19937 random(seed);
    std::uniform_real_distribution<double> size(0.5, 1.5);
    for (const std::vector<int> &at : all_elements(buffer)) {
        set_element(buffer, at, random() % 2 ? size(random) : -size(random));
    }
    return buffer;
}

void require_something_to_compare(const GradientCheckOptions &options) {
    _halide_user_assert(options.forward || options.reverse)
        << "check_gradients() needs a mode; forward and reverse are both false: set one of them.";
    _halide_user_assert(options.order >= 1)
        << "check_gradients() needs an order of at least 1; order has " << options.order << ".";
}

void compare(System &system, int order, const GradientCheckOptions &options, GradientReport &report) {
    Precision precision = precision_of(system);
    precision.step = options.step > 0 ? options.step : precision.step;
    const double tolerance = options.tolerance > 0 ? options.tolerance : precision.tolerance;
    std::vector<Difference> differences;
    std::mt19937 random(options.seed);
    for (size_t input = 0; input < system.inputs.size(); input++) {
        std::vector<std::vector<int>> elements = all_elements(system.inputs[input].values);
        std::shuffle(elements.begin(), elements.end(), random);
        elements.resize(std::min<size_t>(elements.size(), std::max(1, options.elements)));
        std::sort(elements.begin(), elements.end());
        for (const std::vector<int> &at : elements) {
            differences.push_back(difference_of(system, input, at, precision));
        }
    }
    // What rounding and the curvature of the others leave of an element that is near zero.
    double squares = 0;
    for (const Difference &d : differences) {
        squares += std::isfinite(d.value) ? d.value * d.value : 0;
    }
    const double typical = std::sqrt(squares / std::max<size_t>(1, differences.size()));
    const auto allowed = [&](const Difference &d, double derivative) {
        return tolerance * std::max({std::abs(derivative), std::abs(d.value), typical});
    };
    const auto agrees = [&](const Difference &d, double derivative) {
        return std::isfinite(derivative) && std::isfinite(d.value) &&
               std::abs(derivative - d.value) <= allowed(d, derivative) + d.noise;
    };
    const auto judge = [&](const Difference &first, const std::string &mode, double derivative) {
        report.checked++;
        // A kink within reach of the step is not in reach of a smaller one; rounding sets an end to that.
        Precision finer = precision;
        Difference d = first;
        for (int tries = 0; tries < 4 && !agrees(d, derivative) && d.noise <= allowed(d, derivative); tries++) {
            finer.step /= 16;
            d = difference_of(system, d.input, d.element, finer);
        }
        if (!agrees(first, derivative) && !(agrees(d, derivative) && d.noise <= allowed(d, derivative))) {
            report.mismatches.push_back({system.inputs[d.input].name, d.element, mode, order, derivative, first.value});
        }
    };
    if (options.forward) {
        for (const Difference &d : differences) {
            judge(d, "forward", system.forward(d.input, d.element));
        }
    }
    if (options.reverse) {
        const std::vector<Buffer<>> gradients = system.reverse();
        for (const Difference &d : differences) {
            judge(d, "reverse", element(gradients[d.input], d.element));
        }
    }
}

}  // namespace comparison

std::string GradientReport::text() const {
    std::ostringstream out;
    out << std::setprecision(9);
    constexpr size_t most = 20;
    for (size_t i = 0; i < mismatches.size() && i < most; i++) {
        const GradientMismatch &m = mismatches[i];
        out << m.input << "(";
        for (size_t d = 0; d < m.element.size(); d++) {
            out << (d == 0 ? "" : ", ") << m.element[d];
        }
        out << "): " << m.mode << " derivative" << (m.order == 1 ? "" : " of order " + std::to_string(m.order)) << " "
            << m.derivative << ", by differences " << m.difference << "\n";
    }
    if (mismatches.size() > most) {
        out << "... and " << mismatches.size() - most << " more\n";
    }
    out << checked - static_cast<long>(mismatches.size()) << " of " << checked
        << " derivatives agree with differences\n";
    return out.str();
}

}  // namespace sylvite
