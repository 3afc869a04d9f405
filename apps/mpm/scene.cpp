#include "apps/mpm/scene.h"

#include "apps/support/choice.h"

#include <algorithm>
#include <utility>

namespace sylvite::apps {

namespace {

using Corner = std::vector<double>;

enum Material { fluid, solid };

// Fills boxes with particles, `density` of them a cell along each axis.
class Builder {
public:
    Builder(int dimensions, int cells, int density, Corner origin) :
        dimensions_(dimensions), cells_(cells), density_(density), origin_(std::move(origin)) {}

    void box(const Corner &from, const Corner &size, int actuator, Material material = solid) {
        std::vector<int> count;
        std::vector<double> apart;
        int particles = 1;
        for (int axis = 0; axis < dimensions_; axis++) {
            count.push_back(particles_along(size[axis]));
            apart.push_back(size[axis] / count.back());
            particles *= count.back();
        }
        for (int number = 0; number < particles; number++) {
            Corner at(dimensions_);
            for (int axis = dimensions_ - 1, rest = number; axis >= 0; rest /= count[axis], axis--) {
                at[axis] = from[axis] + (rest % count[axis] + 0.5) * apart[axis] + origin_[axis];
            }
            places_.push_back(at);
            material_.push_back(material);
            actuator_.push_back(actuator);
        }
        actuators_ = std::max(actuators_, actuator + 1);
    }

    Scene scene(int steps, double rate) const {
        Scene scene{dimensions_, cells_,   static_cast<int>(places_.size()), actuators_, steps, rate, {},
                    material_,   actuator_};
        for (int axis = 0; axis < dimensions_; axis++) {
            for (const Corner &place : places_) {
                scene.place.push_back(static_cast<float>(place[axis]));
            }
        }
        return scene;
    }

private:
    int dimensions_, cells_, density_, actuators_ = 0;
    Corner origin_;
    std::vector<Corner> places_;
    std::vector<int> material_, actuator_;

    // As DiffTaichi rounds: whole cells in two dimensions, particles in three.
    int particles_along(double length) const {
        const double cells = length / (1.0 / cells_);
        return dimensions_ == 2 ? static_cast<int>(cells) * density_ : static_cast<int>(cells * density_);
    }
};

Scene robot() {
    Builder b(2, 128, 2, {0.1, 0.03});
    b.box({0, 0.1}, {0.3, 0.1}, -1);
    b.box({0, 0}, {0.05, 0.1}, 0);
    b.box({0.05, 0}, {0.05, 0.1}, 1);
    b.box({0.2, 0}, {0.05, 0.1}, 2);
    b.box({0.25, 0}, {0.05, 0.1}, 3);
    return b.scene(1023, 0.1);
}

Scene fish() {
    Builder b(2, 128, 2, {0, 0});
    b.box({0.025, 0.025}, {0.95, 0.1}, -1, fluid);
    b.box({0.1, 0.2}, {0.15, 0.05}, -1);
    b.box({0.1, 0.15}, {0.025, 0.05}, 0);
    b.box({0.125, 0.15}, {0.025, 0.05}, 1);
    b.box({0.2, 0.15}, {0.025, 0.05}, 2);
    b.box({0.225, 0.15}, {0.025, 0.05}, 3);
    return b.scene(1023, 0.1);
}

// Four legs of four actuators each, and a back of three blocks.
Scene robot_in_three_dimensions() {
    const double size = 0.1, half = size / 2, height = 0.7 * size / 2;
    Builder b(3, 64, 3, {0.1, 0.05, 0.3});
    for (int leg = 0; leg < 4; leg++) {
        for (int part = 0; part < 4; part++) {
            const int along = leg / 2, across = leg % 2, right = part / 2, upper = part % 2;
            b.box({along * size * 2 + half * right, height * upper, across * size * 2}, {half, height, size},
                  4 * leg + part);
        }
    }
    for (int i = 0; i < 3; i++) {
        b.box({size * i, 0, size}, {size, size * 0.7, size}, -1);
    }
    return b.scene(511, 30);
}

const std::vector<Choice<Scene>> scenes = {{"robot", robot}, {"fish", fish}, {"robot3d", robot_in_three_dimensions}};

}  // namespace

std::vector<std::string> scene_names() { return names_of(scenes); }

Scene scene_named(const std::string &name) { return chosen(scenes, "scene", name); }

Scene block(int count, int cells) {
    Scene scene{2, cells, count * count, 4, 512, 0.1, {}, {}, {}};
    scene.material.assign(scene.particles, solid);
    const float apart = 0.5f / cells;
    for (int axis = 0; axis < 2; axis++) {
        for (int p = 0; p < scene.particles; p++) {
            const int place = axis == 0 ? p % count : p / count;
            scene.place.push_back((axis == 0 ? 0.15f : 4.0f / cells) + place * apart);
        }
    }
    for (int p = 0; p < scene.particles; p++) {
        scene.actuator.push_back(p % count * 4 / count);
    }
    return scene;
}

}  // namespace sylvite::apps
