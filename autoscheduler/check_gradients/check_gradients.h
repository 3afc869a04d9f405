#pragma once

#include "autodiff/autodiff.h"
#include "autodiff/program.h"
#include "targets/compile.h"

namespace sylvite {

struct GradientCheckOptions {
    int order = 1;                             ///< derivatives of derivatives are checked up to this one
    bool forward = true, reverse = true;       ///< modes
    double tolerance = 0;                      ///< relative; 0: 1e-6 in f64, 1e-2 in f32, 0.1 in f16
    double step = 0;                           ///< of the differences; 0: 1e-3, 3e-2, 0.25
    int elements = 100;                        ///< of each input that are moved at most, drawn by `seed`
    unsigned seed = 1;                         ///< of the weights of the outputs too
    Halide::Target target = Halide::Target();  ///< of Funcs; of this machine if unknown
};

/// One derivative that differences do not confirm.
struct GradientMismatch {
    std::string input;
    std::vector<int> element;  ///< of the input
    std::string mode;          ///< "forward" or "reverse"
    int order;                 ///< 1 for a first derivative
    double derivative, difference;
};

struct GradientReport {
    std::vector<GradientMismatch> mismatches;
    long checked = 0;  ///< derivatives that were compared
    bool ok() const { return mismatches.empty(); }
    /// One line for each mismatch (twenty at most), and one in the end that sums up.
    std::string text() const;
};

/// An input of a Func to differentiate by, at the value that it is set to.
class GradientInput {
public:
    GradientInput(const Halide::ImageParam &image, SourceLine where = SourceLine::here()) :
        input_(image, where), parameter_(image.parameter()) {}
    template<typename T>
    GradientInput(const Halide::Param<T> &param, SourceLine where = SourceLine::here()) :
        input_(param, where), parameter_(param.parameter()) {}
    template<typename T, int n>
    GradientInput(const Halide::Buffer<T, n> &buffer, SourceLine where = SourceLine::here()) :
        input_(buffer, where), buffer_(buffer) {}

    const Input &input() const { return input_; }
    const Halide::Parameter &parameter() const { return parameter_; }  ///< undefined for a Buffer
    const Halide::Buffer<> &buffer() const { return buffer_; }

private:
    Input input_;
    Halide::Parameter parameter_;
    Halide::Buffer<> buffer_;
};

/// Compares derivatives of <u, output> on `box` by each element of the inputs, for random weights u, with differences of
/// fourth order. `box` is of numbers, {min, extent} per dimension; the output is computed with the schedule it has.
/// Where they disagree, smaller steps are tried; next to a kink (a tie of two, an integer that jumps) a derivative is not
/// what differences are: keep away from those. Cost: 4 evaluations for each element that is moved, and each order. Inputs have their values again when it returns.
/// Throws Halide::CompileError for inputs without a value, for options with no mode or no order, and as the derivatives do.
GradientReport check_gradients(const Func &output, const Region &box, const std::vector<GradientInput> &inputs,
                               const GradientCheckOptions &options = {});

/// The same for a program: `arguments` are all its inputs, those named in `wrt` (default: all of floats) are moved.
GradientReport check_gradients(const Program &program, const NamedArguments &arguments,
                               const std::vector<std::string> &wrt = {}, const GradientCheckOptions &options = {});

}  // namespace sylvite
