#pragma once

#include <string>
#include <vector>

namespace sylvite::apps {

/// What printf would print, at most 255 characters of it.
[[gnu::format(printf, 1, 2)]] std::string text_of(const char *format, ...);

/// Losses in per cent of the first one, or 0 where that is 0.
std::vector<double> percent_of_first(const std::vector<double> &losses);

/// "loss 0.0123 (4.56 % of the first)", of the last of `losses`.
std::string loss_text(const std::vector<double> &losses);

}  // namespace sylvite::apps
