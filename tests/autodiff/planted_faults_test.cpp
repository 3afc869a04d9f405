// Whether the checks of derivatives notice when a derivative is wrong: faults are planted in right ones.

#include "faults.h"
#include "pipelines.h"

#include <algorithm>
#include <iostream>
#include <map>
#include <sstream>

using namespace sylvite;
using namespace sylvite::testing;
using namespace Halide;

namespace {

constexpr int faults_of_a_pipeline = 200;
constexpr int draws = 3;

Grid random_grid(const std::vector<int> &mins, const std::vector<int> &sizes, std::mt19937 &random, double low,
                 double high) {
    Grid grid(mins, sizes);
    for (long double &value : grid.values) {
        value = std::uniform_real_distribution<double>(low, high)(random);
    }
    return grid;
}

// All elements of a box, with a margin, as a Buffer.
Buffer<double> buffer_of(const std::vector<int> &mins, const std::vector<int> &sizes, int margin,
                         const std::function<long double(const std::vector<int> &)> &element) {
    std::vector<int> from = mins, wider = sizes;
    for (size_t d = 0; d < mins.size(); d++) {
        from[d] -= margin;
        wider[d] += 2 * margin;
    }
    Buffer<double> buffer(wider);
    buffer.set_min(from);
    buffer.for_each_element(
        [&](const int *at) { buffer(at) = static_cast<double>(element(std::vector<int>(at, at + sizes.size()))); });
    return buffer;
}

// A pipeline with its derivatives, evaluated at random inputs.
class Bed {
public:
    Bed(const Case &c, unsigned seed) :
        random_(seed), in_(Float(64), static_cast<int>(c.in_sizes.size()), "in"), v_(Float(64), in_.dimensions(), "v"),
        u_(Float(64), static_cast<int>(c.box.size()), "u"), in_sizes_(c.in_sizes),
        in_mins_(c.in_sizes.size(), c.in_min) {
        Region box;
        for (const auto &[min, extent] : c.box) {
            box.emplace_back(min, extent);
            out_mins_.push_back(min);
            out_sizes_.push_back(extent);
        }
        f_ = c.build(in_);
        tangent_ = jvp(f_, {{in_, v_}});
        adjoint_ = vjp(f_, u_, box)(in_);
        for (int draw = 0; draw < draws; draw++) {
            Grid x = random_grid(in_mins_, in_sizes_, random_, c.low, c.high);
            Grid v = random_grid(in_mins_, in_sizes_, random_, -1, 1);
            Grid u = random_grid(out_mins_, out_sizes_, random_, -1, 1);
            evaluators_.push_back(std::make_unique<Evaluator>());
            Observation seen{buffer_of(in_mins_, in_sizes_, 0, [&](auto &at) { return v.at(at); }),
                             buffer_of(out_mins_, out_sizes_, 0, [&](auto &at) { return u.at(at); }),
                             {},
                             {},
                             {}};
            Evaluator &evaluator = *evaluators_.back();
            for (size_t k = 0; k < observed_steps.size(); k++) {
                Grid moved = x;
                for (size_t i = 0; i < x.values.size(); i++) {
                    moved.values[i] += observed_steps[k] * v.values[i];
                }
                evaluator.set(in_.name(), moved);
                seen.near[k] = buffer_of(out_mins_, out_sizes_, 0, [&](auto &at) { return evaluator(f_, at); });
            }
            evaluator.set(in_.name(), x);
            evaluator.set(v_.name(), v);
            evaluator.set(u_.name(), u);
            right_.push_back(seen);
            observe(draw, right_.back());
        }
    }

    std::vector<Fault> faults() const { return faults_in({tangent_, adjoint_}, {f_}); }
    const Observation &right(int draw) const { return right_[draw]; }

    // What a derivative with a fault does.
    Observation with(const Fault &fault, int draw) {
        Observation seen = right_[draw];
        Evaluator &evaluator = *evaluators_[draw];
        evaluator.replace(fault.function, fault.stage, fault.exprs);
        try {
            observe(draw, seen);
        } catch (...) {
            evaluator.replace(fault.function, fault.stage, stage_exprs(fault.function, fault.stage));
            throw;
        }
        evaluator.replace(fault.function, fault.stage, stage_exprs(fault.function, fault.stage));
        return seen;
    }

private:
    std::mt19937 random_;
    ImageParam in_, v_, u_;
    std::vector<int> in_sizes_, in_mins_, out_mins_, out_sizes_;
    Func f_, tangent_, adjoint_;
    std::vector<std::unique_ptr<Evaluator>> evaluators_;
    std::vector<Observation> right_;

