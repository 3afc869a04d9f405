#pragma once

#include <Halide.h>

#include <limits>
#include <map>
#include <string>
#include <vector>

namespace sylvite {

/// What `-h` says of a parameter, and what its values are held to.
template<typename T>
struct ParameterOptions {
    std::string help = "";
    T minimum = std::numeric_limits<T>::lowest();
    T maximum = std::numeric_limits<T>::max();
};

/// The build-time parameters of a generator: `n=512` on its command line.
///
/// A parameter is declared by asking for it, with its default: a build that gives none of them is the default build,
/// and one that gives an unknown one is refused. A name that is asked for again must have the same default. All throw
/// Halide::CompileError that names the parameter and its value when the value is of another kind or out of range.
class Parameters {
public:
    using Values = std::map<std::string, std::string>;
    /// `given` are the values on the command line, by name.
    explicit Parameters(Values given = {}) : given_(std::move(given)) {}
    /// A generator takes its Parameters by reference: what it asks a copy for would not be known to be declared.
    Parameters(const Parameters &) = delete;
    Parameters &operator=(const Parameters &) = delete;

    int integer(const std::string &name, int value, const ParameterOptions<int> &options = {});
    double real(const std::string &name, double value, const ParameterOptions<double> &options = {});
    /// `true` or `false`.
    bool flag(const std::string &name, bool value, const std::string &help = "");
    /// One of `choices`, `value` among them.
    std::string choice(const std::string &name, const std::string &value, const std::vector<std::string> &choices,
                       const std::string &help = "");
    /// An element type, as Halide prints it: `float32`, `float64`, `uint8`, ...
    Halide::Type type(const std::string &name, Halide::Type value, const std::string &help = "");

    /// A parameter that was asked for: `n=512`, an integer from 2 to 4096, "cells".
    struct Declared {
        std::string name;
        std::string value;  ///< the default
        std::string kind;   ///< `an integer from 2 to 4096`
        std::string help;
    };
    /// In the order in which they were asked for.
    const std::vector<Declared> &declared() const { return declared_; }

    /// Throws Halide::CompileError when a value was given that nothing asked for, with what there is and the nearest
    /// name. To be called when the Program is built.
    void refuse_unknown() const;

private:
    Values given_;
    std::vector<Declared> declared_;

    /// Declares a parameter and returns its value as text.
    const std::string &value_of(const Declared &parameter);
};

}  // namespace sylvite
