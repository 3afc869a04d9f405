#include "apps/support/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace sylvite::apps {

namespace {

constexpr int bar_width = 30;
constexpr const char *clear_line = "\r\x1b[K";

}  // namespace

Progress::Progress(int steps, bool quiet) :
    steps_(steps), mode_(quiet                        ? Mode::quiet
                         : isatty(STDERR_FILENO) != 0 ? Mode::bar
                                                      : Mode::plain) {}

Progress::~Progress() {
    if (mode_ == Mode::bar) {
        std::fputs(clear_line, stderr);
    }
}

double Progress::seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

void Progress::update(int done, const std::string &message) {
    const int line_every = std::max(1, steps_ / 10);
    if (mode_ == Mode::quiet || (mode_ == Mode::plain && done % line_every != 0 && done != steps_)) {
        return;
    }
    std::string left;
    if (done > 0) {
        char text[32];
        std::snprintf(text, sizeof text, ", %.0f s left", seconds() / done * (steps_ - done));
        left = text;
    }
    if (mode_ == Mode::plain) {
        std::fprintf(stderr, "%d of %d: %s%s\n", done, steps_, message.c_str(), left.c_str());
        return;
    }
    const int full = steps_ > 0 ? bar_width * done / steps_ : bar_width;
    const std::string bar = std::string(full, '#') + std::string(bar_width - full, '.');
    std::fprintf(stderr, "%s[%s] %d/%d  %s%s", clear_line, bar.c_str(), done, steps_, message.c_str(), left.c_str());
    std::fflush(stderr);
}

}  // namespace sylvite::apps
