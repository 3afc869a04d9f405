#pragma once

namespace sylvite {

/// A line of C++ source, for messages about what was asked for there: as the default of a function's last parameter,
/// SourceLine::here() is the line of the call. (std::source_location needs clang 16.)
struct SourceLine {
    const char *file = "";  ///< empty: not known
    int line = 0;

    static constexpr SourceLine here(const char *file = __builtin_FILE(), int line = __builtin_LINE()) {
        return {file, line};
    }
};

}  // namespace sylvite
