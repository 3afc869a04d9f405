#include "apps/support/text.h"

#include <cstdarg>
#include <cstdio>

namespace sylvite::apps {

std::string text_of(const char *format, ...) {
    char text[256];
    va_list values;
    va_start(values, format);
    std::vsnprintf(text, sizeof text, format, values);
    va_end(values);
    return text;
}

std::vector<double> percent_of_first(const std::vector<double> &losses) {
    std::vector<double> percent;
    for (double loss : losses) {
        percent.push_back(losses.front() != 0 ? 100 * loss / losses.front() : 0);
    }
    return percent;
}

std::string loss_text(const std::vector<double> &losses) {
    return text_of("loss %.3g (%.2f %% of the first)", losses.back(), percent_of_first(losses).back());
}

}  // namespace sylvite::apps
