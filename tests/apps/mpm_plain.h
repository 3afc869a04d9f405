#pragma once

#include "apps/mpm/scene.h"
#include "apps/mpm/simulator.h"

#include <array>
#include <cmath>

namespace sylvite::apps {

/// A run as DiffTaichi's diffmpm.py (d = 2) and diffmpm3d.py (d = 3) have it, particle by particle, in f64.
template<int d>
class PlainMpm {
public:
    using V = std::array<double, d>;
    using M = std::array<V, d>;  // rows

    PlainMpm(const Scene &scene, std::vector<double> controls, double friction) :
        scene_(scene), controls_(std::move(controls)), friction_(friction), x_(scene.particles), v_(scene.particles),
        c_(scene.particles), f_(scene.particles) {
        for (int p = 0; p < scene.particles; p++) {
            for (int i = 0; i < d; i++) {
                x_[p][i] = scene.place[i * scene.particles + p];
                f_[p][i][i] = 1;
            }
        }
    }

    void run(int steps) {
        for (int end = t_ + steps; t_ < end; t_++) {
            step();
        }
    }

    double place(int p, int i) const { return x_[p][i]; }

    double loss() const {
        double sum = 0, solids = 0;
        for (int p = 0; p < scene_.particles; p++) {
            if (scene_.material[p] == 1) {
                sum += x_[p][0];
                solids++;
            }
        }
        return -sum / solids;
    }

private:
    // Products of constants are rounded to f32, as in the program.
    static constexpr float step_length = d == 2 ? 1e-3f : 2e-3f, gravity = d == 2 ? 3.8f : 10,
                           fall = step_length * gravity;
    static constexpr double dt = step_length, modulus = 10, omega = d == 2 ? 20 : 40, strength = d == 2 ? 4 : 5;
    const Scene &scene_;
    std::vector<double> controls_;
    double friction_;
    std::vector<V> x_, v_;
    std::vector<M> c_, f_;
    int t_ = 0;

    static double det(const M &a) {
        if constexpr (d == 2) {
            return a[0][0] * a[1][1] - a[0][1] * a[1][0];
        } else {
            double sum = 0;
            for (int i = 0; i < 3; i++) {
                const int j = (i + 1) % 3, k = (i + 2) % 3;
                sum += a[0][i] * (a[1][j] * a[2][k] - a[1][k] * a[2][j]);
            }
            return sum;
        }
    }

    double signal(int actuator) const {
        double sum = controls_[scene_.actuators * 4 + actuator];
        for (int wave = 0; wave < 4; wave++) {
            sum += controls_[wave * scene_.actuators + actuator] * std::sin(omega * t_ * dt + 2 * M_PI / 4 * wave);
        }
        return std::tanh(sum);
    }

    // Cauchy's stress.
    M stress(const M &f, bool is_fluid, double act) const {
        const double j = det(f);
        M s = {};
        if (is_fluid) {
            for (int i = 0; i < d; i++) {
                s[i][i] = (d == 2 && i == 1 ? 0.1f : 1.0) * (j - 1) * modulus;
            }
        } else if constexpr (d == 2) {
            const double angle = std::atan2(f[1][0] - f[0][1], f[0][0] + f[1][1]);
            const M r = {{{std::cos(angle), -std::sin(angle)}, {std::sin(angle), std::cos(angle)}}};
            for (int i = 0; i < 2; i++) {
                for (int k = 0; k < 2; k++) {
                    for (int l = 0; l < 2; l++) {
                        s[i][k] += 2 * modulus * (f[i][l] - r[i][l]) * f[k][l];
                    }
                }
                s[i][i] += modulus * (j - 1) * j;
            }
        } else {
            for (int i = 0; i < d; i++) {
                for (int k = 0; k < d; k++) {
                    for (int l = 0; l < d; l++) {
                        s[i][k] += modulus * f[i][l] * f[k][l];
                    }
                }
                s[i][i] += modulus * std::log(j) - modulus;
            }
        }
        for (int i = 0; i < d; i++) {
            for (int k = 0; k < d; k++) {
                s[i][k] += act * f[i][d - 1] * f[k][d - 1];
            }
        }
        return s;
    }

