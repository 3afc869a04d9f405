#pragma once

#include "frontend/loop.h"

namespace sylvite {

/// A named input of a Program: an Array made by `input`, or a scalar parameter.
class ProgramInput {
public:
    ProgramInput(const Array &array);
    template<typename T>
    ProgramInput(const Halide::Param<T> &param) : parameter_(param.parameter()) {}
    ProgramInput(Halide::Parameter parameter) : parameter_(std::move(parameter)) {}

    bool is_array() const { return array_.defined(); }
    const Array &array() const { return array_; }
    const Halide::Parameter &parameter() const { return parameter_; }
    const std::string &name() const { return is_array() ? array_.name() : parameter_.name(); }
    Type type() const { return is_array() ? array_.type() : parameter_.type(); }

private:
    Array array_;
    Halide::Parameter parameter_;
};

struct ProgramOutput {
    std::string name;
    Array array;
};

/// A value for an input of a program that is called: an Array, or an Expr for a scalar parameter.
class CallArgument {
public:
    CallArgument(const Array &array) : array_(array) {}
    CallArgument(const Expr &scalar) : scalar_(scalar) {}
    template<typename T>
    CallArgument(const Halide::Param<T> &param) : scalar_(param) {}

    bool is_array() const { return array_.defined(); }
    const Array &array() const { return array_; }
    const Expr &scalar() const { return scalar_; }

private:
    Array array_;
    Expr scalar_;
};

/// Named input arrays and scalars to named output arrays, through kernels and structured control flow.
///
/// Everything that an output depends on must be among `inputs`; names must be distinct C identifiers. Each state of a loop
/// must change an output, if only by way of other states. Throws Halide::CompileError that names the culprit otherwise.
class Program {
public:
    Program(std::string name, std::vector<ProgramInput> inputs, std::vector<ProgramOutput> outputs);

    /// A program that was made of others, as derivatives are, or has some of the outputs of another: its loops may have
    /// states that no output needs.
    static Program derived(std::string name, std::vector<ProgramInput> inputs, std::vector<ProgramOutput> outputs) {
        return Program(std::move(name), std::move(inputs), std::move(outputs), true);
    }

    const std::string &name() const { return name_; }
    const std::vector<ProgramInput> &inputs() const { return inputs_; }
    const std::vector<ProgramOutput> &outputs() const { return outputs_; }

    /// The input or output of that name. Throws Halide::CompileError that lists the known names.
    const ProgramInput &input(const std::string &name) const;
    const Array &output(const std::string &name) const;

private:
    Program(std::string name, std::vector<ProgramInput> inputs, std::vector<ProgramOutput> outputs, bool derived);

    std::string name_;
    std::vector<ProgramInput> inputs_;
    std::vector<ProgramOutput> outputs_;
};

/// The outputs of `program`, in their order, for `arguments` in place of its inputs, in their order: its kernels and
/// loops become part of whatever reads them, with their names. Throws Halide::CompileError that names the argument when
/// number, type, rank or extents do not fit; where an extent is a parameter, what the argument has for it counts, which
/// must not read an Array. All loops of `program` are copied, so that the caller need not use all that they make: what two
/// calls compute of nothing that is given is computed twice.
Arrays call(const Program &program, const std::vector<CallArgument> &arguments);

}  // namespace sylvite
