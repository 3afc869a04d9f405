#pragma once

#include <chrono>
#include <string>

namespace sylvite::apps {

/// Shows on standard error how far a computation is: a bar that is redrawn on a terminal, about ten plain lines
/// elsewhere, nothing when quiet.
class Progress {
public:
    Progress(int steps, bool quiet);
    /// Clears the bar if one is shown, so that a message after it starts a clean line.
    ~Progress();
    Progress(const Progress &) = delete;
    Progress &operator=(const Progress &) = delete;

    /// `done` of `steps` steps are finished; `message` says what they reached.
    void update(int done, const std::string &message);
    /// Since construction.
    double seconds() const;

private:
    enum class Mode { quiet, plain, bar };
    int steps_;
    Mode mode_;
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace sylvite::apps