    template<typename Visit>
    void around(const V &x, const Visit &visit) const {
        const int n = scene_.cells;
        std::array<int, d> base;
        std::array<std::array<double, 3>, d> w;
        V fx;
        for (int i = 0; i < d; i++) {
            base[i] = static_cast<int>(x[i] * n - 0.5);
            fx[i] = x[i] * n - base[i];
            w[i] = {0.5 * std::pow(1.5 - fx[i], 2), 0.75 - std::pow(fx[i] - 1, 2), 0.5 * std::pow(fx[i] - 0.5, 2)};
        }
        for (int number = 0; number < (d == 2 ? 9 : 27); number++) {
            size_t node = 0;
            double weight = 1;
            V way;
            for (int i = 0, rest = number; i < d; i++, rest /= 3) {
                node = node * n + base[i] + rest % 3;
                weight *= w[i][rest % 3];
                way[i] = (rest % 3 - fx[i]) / n;
            }
            visit(node, weight, way);
        }
    }

    void step() {
        const int n = scene_.cells;
        size_t nodes = 1;
        for (int i = 0; i < d; i++) {
            nodes *= n;
        }
        std::vector<V> momentum(nodes);
        std::vector<double> mass(nodes);
        for (int p = 0; p < scene_.particles; p++) {
            M f = f_[p];
            for (int i = 0; i < d; i++) {
                for (int j = 0; j < d; j++) {
                    for (int k = 0; k < d; k++) {
                        f[i][j] += dt * c_[p][i][k] * f_[p][k][j];
                    }
                }
            }
            const bool is_fluid = scene_.material[p] == 0;
            if (is_fluid) {
                const double root = std::sqrt(det(f));
                f = {};
                f[0][0] = f[1][1] = root;
                if (d == 3) {
                    f[d - 1][d - 1] = 1;
                }
            }
            f_[p] = f;
            const int actuator = scene_.actuator[p];
            const M s = stress(f, is_fluid, actuator < 0 ? 0 : strength * signal(actuator));
            const double m = is_fluid ? 4 : 1;
            around(x_[p], [&](size_t node, double weight, const V &way) {
                for (int i = 0; i < d; i++) {
                    double sum = m * v_[p][i];
                    for (int j = 0; j < d; j++) {
                        sum += (m * c_[p][i][j] - dt * 4 * n * n * s[i][j]) * way[j];
                    }
                    momentum[node][i] += weight * sum;
                }
                mass[node] += weight * m;
            });
        }
        for (size_t node = 0; node < nodes; node++) {
            V &v = momentum[node];
            for (double &e : v) {
                e /= mass[node] + 1e-10f;
            }
            v[1] -= fall;
            size_t rest = node;
            std::array<int, d> at;
            for (int i = d - 1; i >= 0; i--, rest /= n) {
                at[i] = static_cast<int>(rest % n);
            }
            for (int i = 0; i < d; i++) {
                if ((at[i] < 3 && v[i] < 0) || (at[i] > n - 3 && v[i] > 0)) {
                    const double into = std::abs(v[i]);
                    v[i] = 0;
                    double along = 0;
                    for (double e : v) {
                        along += e * e;
                    }
                    const double kept =
                        friction_ < 0 || along == 0 ? 0 : std::max(0.0, 1 - friction_ * into / std::sqrt(along));
                    for (double &e : v) {
                        e *= kept;
                    }
                }
            }
        }
        for (int p = 0; p < scene_.particles; p++) {
            v_[p] = {};
            c_[p] = {};
            around(x_[p], [&](size_t node, double weight, const V &way) {
                for (int i = 0; i < d; i++) {
                    v_[p][i] += weight * momentum[node][i];
                    for (int j = 0; j < d; j++) {
                        c_[p][i][j] += 4.0 * n * n * weight * momentum[node][i] * way[j];
                    }
                }
            });
            for (int i = 0; i < d; i++) {
                x_[p][i] += dt * v_[p][i];
            }
        }
    }
};

}  // namespace sylvite::apps
