#pragma once

#include <cstdint>
#include <random>
#include <vector>

namespace sylvite::testing {

/// The choices that a generator makes, drawn from a seed or played back from a list. The same seed makes the same
/// choices, whatever the compiler. Any list of numbers is a valid list of choices, and one that is too short goes on with
/// zeros: so what is made from a shorter list, or one with smaller numbers, is as a rule simpler.
class Choices {
public:
    explicit Choices(unsigned seed) : random_(seed) {}
    explicit Choices(std::vector<int> played) : is_played_(true), played_(std::move(played)) {}

    /// 0 to n - 1.
    int pick(int n) {
        const unsigned drawn = is_played_ ? next() : static_cast<unsigned>(random_());
        made_.push_back(static_cast<int>(drawn % static_cast<unsigned>(n)));
        return made_.back();
    }
    bool chance(double p) {
        const bool drawn = is_played_ ? next() % 2 == 1 : static_cast<double>(random_()) < p * 4294967296.0;
        made_.push_back(drawn);
        return drawn;
    }

    /// All choices so far.
    const std::vector<int> &made() const { return made_; }

private:
    std::mt19937 random_;
    bool is_played_ = false;
    std::vector<int> played_, made_;

    unsigned next() const { return made_.size() < played_.size() ? static_cast<unsigned>(played_[made_.size()]) : 0; }
};

}  // namespace sylvite::testing
