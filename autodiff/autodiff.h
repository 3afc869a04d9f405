#pragma once

#include "autodiff/linear_form.h"
#include "autodiff/source_line.h"
#include "frontend/array.h"

#include <memory>
#include <set>
#include <string>
#include <vector>

namespace sylvite {

/// Something that a Func depends on and that can be differentiated by: a Func on the way, an ImageParam, a Buffer, a
/// scalar Param or an Array. Remembers the line at which it was made of one, which is where a function that takes an Input
/// was called; the warning of a derivative that is zero by construction names it.
class Input {
public:
    Input(const Func &func, SourceLine where = SourceLine::here());
    Input(const Halide::ImageParam &image, SourceLine where = SourceLine::here());
    Input(const Halide::Buffer<> &buffer, SourceLine where = SourceLine::here());
    template<typename T, int n>
    Input(const Halide::Buffer<T, n> &buffer, SourceLine where = SourceLine::here()) :
        Input(Halide::Buffer<>(buffer), where) {}
    Input(const Halide::Parameter &parameter, SourceLine where = SourceLine::here());
    template<typename T>
    Input(const Halide::Param<T> &param, SourceLine where = SourceLine::here()) : Input(param.parameter(), where) {}
    Input(const Array &array, SourceLine where = SourceLine::here());

    const std::string &name() const { return name_; }
    const std::vector<Type> &types() const { return types_; }
    int dimensions() const { return static_cast<int>(arguments_.size()); }
    /// Names of the pure variables that a derivative by this input has.
    const std::vector<std::string> &arguments() const { return arguments_; }
    ReadTarget target(int value_index = 0) const { return {key_, value_index}; }
    const SourceLine &where() const { return where_; }

private:
    std::string name_, key_;
    std::vector<Type> types_;
    std::vector<std::string> arguments_;
    SourceLine where_;
};

/// The direction `tangent` in which `input` moves: a Func of the input's rank and number of values, of any float types.
struct Tangent {
    Input input;
    Func tangent;
};

/// The derivative of a loss by `output` on `box` ({min, extent} per dimension). What `adjoint` gives outside the box
/// is never read. For a Tuple it has as many values; those of integer outputs are ignored.
struct Cotangent {
    Func output;
    Func adjoint;
    Region box;
};

class Reverse;

/// The derivatives of a loss, or of <adjoint, output>, by all that it depends on. They are built when asked for.
class Adjoints {
public:
    explicit Adjoints(const std::vector<Cotangent> &outputs);

    /// The derivative by `x`: an unscheduled Func with the rank, types and number of values of `x`, 0 outside the region
    /// of x that the outputs need. An input nothing depends on gives a zero Func. Throws Halide::CompileError where
    /// there is no derivative: integer inputs, accesses without bounds, operations and extern stages without a rule
    /// (named in the message).
    Func operator()(const Input &x) const;

private:
    std::shared_ptr<Reverse> reverse_;
    std::vector<Func> outputs_;
    std::shared_ptr<std::set<std::string>> asked_for_;  // what was looked at for a warning, by key

    Func by(const Input &x) const;
};

/// The gradient of `loss`, a Func without dimensions and with one float value. Cost: 2-4 evaluations of the loss.
Adjoints grad(const Func &loss);
Func grad(const Func &loss, const Input &wrt);

/// The transposed derivative applied to `adjoint`, see Cotangent.
Adjoints vjp(const Func &output, const Func &adjoint, const Region &box);
Adjoints vjp(const std::vector<Cotangent> &outputs);

/// The derivative of `output` when `inputs` move by their tangents: a Func of the output's rank, types and number of
/// values; integer values have derivative 0. Covers every kind of update. Cost: 2-3 evaluations of the output.
Func jvp(const Func &output, const std::vector<Tangent> &inputs);
/// The same for several outputs that share what they have in common.
std::vector<Func> jvp(const std::vector<Func> &outputs, const std::vector<Tangent> &inputs);
/// The same, as a step on the way to a derivative: without the warning of jvp() about what is zero by construction.
std::vector<Func> tangents_of(const std::vector<Func> &outputs, const std::vector<Tangent> &inputs);

/// The values of `f`, of which all derivatives count as zero, in both modes and to any order. For an Expr see
/// linear_form.h.
Func stop_gradient(const Func &f);

/// The Hessian of `loss` by `x` times `v`, forward over reverse: a Func of the rank and type of x.
Func hvp(const Func &loss, const Input &x, const Func &v);

}  // namespace sylvite
