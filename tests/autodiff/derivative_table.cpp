#include "derivative_table.h"

#include "autodiff/autodiff.h"

#include <cmath>
#include <random>
#include <stdexcept>

namespace sylvite::testing {

using namespace Halide;

namespace {

// Weights of f(-4 h) to f(4 h) for the derivatives of order 1 to 3, with errors of order h^8, h^8 and h^6
// (Fornberg 1988). They are antisymmetric for odd orders and symmetric for even ones.
struct Stencil {
    int sign;
    long double centre, others[4], divisor;
};
const Stencil stencils[] = {
    {-1, 0, {672, -168, 32, -3}, 840},
    {1, -14350, {8064, -1008, 128, -9}, 5040},
    {-1, 0, {-488, 338, -72, 7}, 240},
};

class Ways {
public:
    Ways(const Subject &subject, Type type, unsigned seed) :
        subject_(subject), type_(type), random_(seed), in_(type, rank(), "in"),
        weights_(type, static_cast<int>(subject.box.size()), "weights"), x_(in_mins(), subject.in_sizes),
        u_(out_mins(), out_sizes()) {
        for (int order = 0; order < 3; order++) {
            directions_.emplace_back(type, rank(), "direction_" + std::to_string(order));
            v_.emplace_back(in_mins(), subject.in_sizes);
        }
        draw();
    }

    std::vector<Cell> all(int order) {
        std::vector<Cell> cells;
        std::vector<std::pair<std::string, Func>> last{{"", loss_of(subject_.build)}};
        for (int k = 0; k < order; k++) {
            const auto [difference, size] = difference_of(k + 1);
            std::vector<std::pair<std::string, Func>> next;
            for (const auto &[nesting, f] : last) {
                next.emplace_back(nesting + "f", jvp(f, {{in_, directions_[k]}}));
                next.emplace_back(nesting + "r", along(grad(f, in_), directions_[k]));
                for (const auto &[name, derivative] : {next[next.size() - 2], next.back()}) {
                    cells.push_back({name, value(derivative, Evaluator::Arithmetic::as_typed),
                                     value(derivative, Evaluator::Arithmetic::exact), difference, size});
                }
            }
            last = next;
        }
        return cells;
    }

private:
    const Subject &subject_;
    Type type_;
    std::mt19937 random_;
    ImageParam in_, weights_;
    std::vector<ImageParam> directions_;
    Grid x_, u_;
    std::vector<Grid> v_;

    int rank() const { return static_cast<int>(subject_.in_sizes.size()); }
    std::vector<int> in_mins() const { return std::vector<int>(subject_.in_sizes.size(), subject_.in_min); }
    std::vector<int> out_mins() const {
        std::vector<int> mins;
        for (const auto &[min, extent] : subject_.box) {
            mins.push_back(min);
        }
        return mins;
    }
    std::vector<int> out_sizes() const {
        std::vector<int> sizes;
        for (const auto &[min, extent] : subject_.box) {
            sizes.push_back(extent);
        }
        return sizes;
    }

    // Numbers of 11 bits, which all types hold.
    long double number(double low, double high) {
        return static_cast<double>(float16_t(std::uniform_real_distribution<double>(low, high)(random_)));
    }

    void draw() {
        std::vector<int> place = in_mins();
        for (size_t i = 0; i < x_.values.size(); i++) {
            const auto [low, high] = subject_.drawn_from(place);
            x_.values[i] = number(low, high);
            for (Grid &v : v_) {
                v.values[i] = number(-1, 1);
            }
            size_t d = 0;
            while (d < place.size() && ++place[d] == subject_.in_min + subject_.in_sizes[d]) {
                place[d++] = subject_.in_min;
            }
        }
        for (long double &u : u_.values) {
            u = number(0.25, 1);
        }
    }

    // Sums are in f32 at least.
    Type sum_type() const { return type_.bits() < 32 ? Float(32) : type_; }

    static std::vector<Expr> all_places(const std::vector<int> &mins, const std::vector<int> &sizes) {
        std::vector<Expr> place;
        if (!sizes.empty()) {
            Region box;
            for (size_t d = 0; d < sizes.size(); d++) {
                box.emplace_back(mins[d], sizes[d]);
            }
            const RDom r(box, "all");
            for (int d = 0; d < r.dimensions(); d++) {
                place.push_back(r[d]);
            }
        }
        return place;
    }

    Func loss_of(const std::function<Func(Func in)> &build) {
        const Func f = build(in_);
        const std::vector<Expr> place = all_places(out_mins(), out_sizes());
        Func loss("loss");
        loss() = Internal::make_zero(sum_type());
        loss() += cast(sum_type(), f(place)) * cast(sum_type(), weights_(place));
        return loss;
    }

    // <f, v>
    Func along(const Func &f, const ImageParam &v) const {
        const std::vector<Expr> place = all_places(in_mins(), subject_.in_sizes);
        Func product("product");
        product() = Internal::make_zero(sum_type());
        product() += cast(sum_type(), f(place)) * cast(sum_type(), v(place));
        return product;
    }

    void set_all(Evaluator &evaluator) const {
        evaluator.set(in_.name(), x_);
        evaluator.set(weights_.name(), u_);
        for (size_t k = 0; k < v_.size(); k++) {
            evaluator.set(directions_[k].name(), v_[k]);
        }
    }

    long double value(const Func &scalar, Evaluator::Arithmetic arithmetic) const {
        Evaluator evaluator(arithmetic);
        set_all(evaluator);
        return evaluator(scalar, {});
    }

    // The derivative along the first `order` directions, from derivatives of that order along sums of them (the
    // polarisation formula), from values.
    std::pair<long double, long double> difference_of(int order) {
        const Func loss = loss_of(subject_.exact ? subject_.exact : subject_.build);
        Evaluator evaluator(Evaluator::Arithmetic::exact);
        set_all(evaluator);
        const auto with_step = [&](long double step) {
            long double sum = 0;
            const int signs = 1 << (order - 1);
            for (int sign = 0; sign < signs; sign++) {
                const long double weight = __builtin_parity(sign) ? -1 : 1;
                const auto f = [&](int steps) {
                    Grid moved = x_;
                    for (size_t i = 0; i < moved.values.size(); i++) {
                        for (int k = 0; k < order; k++) {
                            const long double direction = k > 0 && (sign >> (k - 1) & 1) ? -1 : 1;
                            moved.values[i] += direction * steps * step * v_[k].values[i];
                        }
                    }
                    evaluator.set(in_.name(), moved);
                    return evaluator(loss, {});
                };
                const Stencil &stencil = stencils[order - 1];
                long double d = stencil.centre != 0 ? stencil.centre * f(0) : 0;
                for (int k = 1; k <= 4; k++) {
                    d += stencil.others[k - 1] * (f(k) + stencil.sign * f(-k));
                }
                sum += weight * d / (stencil.divisor * std::pow(step, order));
            }
            return sum / (order == 1 ? 1 : order == 2 ? 4 : 24);
        };
        long double coarse = with_step(0x1p-7L);
        for (const long double step : {0x1p-8L, 0x1p-9L, 0x1p-10L, 0x1p-11L}) {
            const long double fine = with_step(step);
            if (std::abs(fine - coarse) <= 1e-8 * (1 + std::abs(fine))) {
                return {fine, 1 + std::abs(fine)};
            }
            coarse = fine;
        }
        throw std::runtime_error("differences of different steps disagree");
    }
};

}  // namespace

std::vector<Cell> differentiate_in_every_way(const Subject &subject, Type type, int order, unsigned seed) {
    return Ways(subject, type, seed).all(order);
}

}  // namespace sylvite::testing
