#include "apps/molecules/pictures.h"

#include "apps/support/arrays.h"
#include "apps/support/draw.h"
#include "apps/support/film.h"
#include "apps/support/plot.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace sylvite::apps {

namespace {

constexpr int pixels = 300;
constexpr Colour slow = {60, 90, 190}, fast = {215, 60, 50}, was = {190, 195, 200}, grey = {90, 140, 140};

Colour mixed(const Colour &a, const Colour &b, double share) {
    Colour result;
    for (size_t i = 0; i < result.size(); i++) {
        result[i] = static_cast<uint8_t>(std::lround(a[i] + share * (b[i] - a[i])));
    }
    return result;
}

// How far away white is mixed in, so that what is deep inside looks far.
Colour faded(const Colour &colour, double depth) { return mixed(colour, {255, 255, 255}, 0.75 * depth); }

double into_cube(double x, double side) { return x - side * std::floor(x / side); }

/// The front quarter of a cube, seen along its third axis.
class View {
public:
    View(double side, int atoms) : side_(side), atoms_(atoms), image_(pixels, pixels, 3, 255) {}

    template<typename ColourOf>
    void draw(const Coordinates &place, double size, const ColourOf &colour_of) {
        std::vector<int> order(atoms_);
        std::iota(order.begin(), order.end(), 0);
        const auto depth = [&](int i) { return into_cube(place[2 * size_t(atoms_) + i], side_) / side_; };
        std::sort(order.begin(), order.end(), [&](int a, int b) { return depth(a) > depth(b); });
        for (int i : order) {
            if (depth(i) < quarter) {
                const Place at{into_cube(place[i], side_) / side_ * pixels,
                               into_cube(place[size_t(atoms_) + i], side_) / side_ * pixels};
                draw_line(image_, at, at, size / side_ * pixels, faded(colour_of(i), depth(i) / quarter));
            }
        }
    }
    const Image &image() const { return image_; }

private:
    static constexpr double quarter = 0.25;
    double side_;
    int atoms_;
    Image image_;
};

Image moment_image(const World &world, const Motions &motions) {
    const size_t n = world.atoms;
    std::vector<double> speeds(n);
    for (size_t i = 0; i < n; i++) {
        const float *v = &motions.velocity[i];
        speeds[i] = std::sqrt(v[0] * v[0] + v[n] * v[n] + v[2 * n] * v[2 * n]);
    }
    const double highest = std::max(1e-6, 0.8 * *std::max_element(speeds.begin(), speeds.end()));
    View view(world.side, world.atoms);
    view.draw(motions.place, 0.85 * world.sigma,
              [&](int i) { return mixed(slow, fast, std::min(1.0, speeds[i] / highest)); });
    return view.image();
}

}  // namespace

std::map<std::string, std::string> film_files(const World &world, const Film &film) {
    std::vector<Image> story;
    std::vector<float> places;
    std::vector<double> energies = film.potential_energy;
    for (const Motions &moment : film.moments) {
        story.push_back(moment_image(world, moment));
        places.insert(places.end(), moment.place.begin(), moment.place.end());
    }
    energies.insert(energies.end(), film.kinetic_energy.begin(), film.kinetic_energy.end());
    Series temperature{film.times, {}, Hue::orange}, total{film.times, {}, Hue::blue};
    for (size_t i = 0; i < film.times.size(); i++) {
        temperature.y.push_back(film.kinetic_energy[i] / 1.5);
        total.y.push_back(film.potential_energy[i] + film.kinetic_energy[i]);
    }
    const int moments = static_cast<int>(film.moments.size()), samples = static_cast<int>(film.times.size());
    std::map<std::string, std::string> files = {
        {"story.png", png_bytes(side_by_side(story, 8))},
        {"temperature.png", png_bytes(plot({temperature}, {"time"}, {"temperature"}))},
        {"energy.png", png_bytes(plot({total}, {"time"}, {"energy of an atom"}))},
        {"places.npy", npy_bytes(places, {world.atoms, 3, moments})},
        {"energies.npy", npy_bytes(energies, {samples, 2})},
    };
    if (!film.shown.empty()) {
        files["atoms.webp"] =
            film_bytes(film.shown.size(), [&](size_t i) { return moment_image(world, film.shown[i]); });
    }
    return files;
}

std::map<std::string, std::string> fit_files(const World &world, const Motions &start, const Coordinates &seen,
                                             const std::vector<double> &losses) {
    View view(world.side, world.atoms);
    view.draw(start.place, 0.6 * world.sigma, [](int) { return was; });
    view.draw(seen, 0.6 * world.sigma, [](int) { return slow; });
    std::vector<double> above_zero;
    for (double loss : losses) {
        above_zero.push_back(std::max(loss, 1e-12));
    }
    return {
        {"seen.png", png_bytes(view.image())},
        {"loss.png", png_bytes(plot_logarithmic(above_zero, "iterations", "loss"))},
        {"seen.npy", npy_bytes(seen, {world.atoms, 3})},
        {"losses.npy", npy_bytes(losses, {static_cast<int>(losses.size())})},
    };
}

std::map<std::string, std::string> cluster_files(const Coordinates &place) {
    const int n = static_cast<int>(place.size() / 3);
    std::vector<int> order(n);
    std::iota(order.begin(), order.end(), 0);
    const auto along = [&](int axis, int i) { return place[size_t(axis) * n + i]; };
    std::sort(order.begin(), order.end(), [&](int a, int b) { return along(2, a) < along(2, b); });
    double centre[3], radius = 1;
    for (int axis = 0; axis < 3; axis++) {
        const auto first = place.begin() + std::ptrdiff_t(axis) * n;
        centre[axis] = std::accumulate(first, first + n, 0.0) / n;
        for (int i = 0; i < n; i++) {
            radius = std::max(radius, std::abs(along(axis, i) - centre[axis]) + 0.6);
        }
    }
    Image image(pixels, pixels, 3, 255);
    for (int i : order) {
        const double middle = pixels / 2.0, scale = middle / radius,
                     depth = (1 - (along(2, i) - centre[2]) / radius) / 2;
        const Place at{middle + scale * (along(0, i) - centre[0]), middle + scale * (along(1, i) - centre[1])};
        draw_line(image, at, at, 1.08 * scale, faded({60, 80, 80}, depth));
        draw_line(image, at, at, 1.02 * scale, faded(grey, depth));
    }
    return {{"cluster.png", png_bytes(image)}, {"cluster.npy", npy_bytes(place, {n, 3})}};
}

}  // namespace sylvite::apps
