#pragma once

#include "apps/springs/controller.h"
#include "apps/springs/sizes.h"

#include <cmath>

namespace sylvite::apps {

using Row = std::vector<double>;

/// A step of masses at x that move with v, joined by springs of lengths `wanted`, as DiffTaichi's mass_spring.py has it, mass
/// by mass.
inline void plain_step(const Robot &robot, const Row &wanted, const Row &stiffness, Row &x, Row &v) {
    const int n = robot.masses, m = robot.springs;
    const double dt = 0.004f, ground = 0.1f;
    const float kept = std::exp(-0.004f * 15), fallen = 0.004f * -4.8f;  // as the program rounds them
    Row next(v.size());
    for (int i = 0; i < 2 * n; i++) {
        next[i] = kept * v[i] + (i < n ? 0 : fallen);
    }
    for (int s = 0; s < m; s++) {
        const int a = robot.ends[s], b = robot.ends[m + s];
        const double along[] = {x[a] - x[b], x[n + a] - x[n + b]}, length = std::hypot(along[0], along[1]) + 1e-4f;
        for (int c = 0; c < 2; c++) {
            const double impulse = dt * (length - wanted[s]) * stiffness[s] / length * along[c];
            next[c * n + a] -= impulse;
            next[c * n + b] += impulse;
        }
    }
    for (int i = 0; i < n; i++) {
        double time = dt;
        const bool lands = x[n + i] + dt * next[n + i] < ground && next[n + i] < -1e-4f;
        if (lands) {
            time = -(x[n + i] - ground) / next[n + i];
        }
        for (int c = 0; c < 2; c++) {
            x[c * n + i] += time * next[c * n + i];
            v[c * n + i] = lands ? 0 : next[c * n + i];
        }
    }
}

/// A walk.
class PlainWalk {
public:
    PlainWalk(const Robot &robot, const Weights &weights) : robot_(robot) {
        for (int p = 0; p < Weights::parts; p++) {
            weight_[p].assign(weights.part[p].begin(), weights.part[p].end());
        }
    }

    void move(const Weights &direction, double step) {
        for (int p = 0; p < Weights::parts; p++) {
            for (size_t i = 0; i < weight_[p].size(); i++) {
                weight_[p][i] += step * direction.part[p][i];
            }
        }
    }

    Row place(int steps) const {
        Row x(robot_.place.begin(), robot_.place.end()), v(x.size(), 0.0);
        for (int t = 0; t < steps; t++) {
            step(t, x, v);
        }
        return x;
    }

private:
    const Robot &robot_;
    std::array<Row, Weights::parts> weight_;

    Row orders(int t, const Row &x, const Row &v) const {
        using namespace springs_sizes;
        const int n = robot_.masses, m = robot_.springs;
        const double dt = 0.004f, goal[] = {0.9f, 0.2f};
        double centre[] = {0, 0};
        for (int c = 0; c < 2; c++) {
            for (int i = 0; i < n; i++) {
                centre[c] += x[c * n + i] / n;
            }
        }
        Row inner = weight_[4], outer = weight_[6];
        for (int h = 0; h < hidden; h++) {
            for (int k = 0; k < signals; k++) {
                inner[h] += weight_[0][k * hidden + h] * std::sin(10 * t * dt + 2 * M_PI / signals * k);
            }
            for (int i = 0; i < 2 * n; i++) {
                inner[h] +=
                    0.05f * (weight_[1][i * hidden + h] * (x[i] - centre[i / n]) + weight_[2][i * hidden + h] * v[i]);
            }
            for (int c = 0; c < 2; c++) {
                inner[h] += weight_[3][c * hidden + h] * (goal[c] - centre[c]);
            }
        }
        for (int s = 0; s < m; s++) {
            for (int h = 0; h < hidden; h++) {
                outer[s] += weight_[5][h * m + s] * std::tanh(inner[h]);
            }
            outer[s] = std::tanh(outer[s]);
        }
        return outer;
    }

    void step(int t, Row &x, Row &v) const {
        Row wanted = orders(t, x, v);
        for (int s = 0; s < robot_.springs; s++) {
            wanted[s] = robot_.length[s] * (1 + robot_.reach[s] * wanted[s]);
        }
        plain_step(robot_, wanted, Row(robot_.stiffness.begin(), robot_.stiffness.end()), x, v);
    }
};

}  // namespace sylvite::apps
