#pragma once

#include "apps/support/image.h"

#include <string>
#include <vector>

namespace sylvite::apps {

enum class Hue { blue, orange, green, grey };

/// Points, or a curve through them; x and y are of equal length.
struct Series {
    std::vector<double> x, y;
    Hue hue = Hue::blue;
    bool is_curve = true;
};

struct Axis {
    std::string name;  ///< digits, small letters and `% . -`
    bool is_logarithmic = false;
};

/// Several series, the last one on top, in a frame around all of them with labelled lines at round values, or decades.
/// Needs finite values, above 0 along logarithmic axes. Throws std::runtime_error otherwise.
Image plot(const std::vector<Series> &series, const Axis &across, const Axis &up);

/// A curve through `values`, over 0, 1, 2, ..., on a logarithmic vertical axis with a labelled line per decade; the
/// axes are named `across` and `up`. Needs at least one value, all above 0; labels use digits, small letters and
/// `% . -`. Throws std::runtime_error otherwise.
Image plot_logarithmic(const std::vector<double> &values, const std::string &across, const std::string &up);

/// The same of losses in per cent of the first; what is below 1e-9 % is drawn there.
Image plot_losses(const std::vector<double> &losses, const std::string &across);

}  // namespace sylvite::apps
