#pragma once

#include "frontend/blocks.h"
#include "targets/statements.h"

#include <string>
#include <vector>

namespace sylvite {

/// Where the driver of a program tells the run time what a caller may watch (`struct sylvite_watch`): one comparison a
/// kernel and one a step where nothing is watched, and calls apart from the way that code takes then.
class WatchPoints {
public:
    explicit WatchPoints(std::string program) : program_(std::move(program)) {}

    /// Asks, once, whether anything is watched.
    void begin(Statements &out) const;

    /// A step of `loop`, from the states `now`, begins, and all that follows is in it.
    void begin_step(const Loop &loop, const std::vector<Expr> &now, const Expr &steps, Statements &out);
    void end_step() { loops_.pop_back(); }

    /// Returns what after_kernel() wants to know.
    Expr before_kernel(Statements &out) const;
    void after_kernel(const Kernel &kernel, const std::vector<Expr> &outputs, const Expr &began, Statements &out) const;

private:
    std::string program_;
    struct Inside {
        std::string name;
        Expr step;
    };
    std::vector<Inside> loops_;  // around the current statement, outermost first
    const std::string watch_ = Halide::Internal::unique_name("sylvite_watch");

    Expr watch() const;
    Expr watched() const;
    void call(const std::string &function, const std::vector<Expr> &fields, Statements &out) const;
};

}  // namespace sylvite
