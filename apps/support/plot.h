#pragma once

#include "apps/support/image.h"

namespace sylvite::apps {

/// A curve through `values`, over 0, 1, 2, ..., on a logarithmic vertical axis with a labelled line per decade; the
/// axes are named `across` and `up`. Needs at least one value, all above 0; labels use digits, small letters and
/// `% . -`. Throws std::runtime_error otherwise.
Image plot_logarithmic(const std::vector<double> &values, const std::string &across, const std::string &up);

}  // namespace sylvite::apps