    void observe(int draw, Observation &seen) {
        Evaluator &evaluator = *evaluators_[draw];
        seen.tangent = buffer_of(out_mins_, out_sizes_, 0, [&](auto &at) { return evaluator(tangent_, at); });
        seen.adjoint = buffer_of(in_mins_, in_sizes_, 1, [&](auto &at) { return evaluator(adjoint_, at); });
    }
};

// Whether `a` equals the right array `b` up to what the order of a sum changes.
bool are_equal(const Buffer<double> &a, const Buffer<double> &b) {
    bool equal = true;
    double largest = 0;
    b.for_each_value([&](double value) { largest = std::max(largest, std::abs(value)); });
    a.for_each_element([&](const int *at) { equal = equal && std::abs(a(at) - b(at)) <= 1e-14 * largest; });
    return equal;
}

struct Count {
    int planted = 0, equivalent = 0, caught = 0;
};

// The same number of each kind as far as there are enough, in a random order.
std::vector<Fault> some_of(const std::vector<Fault> &faults, std::mt19937 &random) {
    std::map<std::string, std::vector<Fault>> kinds;
    for (const Fault &fault : faults) {
        kinds[fault.kind].push_back(fault);
    }
    std::vector<Fault> some;
    for (auto &[kind, list] : kinds) {
        std::shuffle(list.begin(), list.end(), random);
    }
    for (size_t i = 0; some.size() < std::min<size_t>(faults.size(), faults_of_a_pipeline); i++) {
        for (const auto &[kind, list] : kinds) {
            if (i < list.size() && some.size() < faults_of_a_pipeline) {
                some.push_back(list[i]);
            }
        }
    }
    return some;
}

TEST(PlantedFaults, AreCaught) {
    std::map<std::string, Count> counts;
    std::mt19937 random(5);
    std::vector<Case> cases = pipelines();
    cases.insert(cases.end(), recurrences().begin(), recurrences().end());
    for (const Case &c : cases) {
        Bed bed(c, 7);
        for (int draw = 0; draw < draws; draw++) {
            ASSERT_EQ(judge(bed.right(draw)), "") << c.name;
        }
        for (const Fault &fault : some_of(bed.faults(), random)) {
            Count &count = counts[fault.kind];
            count.planted++;
            std::string verdict;
            bool is_equivalent = true;
            try {
                for (int draw = 0; draw < draws && verdict.empty(); draw++) {
                    const Observation seen = bed.with(fault, draw), &right = bed.right(draw);
                    verdict = judge(seen);
                    is_equivalent = is_equivalent && are_equal(seen.tangent, right.tangent) &&
                                    are_equal(seen.adjoint, right.adjoint);
                }
            } catch (const std::out_of_range &error) {
                verdict = error.what();  // compiled code checks the bounds of its inputs
                is_equivalent = false;
            }
            count.equivalent += is_equivalent;
            count.caught += !verdict.empty();
            EXPECT_EQ(verdict.empty(), is_equivalent)
                << c.name << ": " << fault.kind << " in " << fault.function.name() << ", stage " << fault.stage;
        }
    }
    Count all;
    std::ostringstream kinds;
    for (const auto &[kind, count] : counts) {
        all.planted += count.planted, all.equivalent += count.equivalent, all.caught += count.caught;
        EXPECT_GT(count.caught, 0) << kind;
        kinds << "  " << kind << ": " << count.caught << " of " << count.planted - count.equivalent << "\n";
    }
    std::cout << "counted: derivatives: planted " << all.planted << " faults of " << counts.size() << " kinds in "
              << cases.size() << " pipelines; " << all.equivalent << " change no number of " << draws
              << " random inputs, caught " << all.caught << " of the other " << all.planted - all.equivalent << "\n"
              << kinds.str();
    EXPECT_EQ(all.caught, all.planted - all.equivalent);
    EXPECT_GE(all.caught, 1000);
}

}  // namespace
