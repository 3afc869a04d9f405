#pragma once

#include <string>

namespace sylvite {

/// While it lives, its thread writes down what a loop does: the error of reading an Array that is not defined, and so has
/// no name, names the innermost one.
class WritingDown {
public:
    WritingDown(std::string function, std::string loop);
    WritingDown(const WritingDown &) = delete;
    WritingDown &operator=(const WritingDown &) = delete;
    ~WritingDown();

    /// "loop() needs Arrays that are defined; step reads one that is not", or the like where no loop is written down.
    static std::string undefined_array();

private:
    const std::string function_, loop_;
    const WritingDown *const outer_;
};

}  // namespace sylvite
