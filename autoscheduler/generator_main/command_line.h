#pragma once

#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace sylvite {

/// One application of a derivative: `derivative=grad wrt=u,c`.
struct DerivativeRequest {
    std::string kind;              ///< jvp, vjp, grad or hvp
    std::vector<std::string> wrt;  ///< names of inputs; none: all float inputs
};

/// What the command line of a generator asks for. A name that is empty was not given and has a default.
struct GeneratorRequest {
    std::string help;  ///< for `-h`: how to write a command line; nothing else is asked for then
    std::string generator, function, base_name, folder = ".";
    std::vector<std::string> emit{"static_library", "c_header"};
    std::vector<std::string> plugins;
    std::string target = "host";
    std::string schedule;       ///< not given: auto, or a Halide generator's own where there is no derivative
    std::string autoscheduler;  ///< one of Halide's, in place of ours
    std::map<std::string, std::string> autoscheduler_parameters;
    std::string halide_runtime;       ///< for `-r`: make the library of that name with Halide's run time, nothing else
    bool with_halide_runtime = true;  ///< whether libraries and objects carry Halide's run time
    std::vector<DerivativeRequest> derivatives;     ///< in the order in which they are applied
    std::optional<bool> primal;                     ///< whether what is differentiated is among the outputs
    std::map<std::string, std::string> parameters;  ///< what is left: the generator's own
    bool verbose = false;
};

/// An error in the command line itself.
struct UsageError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// The keys that are not parameters of a generator: target, derivative, ...
std::vector<std::string> command_line_keys();

/// Reads a command line, given without the executable's name. Throws UsageError.
GeneratorRequest parse_command_line(const std::string &executable, std::vector<std::string> arguments);

}  // namespace sylvite
